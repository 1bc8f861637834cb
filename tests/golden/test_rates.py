"""Rates on the real input: an evening as a person knows it, and every change of the target."""

from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest

DROP = Path(__file__).parents[2].parent / "shared/data/drop"
NEWEST = date(2026, 7, 2)
FUNDS = ("IWM", "SPY")

pytestmark = pytest.mark.skipif(not DROP.exists(), reason=f"{DROP} is absent")


@pytest.fixture(scope="module")
def closes(built: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    quotes = pd.read_parquet(DROP / "quotes/etf_index_mega.parquet")
    quotes["session"] = pd.to_datetime(quotes["session"])
    quotes = quotes[quotes["symbol"].isin(FUNDS)]
    return quotes.pivot(index="session", columns="symbol", values="close")


def series(name: str) -> pd.Series:
    """A series of FRED by observation date, what is missing left out."""
    frame = pd.read_csv(DROP / f"rates/{name}.csv", na_values=["."], index_col=0, parse_dates=True)
    return frame[name].dropna()


def test_evening_of_2026_01_27(built: duckdb.DuckDBPyConnection) -> None:
    row = built.execute(
        """
        select
            fed_target_lower_pct, fed_target_upper_pct, last_change_bp, last_change_date,
            slope_10y2y_bp, hy_oas_bp, cycle, stance, cycle_start, cycle_change_bp
        from rotation.rate_regime
        where session = date '2026-01-27'
        """
    ).fetchone()
    change = (-25, date(2025, 12, 10))
    cycle = ("easing", "easing", date(2024, 9, 18), -175)
    assert row == (3.50, 3.75, *change, 66, 269, *cycle)


def test_every_change_is_an_event(built: duckdb.DuckDBPyConnection, closes: pd.DataFrame) -> None:
    events = built.execute(
        "select * from rotation.policy_event where pair = 'small_vs_large' order by event_date"
    ).df()
    target = series("DFEDTARU")
    moves = 100 * target.diff()
    since_2009 = events[events["event_date"] > "2009"]
    assert list(since_2009["change_bp"]) == list(moves[moves.abs() > 0])
    windows = {
        "excess_pre_5d_pct": (-6, -1),
        "excess_day0_pct": (-1, 0),
        "excess_post_1d_pct": (-1, 0),
        "excess_post_5d_pct": (-1, 4),
        "excess_post_1m_pct": (-1, 20),
        "excess_post_3m_pct": (-1, 62),
    }
    sides = closes[["IWM", "SPY"]].dropna()
    for event in events.itertuples():
        place = sides.index.get_loc(event.event_date)
        for column, (start, end) in windows.items():
            growth = 100 * (sides.iloc[place + end] / sides.iloc[place + start])
            assert getattr(event, column) == pytest.approx(growth["IWM"] - growth["SPY"])


def test_debt_is_unknown_and_nothing_is_derived(built: duckdb.DuckDBPyConnection) -> None:
    rows = built.execute(
        """
        select
            cohort, count(*), any_value(snapshot_date), max(covered_count), max(total_debt_usd),
            max(floating_share_pct), max(net_margin_change_bp), max(net_income_change_pct)
        from rotation.rate_sensitivity
        group by cohort
        order by cohort
        """
    ).fetchall()
    nothing = (4, NEWEST, 0, None, None, None, None)
    cohorts = ("LARGE", "LARGE_EX_MAG7", "MAG7", "SMALL")
    assert rows == [(cohort, *nothing) for cohort in cohorts]
