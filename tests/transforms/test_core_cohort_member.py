from datetime import date, datetime

import pandas as pd
from market import Market

NOVEMBER = date(2025, 11, 11)  # a Tuesday
MAY = date(2026, 5, 5)


def give_file(
    market: Market, fund: str, day: date, *tickers: str, known_at: datetime, **columns: object
) -> None:
    """One holdings file whose lines share what `columns` say."""
    rows = [
        {"fund": fund, "holdings_date": day, "ticker": ticker, "known_at": known_at} | columns
        for ticker in tickers
    ]
    market.give("raw.holding", rows)


def members(market: Market, cohort: str) -> pd.DataFrame:
    table = market.build("core.cohort_member")
    return table[table["cohort"] == cohort].set_index("symbol")


def give_small(market: Market) -> None:
    market.give("reference.cohort_fund", [{"fund": "IWM", "cohort": "SMALL"}])


def test_file_counts_from_the_session_that_knows_it(market: Market) -> None:
    # given a file of Tuesday, known at 13:00 on Wednesday
    give_small(market)
    give_file(market, "IWM", NOVEMBER, "AAA", known_at=datetime(2025, 11, 12, 13), weight_pct=2.5)

    # when
    member = members(market, "SMALL").loc["AAA"]

    # then
    assert member["valid_from"] == date(2025, 11, 12)
    assert member["valid_to"] is None
    assert member["weight_pct"] == 2.5


def test_file_known_between_sessions_counts_from_the_next(market: Market) -> None:
    # given a file known after Friday's night has ended
    give_small(market)
    give_file(market, "IWM", NOVEMBER, "AAA", known_at=datetime(2025, 11, 14, 23))

    # then
    assert members(market, "SMALL").loc["AAA", "valid_from"] == date(2025, 11, 17)


def test_new_file_ends_the_old_one(market: Market) -> None:
    # given B leaves and C comes
    give_small(market)
    give_file(market, "IWM", NOVEMBER, "A", "B", known_at=datetime(2025, 11, 12, 13))
    give_file(market, "IWM", MAY, "A", "C", known_at=datetime(2026, 5, 6, 13))

    # when
    table = market.build("core.cohort_member")

    # then
    old, new = (date(2025, 11, 12), date(2026, 5, 5)), (date(2026, 5, 6), None)
    spans = zip(table["valid_from"], table["valid_to"], strict=True)
    assert list(zip(table["symbol"], spans, strict=True)) == [
        ("A", old),
        ("A", new),
        ("B", old),
        ("C", new),
    ]


def test_members_are_spelt_as_yahoo_does(market: Market) -> None:
    # given
    give_small(market)
    market.give("reference.ticker_spelling", [{"ticker": "MOGA", "symbol": "MOG-A"}])
    give_file(market, "IWM", NOVEMBER, "MOGA", "BELFA", known_at=datetime(2025, 11, 12, 13))

    # then a ticker that merely ends in a letter stays
    assert list(members(market, "SMALL").index) == ["BELFA", "MOG-A"]


def test_cash_futures_and_what_no_exchange_lists_are_no_members(market: Market) -> None:
    # given
    give_small(market)
    known_at = datetime(2025, 11, 12, 13)
    give_file(market, "IWM", NOVEMBER, "AAA", known_at=known_at, asset_class="Equity")
    give_file(market, "IWM", NOVEMBER, "USD", known_at=known_at, asset_class="Cash")
    give_file(market, "IWM", NOVEMBER, "RTYZ5", known_at=known_at, asset_class="Futures")
    unlisted = "NO MARKET (E.G. UNLISTED)"
    give_file(market, "IWM", NOVEMBER, "INH", known_at=known_at, exchange=unlisted)

    # then
    assert list(members(market, "SMALL").index) == ["AAA"]


def test_newest_word_on_a_line_wins_and_moves_no_date(market: Market) -> None:
    # given a weight that was corrected a week later
    give_small(market)
    give_file(market, "IWM", NOVEMBER, "AAA", known_at=datetime(2025, 11, 12, 13), weight_pct=1.0)
    give_file(market, "IWM", NOVEMBER, "AAA", known_at=datetime(2025, 11, 19, 22), weight_pct=2.0)

    # when
    small = members(market, "SMALL")

    # then
    assert list(small["weight_pct"]) == [2.0]
    assert list(small["valid_from"]) == [date(2025, 11, 12)]


def test_file_of_a_fund_that_no_cohort_follows_is_left_alone(market: Market) -> None:
    # given
    give_small(market)
    give_file(market, "XYZ", NOVEMBER, "AAA", known_at=datetime(2025, 11, 12, 13))

    # then
    assert market.build("core.cohort_member").empty


def test_large_without_the_seven_lacks_both_classes_of_alphabet(market: Market) -> None:
    # given
    market.give("reference.cohort_fund", [{"fund": "SP500", "cohort": "LARGE"}])
    market.give("reference.basket_member", [{"basket": "MAG7", "symbol": "GOOGL"}])
    market.give(
        "reference.share_class",
        [{"issuer": "Alphabet", "symbol": symbol} for symbol in ("GOOGL", "GOOG")],
    )
    known_at = datetime(2026, 5, 6, 13)
    give_file(market, "SP500", MAY, "GOOG", "GOOGL", "CAT", known_at=known_at)

    # then
    assert list(members(market, "LARGE").index) == ["CAT", "GOOG", "GOOGL"]
    assert list(members(market, "LARGE_EX_MAG7").index) == ["CAT"]


def test_the_seven_are_members_at_all_times(market: Market) -> None:
    # given a definition and no file
    market.give("reference.basket_member", [{"basket": "MAG7", "symbol": "NVDA"}])

    # when
    member = members(market, "MAG7").loc["NVDA"]

    # then
    assert member["valid_from"] == date(1990, 1, 2)
    assert member["valid_to"] is None
