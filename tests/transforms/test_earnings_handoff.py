from collections.abc import Sequence
from datetime import date

import pandas as pd
import pytest
from consensus import Row, build, estimate, members, two_years
from market import Market

DAYS = [date(2026, 6, 26), date(2026, 6, 29), date(2026, 6, 30), date(2026, 7, 1)]
COHORTS = [*members("SMALL", ["S"]), *members("MAG7", ["M"])]


def next_year(market: Market, listed: list[Row], estimates: list[Row]) -> pd.DataFrame:
    table = build(market, "rotation.earnings_handoff", listed, estimates)
    return table[table["horizon"] == "+1y"]


def growing(symbol: str, growth_pct: float, day: date) -> list[Row]:
    return two_years(symbol, 100.0, 100.0 + growth_pct, snapshot_date=day)


def test_gap_is_small_less_mag7_by_three_readings(market: Market) -> None:
    # given small companies whose growth comes from a loss that shrinks
    listed = [
        *members("SMALL", "AB"),
        *members("MAG7", ["M"]),
        *members("LARGE", ["L", "M"]),
        *members("LARGE_EX_MAG7", ["L"]),
    ]
    row = next_year(
        market,
        listed,
        [
            *two_years("A", 10.0, 11.0),
            *two_years("B", -5.0, -1.0),
            *two_years("M", 10.0, 12.0),
            *two_years("L", 10.0, 10.0),
        ],
    ).squeeze()

    # then
    assert row["small_growth_pct"] == pytest.approx(100)
    assert row["mag7_growth_pct"] == pytest.approx(20)
    assert row["large_growth_pct"] == pytest.approx(10)
    assert row["large_ex_mag7_growth_pct"] == pytest.approx(0)
    assert row["gap_pct"] == pytest.approx(80)
    assert row["gap_ex_losses_pct"] == pytest.approx(-10)
    assert row["gap_median_pct"] == pytest.approx(-10)
    assert (row["is_handoff"], row["is_handoff_ex_losses"]) == (True, False)


def test_no_gap_without_one_side(market: Market) -> None:
    # given
    row = next_year(market, COHORTS, two_years("S", 1.0, 2.0)).squeeze()

    # then
    assert row["small_growth_pct"] == pytest.approx(100)
    assert (row["gap_pct"], row["is_handoff"], row["handoff_since"]) == (None, None, None)
    assert row["mag7_coverage_pct"] == 0
    assert row["is_low_coverage"] is True


@pytest.mark.parametrize(
    ("small_growths", "since"),
    [
        ([20, 20, 20, 20], [0, 0, 0, 0]),
        ([20, 5, 20, 20], [0, None, 2, 2]),
        ([5, 20, 10, 20], [None, 1, None, 3]),  # no gap is no hand-off
    ],
)
def test_handoff_lasts_since_the_first_of_a_run(
    market: Market, small_growths: Sequence[float], since: Sequence[int | None]
) -> None:
    # given the seven at 10 %
    estimates = [
        row
        for day, growth_pct in zip(DAYS, small_growths, strict=True)
        for row in [*growing("S", growth_pct, day), *growing("M", 10, day)]
    ]
    table = next_year(market, COHORTS, estimates)

    # then
    expected = [None if place is None else DAYS[place] for place in since]
    assert list(table["handoff_since"]) == expected


def test_snapshots_under_60_pct_coverage_neither_start_nor_end_a_run(market: Market) -> None:
    # given five small companies: three are covered on the second and fourth day, two otherwise,
    # and more than a month lies between, so that no estimate is carried
    days = [date(2026, 2, 27), date(2026, 3, 31), date(2026, 5, 1), date(2026, 6, 1)]
    listed = [*members("SMALL", "ABCDE"), *members("MAG7", ["M"])]
    covered = ["AB", "ABC", "AB", "ABC"]
    growths = [20, 20, 5, 20]
    estimates = [
        row
        for day, symbols, growth_pct in zip(days, covered, growths, strict=True)
        for row in [
            *(row for symbol in symbols for row in growing(symbol, growth_pct, day)),
            *growing("M", 10, day),
        ]
    ]
    table = next_year(market, listed, estimates)

    # then
    assert list(table["small_coverage_pct"]) == pytest.approx([40, 60, 40, 60])
    assert list(table["handoff_since"]) == [None, days[1], None, days[1]]
    assert set(table["is_low_coverage"]) == {True}


def test_gap_can_widen_because_a_base_fell(market: Market) -> None:
    # given next year's earnings unchanged, this year's down from 100 to 80
    row = next_year(
        market,
        COHORTS,
        [
            estimate("S", "0y", 80.0, eps_90d_ago=100.0),
            estimate("S", "+1y", 110.0, eps_90d_ago=110.0),
            estimate("M", "0y", 100.0, eps_90d_ago=100.0),
            estimate("M", "+1y", 120.0, eps_90d_ago=110.0),
        ],
    ).squeeze()

    # then
    assert row["gap_pct"] == pytest.approx(37.5 - 20)
    assert row["gap_90d_ago_pct"] == pytest.approx(10 - 10)
    assert row["small_earnings_drift_90d_pct"] == pytest.approx(0)
    assert row["small_base_drift_90d_pct"] == pytest.approx(-20)
    assert row["mag7_earnings_drift_90d_pct"] == pytest.approx(100 * 10 / 110)
    assert row["mag7_base_drift_90d_pct"] == pytest.approx(0)
    assert row["gap_30d_ago_pct"] is None


def test_drift_leaves_out_who_is_known_at_one_end_only(market: Market) -> None:
    # given a second small company without a past
    listed = [*members("SMALL", "AB"), *members("MAG7", ["M"])]
    row = next_year(
        market,
        listed,
        [
            estimate("A", "0y", 10.0, eps_90d_ago=10.0),
            estimate("A", "+1y", 12.0, eps_90d_ago=11.0),
            *two_years("B", 100.0, 300.0),
            *two_years("M", 10.0, 11.0, eps_90d_ago=10.0),
        ],
    ).squeeze()

    # then
    assert row["small_earnings_drift_90d_pct"] == pytest.approx(100 / 11)
    assert row["small_base_drift_90d_pct"] == pytest.approx(0)
    assert row["gap_90d_ago_pct"] == pytest.approx(10 - 0)
