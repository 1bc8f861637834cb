from datetime import date, datetime

import pandas as pd
import pytest
from consensus import SNAPSHOT, Row, build, estimate, fundamental, members, quote
from market import Market

FRIDAY, SUNDAY, MONDAY = date(2026, 6, 26), date(2026, 6, 28), date(2026, 6, 29)


def value(
    market: Market, quotes: list[Row], facts: list[Row], day: date = SNAPSHOT
) -> "pd.Series[object]":
    listed, estimates = members("SMALL", "A"), [estimate("A", "0y", 1.0, snapshot_date=day)]
    return build(market, "rotation.member_value", listed, estimates, facts, quotes).squeeze()


def test_market_value_is_close_times_shares(market: Market) -> None:
    # given a stated value that says otherwise
    facts = [fundamental("A", 100, market_cap_usd=7.0, snapshot_date=SNAPSHOT)]
    row = value(market, [quote("A", 10)], facts)

    # then
    assert row["market_value_usd"] == pytest.approx(1000)
    assert row["is_market_value_stated"] is False


def test_snapshot_on_a_sunday_takes_fridays_close(market: Market) -> None:
    # given
    row = value(
        market, [quote("A", 10, FRIDAY), quote("A", 11, MONDAY)], [fundamental("A", 1)], SUNDAY
    )

    # then
    assert (row["session"], row["close"]) == (FRIDAY, 10)


def test_close_is_what_its_night_knew(market: Market) -> None:
    # given a split ten days later that halves the close
    split = quote("A", 5, known_at=datetime(2026, 7, 10, 22, 30), run_id="second")
    row = value(market, [quote("A", 10), split], [fundamental("A", 100)])

    # then
    assert row["market_value_usd"] == pytest.approx(1000)


@pytest.mark.parametrize(
    ("stated_on", "expected"), [(date(2026, 6, 20), 900.0), (date(2026, 6, 19), None)]
)
def test_stated_value_serves_ten_days_where_there_is_no_close(
    market: Market, stated_on: date, expected: float | None
) -> None:
    # given quotes that stopped on Friday
    facts = [fundamental("A", 100, market_cap_usd=900.0, snapshot_date=stated_on)]
    row = value(market, [quote("A", 10, FRIDAY)], facts)

    # then the old close is not carried forward
    assert row["close"] is None
    assert row["market_value_usd"] == expected
    assert row["is_market_value_stated"] is (expected is not None)
