"""The holdings file of a fund."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.sources import SourceError
from flows.sources.ishares import HOLDING_COLUMNS, is_cut, read_holdings

FILE_DATE = date(2026, 5, 6)
HEADER = (
    "Ticker,Name,Sector,Asset Class,Market Value,Weight (%),Notional Value,Quantity,Price,"
    "Location,Exchange,Currency,FX Rate,Market Currency,Accrual Date\n"
)
MOGA = (
    '"MOGA","MOOG INC CLASS A","Industrials","Equity","1,532,594,919.50","1.93",'
    '"1,532,594,919.50","5,190,838.00","295.25","United States","NYSE","USD","1.00","USD","-"\n'
)
CASH = (
    '"USD","USD CASH","Cash and/or Derivatives","Cash","-1,187.10","0.00","-1,187.10",'
    '"68,187,634.00","100.00","United States","-","USD","1.00","USD","Feb 01, 2009"\n'
)
DOWNLOAD = (
    "\ufeffiShares Russell 2000 ETF\n"
    'Fund Holdings as of,"May 05, 2026"\n'
    'Inception Date,"May 22, 2000"\n'
    "\u00a0\n"
    + HEADER
    + MOGA
    + CASH
    + "\u00a0\n"
    + '"The content contained herein is owned by its owner, and the quote never ends.\n'
    + "Holdings subject to change, and so on.\n"
)


class TestDownload:
    def test_members_and_cash_are_kept_without_metadata_and_disclaimer(self) -> None:
        # given a download as it comes, when it is read
        frame = read_holdings(DOWNLOAD, "IWM", FILE_DATE)
        # then the table's rows are there, the ticker as it came
        assert list(frame.columns) == list(HOLDING_COLUMNS)
        assert frame["ticker"].tolist() == ["MOGA", "USD"]
        assert frame["asset_class"].tolist() == ["Equity", "Cash"]
        assert set(frame["fund"]) == {"IWM"}

    def test_a_download_that_was_cut_within_its_table_is_seen(self) -> None:
        first = DOWNLOAD.index(MOGA)
        end = DOWNLOAD.index("\u00a0", first)
        for place in range(first + 1, end + 1):
            cut = DOWNLOAD[:place]
            try:
                read_holdings(cut, "IWM", FILE_DATE)
            except SourceError:
                continue
            assert is_cut(cut), cut
        assert not is_cut(DOWNLOAD)
        assert not is_cut(DOWNLOAD[: end + 1])
        assert not is_cut(HEADER + MOGA)  # as others pass it on

    def test_the_date_is_the_files_own_as_of(self) -> None:
        frame = read_holdings(DOWNLOAD, "IWM", FILE_DATE)
        assert frame["holdings_date"].tolist() == [pd.Timestamp("2026-05-05")] * 2

    @pytest.mark.parametrize("metadata", ["", 'Fund Holdings as of,"-"\n'])
    def test_without_an_as_of_it_is_the_date_of_the_file(self, metadata: str) -> None:
        frame = read_holdings(metadata + HEADER + MOGA, "IWM", FILE_DATE)
        assert frame["holdings_date"].tolist() == [pd.Timestamp("2026-05-06")]

    def test_numbers_lose_their_separators_and_dashes_are_missing(self) -> None:
        frame = read_holdings(DOWNLOAD, "IWM", FILE_DATE)
        assert frame["market_value_usd"].tolist() == ["1532594919.50", "-1187.10"]
        assert frame["shares"].tolist() == ["5190838.00", "68187634.00"]
        assert frame["exchange"].isna().tolist() == [False, True]
        assert frame["accrual_date"].isna().tolist() == [True, False]
        assert frame["accrual_date"][1] == "2009-02-01"

    def test_a_cell_that_is_no_number_stays_for_landing_to_judge(self) -> None:
        frame = read_holdings(HEADER + MOGA.replace("295.25", "1,23.4x"), "IWM", FILE_DATE)
        assert frame["price_usd"].tolist() == ["1,23.4x"]

    def test_an_unlisted_line_keeps_its_dash_as_ticker(self) -> None:
        frame = read_holdings(HEADER + MOGA.replace('"MOGA"', '"-"'), "IWM", FILE_DATE)
        assert frame["ticker"].tolist() == ["-"]

    def test_lines_that_end_with_a_comma_are_read(self) -> None:
        text = (HEADER + MOGA).replace("\n", ",\n")
        assert read_holdings(text, "IWM", FILE_DATE)["ticker"].tolist() == ["MOGA"]


class TestMemberList:
    def test_what_the_list_does_not_say_is_missing(self) -> None:
        # given a plain list with a quoted comma and tickers that look like missing values
        text = 'symbol,name,sector,industry\nBRKB,"Berkshire, Inc.",Financials,\n\nNA,Nano,,\n'
        # when it is read
        frame = read_holdings(text, "SP500", date(2026, 7, 2))
        # then nothing is guessed
        assert frame["ticker"].tolist() == ["BRKB", "NA"]
        assert frame["name"].tolist() == ["Berkshire, Inc.", "Nano"]
        assert frame["sector"].isna().tolist() == [False, True]
        assert frame["asset_class"].isna().all()
        assert frame["holdings_date"].tolist() == [pd.Timestamp("2026-07-02")] * 2

    def test_known_at_is_kept_where_the_list_has_it(self) -> None:
        frame = read_holdings("symbol,known_at\nA,2026-07-02 20:00:00\n", "SP500", FILE_DATE)
        assert frame["known_at"].tolist() == ["2026-07-02 20:00:00"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no table"),
        ("<!DOCTYPE html>\n<html>", "the first is '<!DOCTYPE html>'"),
        ("iShares Russell 2000 ETF\nStock,-\n", "no table"),
        (HEADER, "a header and no rows"),
        (HEADER + MOGA + MOGA[:30] + "\n", "no CSV by line 4"),
        (HEADER + MOGA + '"CDE","COEUR"\n', "2 cells in line 3"),
        ("symbol,name\nA,Agilent,Health Care\n", "3 cells in line 2"),
        ("symbol,name,name\nA,B,C\n", "name twice"),
        ('Fund Holdings as of,"yesterday"\n' + HEADER + MOGA, "as of 'yesterday'"),
    ],
)
def test_what_holds_no_whole_table_is_refused(text: str, told: str) -> None:
    with pytest.raises(SourceError) as refusal:
        read_holdings(text, "IWM", FILE_DATE)
    assert "IWM" in str(refusal.value)
    assert told in str(refusal.value)


@given(
    st.text()
    | st.text().map(lambda rest: DOWNLOAD[:300] + rest)
    | st.text().map(lambda rest: f"symbol,name\nA{rest}")
    | st.text().map(lambda rest: f"Fund Holdings as of,{rest}\n{HEADER}{MOGA}{rest}")
)
def test_any_text_is_a_frame_or_a_sentence(text: str) -> None:
    try:
        frame = read_holdings(text, "IWM", FILE_DATE)
    except SourceError:
        return
    assert list(frame.columns)[: len(HOLDING_COLUMNS)] == list(HOLDING_COLUMNS)
    assert len(frame) > 0
