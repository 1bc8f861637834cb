"""Rates on the real input give what plain pandas and NumPy give, day by day."""

from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

DROP = Path(__file__).parents[2].parent / "shared/data/drop"
NEWEST = date(2026, 7, 2)
EVENING = pd.Timestamp("2026-01-27")
FUNDS = ("IWM", "SPY", "QQQ", "KRE", "IWD", "IWF")

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


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("t3m_pct", "DGS3MO"),
        ("t2y_pct", "DGS2"),
        ("t10y_pct", "DGS10"),
        ("t30y_pct", "DGS30"),
        ("hy_oas_bp", "BAMLH0A0HYM2"),
        ("breakeven_10y_pct", "T10YIE"),
        ("effective_rate_pct", "DFF"),
    ],
)
def test_daily_values_are_those_before_the_session(
    built: duckdb.DuckDBPyConnection, column: str, name: str
) -> None:
    regime = built.execute(f"select session, {column} from rotation.rate_regime order by 1").df()
    observed = series(name).rename_axis("observed").reset_index(name="expected")
    # What a session knows is the newest observation before it: a holiday's too, a day later.
    expected = pd.merge_asof(
        regime,
        observed.astype({"observed": regime["session"].dtype}),
        left_on="session",
        right_on="observed",
        allow_exact_matches=False,
        tolerance=pd.Timedelta(days=10),
    )["expected"]
    scale = 100 if column.endswith("_bp") else 1
    np.testing.assert_allclose(regime[column], scale * expected, rtol=1e-9)


def test_inflation_of_each_release(built: duckdb.DuckDBPyConnection) -> None:
    regime = built.execute(
        "select session, cpi_yoy_pct from rotation.rate_regime order by session"
    ).df()
    regime = regime.set_index("session")["cpi_yoy_pct"]
    prices = series("CPIAUCSL")
    releases = built.execute(
        """
        select observation_date, released_at::date as day
        from reference.release_calendar
        where series_id = 'CPIAUCSL' and released_at between '2010-01-01' and '2026-07-02'
        """
    ).df()
    for month, day in releases.itertuples(index=False):
        if month in prices.index and day in regime.index:
            before = prices.get(month - pd.DateOffset(years=1), np.nan)
            assert regime[day] == pytest.approx(100 * (prices[month] / before - 1), nan_ok=True)


@pytest.mark.parametrize(
    ("factor", "names"),
    [
        ("d_t2y", ("DGS2",)),
        ("d_t10y", ("DGS10",)),
        ("d_slope_10y2y", ("DGS10", "DGS2")),
        ("d_hy_oas", ("BAMLH0A0HYM2",)),
    ],
)
@pytest.mark.parametrize(
    ("pair", "long", "short"),
    [("small_vs_large", "IWM", "SPY"), ("banks_vs_market", "KRE", "SPY")],
)
def test_beta_by_least_squares(
    built: duckdb.DuckDBPyConnection,
    closes: pd.DataFrame,
    factor: str,
    names: tuple[str, ...],
    pair: str,
    long: str,
    short: str,
) -> None:
    rows = built.execute(
        """
        select session, beta_pct_per_bp, t_stat, r_squared, observations
        from rotation.rate_beta
        where pair = $pair and factor = $factor
        order by session
        """,
        {"pair": pair, "factor": factor},
    ).df()
    rows = rows.set_index("session")
    level = 100 * series(names[0])
    if len(names) == 2:
        level = level - 100 * series(names[1])
    both = pd.concat([closes[[long, short]], level.rename("level")], axis=1).dropna()
    assert EVENING in rows.index
    for session in [*rows.index[::97], EVENING]:
        known = both[both.index < session].iloc[-127:]
        row = rows.loc[session]
        if len(known) < 127:
            assert np.isnan(row["beta_pct_per_bp"])
            continue
        growth = 100 * known[[long, short]].pct_change().iloc[1:]
        y = (growth[long] - growth[short]).to_numpy()
        x = np.column_stack([known["level"].diff().iloc[1:], np.ones(126)])
        coefficients, residual, *_ = np.linalg.lstsq(x, y)
        variance = residual[0] / 124 * np.linalg.inv(x.T @ x)[0, 0]
        assert row["beta_pct_per_bp"] == pytest.approx(coefficients[0], rel=1e-7)
        assert row["t_stat"] == pytest.approx(coefficients[0] / np.sqrt(variance), rel=1e-7)
        explained = 1 - residual[0] / ((y - y.mean()) ** 2).sum()
        assert row["r_squared"] == pytest.approx(explained, rel=1e-6, abs=1e-12)
        assert row["observations"] == 126


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
