from datetime import date

import pandas as pd
import pytest
from consensus import DECEMBER, SNAPSHOT, Row, build, estimate, fundamental, members, two_years
from market import Market


def earnings(market: Market, estimates: list[Row], shares: float | None = 10) -> pd.DataFrame:
    """Company A's rows by horizon."""
    listed, facts = members("SMALL", "A"), [fundamental("A", shares)]
    table = build(market, "rotation.member_earnings", listed, estimates, facts)
    return table.set_index("horizon")


def test_next_year_grows_from_this_year_and_this_year_from_the_one_before(market: Market) -> None:
    # given
    table = earnings(market, two_years("A", 2.0, 3.0, eps_year_ago=1.0))

    # then, with ten shares
    amounts = table[["earnings_usd", "base_earnings_usd"]]
    assert list(amounts.loc["0y"]) == pytest.approx([20, 10])
    assert list(amounts.loc["+1y"]) == pytest.approx([30, 20])


def test_twelve_months_blend_by_the_days_left_in_the_year(market: Market) -> None:
    # given 184 days until the year ends
    table = earnings(market, two_years("A", 2.0, 3.0, eps_year_ago=1.0))
    left = (DECEMBER - SNAPSHOT).days / 365

    # then
    assert (DECEMBER - SNAPSHOT).days == 184
    row = table.loc["NTM"]
    assert row["earnings_usd"] == pytest.approx(10 * (2 * left + 3 * (1 - left)))
    assert row["base_earnings_usd"] == pytest.approx(10 * (1 * left + 2 * (1 - left)))


@pytest.mark.parametrize(
    ("year_end", "earnings_usd", "base_usd"),
    [(date(2026, 5, 31), 30, 20), (date(2027, 7, 31), 20, 10)],
)
def test_twelve_months_lie_within_the_known_years(
    market: Market, year_end: date, earnings_usd: float, base_usd: float
) -> None:
    # given a year that ended but is not reported, and one that ends in more than a year
    table = earnings(market, two_years("A", 2.0, 3.0, eps_year_ago=1.0, fiscal_period_end=year_end))

    # then
    row = table.loc["NTM"]
    assert row["earnings_usd"] == pytest.approx(earnings_usd)
    assert row["base_earnings_usd"] == pytest.approx(base_usd)


def test_calendar_year_takes_the_months_of_each_fiscal_year(market: Market) -> None:
    # given fiscal years that end in September
    estimates = two_years("A", 2.0, 3.0, eps_year_ago=1.0, fiscal_period_end=date(2026, 9, 30))
    table = earnings(market, estimates)

    # then nine months are of the year that ends then, and 2027 lacks a year
    row = table.loc["CY2026"]
    assert row["earnings_usd"] == pytest.approx(10 * (0.75 * 2 + 0.25 * 3))
    assert row["base_earnings_usd"] == pytest.approx(10 * (0.75 * 1 + 0.25 * 2))
    assert "CY2027" not in table.index


def test_calendar_years_are_fiscal_years_that_end_in_december(market: Market) -> None:
    # given
    table = earnings(market, two_years("A", 2.0, 3.0, eps_year_ago=1.0))

    # then
    amounts = table[["earnings_usd", "base_earnings_usd"]]
    assert list(amounts.loc["CY2026"]) == pytest.approx([20, 10])
    assert list(amounts.loc["CY2027"]) == pytest.approx([30, 20])


def test_base_is_empty_where_the_year_before_is_unknown(market: Market) -> None:
    # given no year-ago EPS
    table = earnings(market, two_years("A", 2.0, 3.0))

    # then
    assert table["base_earnings_usd"]["0y"] is None
    assert table["base_earnings_usd"]["NTM"] is None
    assert table["base_earnings_usd"]["CY2026"] is None
    assert table["base_earnings_usd"]["+1y"] == pytest.approx(20)


def test_no_blend_without_the_end_of_the_fiscal_year(market: Market) -> None:
    # given
    table = earnings(market, two_years("A", 2.0, 3.0, fiscal_period_end=None))

    # then
    assert list(table.index) == ["+1y", "0y"]


def test_no_earnings_without_shares(market: Market) -> None:
    # given
    table = earnings(market, two_years("A", 2.0, 3.0), shares=None)

    # then
    assert set(table["earnings_usd"]) == {None}


def test_shares_are_those_known_on_the_day(market: Market) -> None:
    # given shares that change on the day after
    facts = [fundamental("A", 10), fundamental("A", 99, snapshot_date=date(2026, 7, 1))]
    estimates = two_years("A", 2.0, 3.0)
    table = build(market, "rotation.member_earnings", members("SMALL", "A"), estimates, facts)

    # then
    assert set(table["shares_outstanding"]) == {10}


def test_past_consensus_blends_with_the_same_weights(market: Market) -> None:
    # given
    table = earnings(
        market,
        [
            estimate("A", "0y", 2.0, eps_year_ago=1.0, eps_90d_ago=1.5),
            estimate("A", "+1y", 3.0, eps_90d_ago=2.5),
        ],
    )
    left = 184 / 365

    # then the year-ago EPS stands
    row = table.loc["NTM"]
    assert row["earnings_90d_ago_usd"] == pytest.approx(10 * (1.5 * left + 2.5 * (1 - left)))
    assert row["base_earnings_90d_ago_usd"] == pytest.approx(10 * (left + 1.5 * (1 - left)))
    assert row["earnings_30d_ago_usd"] is None
