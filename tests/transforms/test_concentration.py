from datetime import date, datetime

import pandas as pd
import pytest
from consensus import SNAPSHOT, Row, fundamental, members, quote
from market import Market

ISSUER = [
    {"issuer": "Alphabet", "symbol": "GOOGL", "is_primary": True},
    {"issuer": "Alphabet", "symbol": "GOOG", "is_primary": False},
]


def concentration(
    market: Market, listed: list[Row], facts: list[Row], quotes: list[Row]
) -> pd.DataFrame:
    market.give("core.cohort_member", listed)
    market.give("raw.fundamental", facts)
    market.give("raw.quote", quotes)
    return market.build("rotation.concentration")


def test_shares_of_market_value(market: Market) -> None:
    # given 600, 300 and 100
    row = concentration(
        market,
        [*members("LARGE", "ABC"), *members("MAG7", "A")],
        [fundamental("A", 60), fundamental("B", 30), fundamental("C", 100)],
        [quote("A", 10), quote("B", 10), quote("C", 1)],
    ).squeeze()

    # then
    assert row["market_cap_usd"] == pytest.approx(1000)
    assert row["mag7_share_pct"] == pytest.approx(60)
    assert row["top10_share_pct"] == pytest.approx(100)
    assert row["hhi"] == pytest.approx(60**2 + 30**2 + 10**2)
    assert row["effective_n"] == pytest.approx(10_000 / 4600)


def test_ten_of_twenty_equal_issuers(market: Market) -> None:
    # given
    symbols = [f"S{number}" for number in range(20)]
    row = concentration(
        market,
        members("LARGE", symbols),
        [fundamental(symbol, 1) for symbol in symbols],
        [quote(symbol, 10) for symbol in symbols],
    ).squeeze()

    # then
    assert row["top10_share_pct"] == pytest.approx(50)
    assert row["effective_n"] == pytest.approx(20)


def test_issuer_with_two_lines_counts_once_by_its_primary_class(market: Market) -> None:
    # given shares of both classes stated with each line
    market.give("reference.share_class", ISSUER)
    row = concentration(
        market,
        [
            *members("LARGE", ["GOOGL", "GOOG", "A"], weight_pct=20.0),
            *members("MAG7", ["GOOGL"]),
        ],
        [fundamental("GOOGL", 10), fundamental("GOOG", 10), fundamental("A", 10)],
        [quote("GOOGL", 30), quote("GOOG", 40), quote("A", 70)],
    ).squeeze()

    # then
    assert (row["member_count"], row["covered_count"]) == (2, 2)
    assert row["mag7_share_pct"] == pytest.approx(30)
    assert row["fund_weight_mag7_pct"] == pytest.approx(40)


def test_share_of_the_seven_is_unknown_where_one_is_not_covered(market: Market) -> None:
    # given B, one of the seven, without a close
    row = concentration(
        market,
        [*members("LARGE", "ABC"), *members("MAG7", "AB")],
        [fundamental(symbol, 1) for symbol in "ABC"],
        [quote("A", 10), quote("C", 10)],
    ).squeeze()

    # then
    assert (row["member_count"], row["covered_count"]) == (3, 2)
    assert row["is_low_coverage"] is True
    assert row["mag7_share_pct"] is None
    assert row["top10_share_pct"] == pytest.approx(100)


def test_nothing_is_known_before_the_shares_are(market: Market) -> None:
    # given shares known after the first session's night
    first = date(2026, 6, 29)
    table = concentration(
        market,
        members("LARGE", "A"),
        [fundamental("A", 1, snapshot_date=SNAPSHOT)],
        [quote("A", 10, first), quote("A", 11)],
    )

    # then
    assert list(table["session"]) == [SNAPSHOT]


def test_later_split_leaves_past_shares_as_they_were(market: Market) -> None:
    # given a 2:1 split on the next session that rewrites the close before it
    ends, next_session = datetime(2026, 7, 1, 22, 30), date(2026, 7, 1)
    table = concentration(
        market,
        members("LARGE", "AB"),
        [
            fundamental("A", 10),
            fundamental("B", 10),
            fundamental("A", 20, snapshot_date=next_session),
        ],
        [
            quote("A", 10),
            quote("A", 5, known_at=ends, run_id="second"),
            quote("A", 5, next_session),
            quote("B", 10),
            quote("B", 10, next_session),
        ],
    )

    # then
    assert list(table["hhi"]) == pytest.approx([5000, 5000])
