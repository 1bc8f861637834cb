"""A folder of files as source."""

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.sources import DATASETS, SourceError, open_source
from flows.sources.files import Files

DROP = Path(__file__).parents[2].parent / "shared" / "data" / "drop"
D1, D2, D3 = date(2026, 1, 26), date(2026, 1, 27), date(2026, 1, 28)


def put(folder: Path, name: str, content: bytes | str | dict[str, object]) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, dict):
        pq.write_table(pa.table(content), path)
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two quotes of IWM, nothing else."""
    quotes = {"symbol": ["IWM", "IWM"], "session": [D1, D2], "close": [200.0, 201.5]}
    put(tmp_path, "quotes/funds.parquet", quotes)
    return tmp_path


def quotes_of(folder: Path) -> pd.DataFrame:
    return Files(folder).fetch("quote", None, D3)


class TestOpening:
    def test_a_path_is_a_folder_of_files(self, folder: Path) -> None:
        source = open_source(str(folder))
        assert (source.name, source.is_simulated) == ("files", False)

    def test_a_path_that_is_no_folder_is_named(self, tmp_path: Path) -> None:
        for spec in (tmp_path / "gone", put(tmp_path, "file", "x"), tmp_path / ("x" * 300)):
            with pytest.raises(SourceError, match="is no folder") as refusal:
                open_source(str(spec))
            assert str(spec) in str(refusal.value)

    def test_live_takes_its_settings_from_the_environment(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert open_source("live").name == "live"
        monkeypatch.setenv("ROTATION_MEMBER_YEARS", "some")
        with pytest.raises(SourceError, match="ROTATION_MEMBER_YEARS is 'some'"):
            open_source("live")


class TestQuotes:
    def test_files_are_stacked_and_unknown_columns_left_aside(self, folder: Path) -> None:
        # given a second file with another column order, a volume and a column nobody knows
        more = {"close": [5], "volume": [7], "mood": ["good"], "session": [D2], "symbol": ["A"]}
        put(folder, "quotes/more.parquet", more)
        # when quotes are fetched
        frame = quotes_of(folder)
        # then all rows are there under the known columns, missing where a file has none
        assert sorted(frame.columns) == ["close", "session", "symbol", "volume"]
        assert frame["symbol"].tolist() == ["IWM", "IWM", "A"]
        assert frame["close"].tolist() == [200.0, 201.5, 5.0]
        assert frame["volume"].isna().tolist() == [True, True, False]

    def test_cells_of_a_csv_are_text_and_blank_is_missing(self, tmp_path: Path) -> None:
        put(
            tmp_path,
            "quotes/a.csv",
            "\ufeffsymbol,session,close,volume\nNA,2026-01-27,abc,\nTRUE,soon,007.50,nan\n",
        )
        frame = quotes_of(tmp_path)
        assert frame["symbol"].tolist() == ["NA", "TRUE"]
        assert frame["session"].tolist() == ["2026-01-27", "soon"]
        assert frame["close"].tolist() == ["abc", "007.50"]
        assert frame["volume"].isna().tolist() == [True, False]

    def test_a_clean_csv_beside_parquet_takes_its_types(self, folder: Path) -> None:
        put(folder, "quotes/new.csv", "symbol,session,close\nIWM,2026-01-28,202.25\n")
        frame = quotes_of(folder)
        assert frame["session"].tolist() == [D1, D2, D3]
        assert frame["close"].tolist() == [200.0, 201.5, 202.25]

    def test_a_broken_cell_beside_parquet_makes_its_column_text(self, folder: Path) -> None:
        put(folder, "quotes/new.csv", "symbol,session,close\nIWM,2026-01-28,abc\n")
        frame = quotes_of(folder)
        assert frame["session"].tolist() == [D1, D2, D3]
        assert frame["close"].tolist() == ["200", "201.5", "abc"]

    def test_types_of_other_writers_become_plain(self, tmp_path: Path) -> None:
        # given categories, sessions with a zone, decimals and NaN for missing
        new_york = pa.timestamp("ns", tz="America/New_York")
        known = pa.timestamp("ms", tz="America/New_York")
        put(
            tmp_path,
            "quotes/a.parquet",
            {
                "symbol": pa.array(["A", "A"]).dictionary_encode(),
                "session": pa.array([datetime(2026, 1, 27, 5, tzinfo=UTC)] * 2, new_york),
                "close": pa.array([1, 2]).cast(pa.decimal256(40, 2)),
                "open": pa.array([1.5, None], pa.float16()),
                "high": [1.5, float("nan")],
                "low": pa.nulls(2),
                "known_at": pa.array([datetime(2026, 1, 27, 22, tzinfo=UTC)] * 2, known),
            },
        )
        # when they are fetched and scanned by DuckDB
        quotes = quotes_of(tmp_path)  # noqa: F841
        rows = duckdb.sql("from quotes select symbol, session, close, open, high, low, known_at")
        # then sessions are days, times are UTC, and missing is NULL
        when = datetime(2026, 1, 27, 22)
        assert rows.fetchall() == [
            ("A", D2, 1.0, 1.5, 1.5, None, when),
            ("A", D2, 2.0, None, None, None, when),
        ]

    def test_hostile_names_are_data(self, tmp_path: Path) -> None:
        place = tmp_path / "year=1; drop table 'x'\n\"..%s{}"
        put(place, "quotes/'; --\n?*[a].csv", "symbol,session,close\n'; drop,2026-01-27,1\n")
        quotes = {"symbol": ["A"], "session": [D1], "close": [1.0]}
        put(place, "quotes/month=2\n'.parquet", quotes)
        source = Files(place)
        source.check()
        assert source.newest_session(D3) == D2
        assert source.fetch("quote", None, D3)["symbol"].tolist() == ["'; drop", "A"]


class TestNewestSession:
    def test_nothing_later_than_asked_for(self, folder: Path) -> None:
        put(folder, "quotes/b.csv", "symbol,session,close\nA,2026-01-28,1\nA,soon,1\nA,,1\n")
        source = Files(folder)
        assert source.newest_session(date(2026, 12, 31)) == D3
        assert source.newest_session(D2) == D2
        assert source.newest_session(D1) == D1

    def test_dates_outside_any_calendar_are_passed_over(self, folder: Path) -> None:
        sessions = pa.array([-(2**31), 2**31 - 1], pa.int32()).cast(pa.date32())
        far = {"symbol": ["A", "A"], "session": sessions, "close": [1.0, 1.0]}
        put(folder, "quotes/far.parquet", far)
        assert Files(folder).newest_session(D3) == D2

    def test_nothing_that_old_is_a_sentence(self, folder: Path) -> None:
        with pytest.raises(SourceError, match="no session on or before 2026-01-25") as refusal:
            Files(folder).newest_session(date(2026, 1, 25))
        assert str(folder) in str(refusal.value)


class TestOtherFolders:
    def test_folders_that_are_missing_give_empty_frames(self, folder: Path) -> None:
        for dataset in set(DATASETS) - {"quote"}:
            frame = Files(folder).fetch(dataset, None, D3)
            assert frame.empty
            assert {"rate": "value_pct", "holding": "ticker"}.get(dataset, "symbol") in frame

    def test_rates_are_long(self, folder: Path) -> None:
        put(folder, "rates/DGS10.csv", "observation_date,DGS10\n2026-01-26,4.1\n2026-01-27,.\n")
        put(folder, "rates/DFF.csv", "DATE,DFF\n2026-01-26,3.6\n")
        frame = Files(folder).fetch("rate", None, D3)
        assert frame["series_id"].tolist() == ["DFF", "DGS10"]
        assert frame["value_pct"].tolist() == ["3.6", "4.1"]

    def test_holdings_take_fund_and_date_from_the_name(self, folder: Path) -> None:
        put(folder, "holdings/SP500_2026-01-26.csv", "symbol,name,sector,industry\nA,B,C,D\n")
        frame = Files(folder).fetch("holding", None, D3)
        assert frame["fund"].tolist() == ["SP500"]
        assert frame["holdings_date"].tolist() == [pd.Timestamp(D1)]

    def test_estimates_and_fundamentals(self, folder: Path) -> None:
        put(
            folder,
            "estimates/a.csv",
            "symbol,snapshot_date,horizon,eps_avg\nA,2026-01-26,+1y,1.5\n",
        )
        snapshot = {"symbol": ["A"], "snapshot_date": [D1], "net_debt_to_ebitda": [1.0]}
        put(folder, "fundamentals/a.parquet", snapshot)
        source = Files(folder)
        source.check()
        assert source.fetch("estimate", None, D3)["horizon"].tolist() == ["+1y"]
        assert source.fetch("fundamental", None, D3)["net_debt_to_ebitda"].tolist() == [1.0]

    def test_files_of_other_programs_are_left_aside(self, folder: Path) -> None:
        put(folder, "quotes/._funds.parquet", b"\x00\x05")
        put(folder, "quotes/notes.txt", "x")
        (folder / "quotes" / "parts.parquet").mkdir()
        Files(folder).check()
        assert len(quotes_of(folder)) == 2


QUOTES = {"symbol": ["A"], "session": [D1], "close": [1.0]}
BAD_FILES: list[tuple[str, bytes | str | dict[str, object], str]] = [
    ("quotes/a.parquet", b"", "is empty"),
    ("quotes/a.csv", b"", "is empty"),
    ("quotes/a.parquet", "symbol,session,close\n", "cannot be read as Parquet"),
    ("quotes/a.parquet", b"PAR1" + b"\0" * 40, "cannot be read as Parquet"),
    ("quotes/a.csv", "<!DOCTYPE html>\n<html></html>", "no column symbol"),
    ("quotes/a.csv", "symbol;session;close\n", "no column symbol"),
    ("quotes/a.csv", "symbol,session,close\nA,2026-01-26,1\n".encode("utf-16"), "not UTF-8"),
    ("quotes/a.csv", "symbol,session,close,close\n", "column close twice"),
    ("quotes/a.parquet", {"symbol": ["A"], "session": [D1]}, "no column close"),
    ("quotes/a.parquet", {"session": [D1], "close": [1.0]}, "no column symbol"),
    ("quotes/a.csv", "symbol,close\nA,1\n", "no column session"),
    ("quotes/a.parquet", QUOTES | {"close": [[1.0]]}, "in column close"),
    ("quotes/a.parquet", QUOTES | {"close": [{"x": 1.0}]}, "in column close"),
    ("quotes/a.parquet", QUOTES | {"close": [b"1"]}, "in column close"),
    ("quotes/a.parquet", QUOTES | {"close": [True]}, "in column close"),
    ("quotes/a.parquet", QUOTES | {"close": ["1"]}, "the type string in column close"),
    ("quotes/a.parquet", QUOTES | {"session": [20260126]}, "in column session"),
    ("quotes/a.parquet", QUOTES | {"symbol": [7]}, "in column symbol"),
    ("quotes/a.parquet", QUOTES | {"known_at": [7]}, "in column known_at"),
    ("rates/DGS10.csv", "", "starts with ''"),
    ("rates/DGS10.csv", "date,value\n2026-01-26,4.1\n", "starts with 'date,value'"),
    ("rates/DGS2.csv", "observation_date,DGS10\n", "where the header observation_date,DGS2"),
    ("rates/DGS10.csv", "<html>", "starts with '<html>'"),
    ("rates/DGS10.csv", b"observation_date,DGS10\n\xff\n", "not UTF-8"),
    ("rates/DGS 10;--.csv", "observation_date,DGS10\n", "is not named <SERIES>.csv"),
    ("holdings/IWM_2026-01-26.csv", "iShares\n\u00a0\nStock,-\n", "have no table"),
    ("holdings/IWM_2026-01-26.csv", "<html>", "have no table"),
    ("holdings/IWM_2026-01-26.csv", b"symbol,name\nA,\xe9\n", "not UTF-8"),
    ("holdings/IWM.csv", "symbol\nA\n", "is not named <FUND>_<date>.csv"),
    ("holdings/IWM_2026-13-26.csv", "symbol\nA\n", "is not named <FUND>_<date>.csv"),
    ("holdings/I'WM_2026-01-26.csv", "symbol\nA\n", "is not named <FUND>_<date>.csv"),
    ("estimates/a.parquet", {"symbol": ["A"], "snapshot_date": [D1]}, "no column horizon"),
    ("fundamentals/a.csv", "symbol\nA\n", "no column snapshot_date"),
]


class TestBadInput:
    @pytest.mark.parametrize(("name", "content", "told"), BAD_FILES)
    def test_check_names_the_file(
        self, folder: Path, name: str, content: bytes | str | dict[str, object], told: str
    ) -> None:
        # given a good folder with one bad file
        path = put(folder, name, content)
        # when it is looked at, then one sentence names the file and what is wrong
        with pytest.raises(SourceError) as refusal:
            Files(folder).check()
        sentence = str(refusal.value)
        assert str(path) in sentence
        assert told in sentence
        assert sentence.endswith(".")
        assert "\n" not in sentence

    @pytest.mark.parametrize("name", ["", "quotes/", "quotes/notes.txt"])
    def test_a_folder_without_quotes_is_named(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        with pytest.raises(SourceError, match="no Parquet or CSV file") as refusal:
            Files(tmp_path).check()
        assert str(tmp_path / "quotes") in str(refusal.value)

    def test_a_folder_that_went_away_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="gone is no folder"):
            Files(tmp_path / "gone").check()

    def test_a_cut_off_parquet_file_is_named(self, folder: Path) -> None:
        path = folder / "quotes" / "funds.parquet"
        path.write_bytes(path.read_bytes()[:-20])
        with pytest.raises(SourceError, match=r"funds\.parquet cannot be read as Parquet"):
            Files(folder).check()

    @pytest.mark.parametrize(
        ("name", "content", "told"),
        [
            ("quotes/a.csv", "symbol,session,close\nA,2026-01-26,1\nA,2026-01", "Expected 3"),
            ("quotes/a.csv", 'symbol,session,close\n"A,2026-01-26,1\n', "unfinished quotation"),
            ("quotes/a.csv", b"symbol,session,close\nA\xff,2026-01-26,1\n", "not UTF-8"),
            ("rates/DGS10.csv", "DATE,DGS10\n2026-01-26\n", "1 cells in line 2"),
            ("holdings/IWM_2026-01-26.csv", "symbol,name\nA,B,C\n", "3 cells in line 2"),
        ],
    )
    def test_fetch_names_the_file_with_a_broken_body(
        self, folder: Path, name: str, content: bytes | str, told: str
    ) -> None:
        path = put(folder, name, content)
        dataset = {"quotes": "quote", "rates": "rate", "holdings": "holding"}[path.parent.name]
        with pytest.raises(SourceError) as refusal:
            Files(folder).fetch(dataset, None, D3)
        assert str(path) in str(refusal.value)
        assert told in str(refusal.value)

    def test_a_broken_parquet_body_is_named(self, folder: Path) -> None:
        path = folder / "quotes" / "funds.parquet"
        content = path.read_bytes()
        path.write_bytes(content[:4] + b"\xff" * 60 + content[64:])
        with pytest.raises(SourceError, match=r"funds\.parquet cannot be read as Parquet"):
            quotes_of(folder)


@pytest.fixture(scope="module")
def drop() -> Files:
    if not DROP.is_dir():
        pytest.skip("the real input is not on this machine")
    return Files(DROP)


class TestDrop:
    """The real folder: counts as its description gives them."""

    def test_it_is_sound_and_ends_on_its_last_session(self, drop: Files) -> None:
        drop.check()
        assert drop.newest_session(date(2026, 7, 5)) == date(2026, 7, 2)
        assert drop.newest_session(D2) == D2

    def test_quotes(self, drop: Files) -> None:
        frame = drop.fetch("quote", None, D3)
        assert len(frame) == 266_874 + 1_349_421
        assert frame["close"].dtype == "double[pyarrow]"
        assert frame["volume"].notna().sum() == 266_874

    def test_rates(self, drop: Files) -> None:
        frame = drop.fetch("rate", None, D3)
        assert frame["series_id"].nunique() == 16
        assert pd.to_numeric(frame["value_pct"]).notna().all()
        cpi = frame[frame["series_id"] == "CPIAUCSL"]
        assert "2025-10-01" not in set(cpi["observation_date"])

    def test_holdings(self, drop: Files) -> None:
        frame = drop.fetch("holding", None, D3)
        sizes = frame.groupby(["fund", "holdings_date"]).size()
        assert sizes["IWM", pd.Timestamp("2026-05-05")] == 1_929
        assert sizes["IWM", pd.Timestamp("2025-11-11")] == 1_967
        assert sizes["SP500", pd.Timestamp("2026-07-02")] == 503
        weights = pd.to_numeric(frame["weight_pct"]).groupby(frame["holdings_date"]).sum()
        assert weights[pd.Timestamp("2026-05-05")] == pytest.approx(100, abs=0.5)

    @pytest.mark.parametrize(("dataset", "rows"), [("estimate", 71_741), ("fundamental", 2_572)])
    def test_estimates_and_fundamentals(self, drop: Files, dataset: str, rows: int) -> None:
        assert len(drop.fetch(dataset, None, D3)) == rows
