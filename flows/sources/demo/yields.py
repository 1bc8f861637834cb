"""Simulated yields and spreads, session by session."""

import numpy as np

from flows.sources.demo.draws import Days, Floats, Stream, normals, revert
from flows.sources.demo.factors import factor_moves
from flows.sources.demo.history import History
from flows.sources.demo.policy import effective_rate_pct, expected_rate_pct, target_lower_pct

# What long yields are pulled to, by year: rough and invented.
LONG_RUN_YIELD_PCT = {
    1990: 8,
    2000: 5.6,
    2008: 4.1,
    2012: 2.4,
    2019: 2.3,
    2020.5: 1.0,
    2022: 2.2,
    2023.5: 4.2,
    2050: 4.2,
}
SPREAD_PCT = 3.7  # of high-yield bonds, in calm times


def session_rates(history: History, seed: int) -> dict[str, Floats]:
    """Daily series of the bond market, one value a session in percent, rounded to basis points.

    T10Y2Y and T10Y3M are differences of the rounded yields. High-yield spreads widen when shares
    fall, and Treasury yields fall a little with them.
    """
    days = history.days
    market = factor_moves(history, seed)[:, 0]
    noise = np.concatenate(
        [
            normals(seed, Stream.RATE, year, (span.stop - span.start, 7))
            for year, span in history.years()
        ]
    )
    pushes = noise * np.array([0.012, 0.03, 0.045, 0.02, 0.012, 0.012, 0.01])
    pushes[:, 2] += 1.2 * market
    pushes[:, 4] -= 3.2 * market
    wander = revert(pushes, 0.985, np.zeros(7))
    long_run = along_years(LONG_RUN_YIELD_PCT, days)
    two_years = 0.75 * expected_rate_pct(days, 550) + 0.25 * long_run + wander[:, 1]
    ten_years = 0.35 * two_years + 0.65 * long_run + 0.15 + wander[:, 2]
    series = {
        "DGS3MO": expected_rate_pct(days, 75) + 0.05 + wander[:, 0],
        "DGS2": two_years,
        "DGS5": 0.5 * two_years + 0.5 * ten_years - 0.05,
        "DGS10": ten_years,
        "DGS30": ten_years + 0.4 + wander[:, 3],
        "BAMLH0A0HYM2": SPREAD_PCT * np.exp(wander[:, 4]),
        "T10YIE": 2.2 + 0.15 * wander[:, 2] + wander[:, 5],
        "SOFR": target_lower_pct(days) + 0.06 + np.abs(wander[:, 6]),
    }
    rounded = {name: value.clip(min=0.01).round(2) for name, value in series.items()}
    rounded["EFFR"] = np.round(effective_rate_pct(days), 2)
    rounded["T10Y2Y"] = np.round(rounded["DGS10"] - rounded["DGS2"], 2)
    rounded["T10Y3M"] = np.round(rounded["DGS10"] - rounded["DGS3MO"], 2)
    return rounded


def along_years(points: dict[float, float], days: Days) -> Floats:
    """Values between the given years, in a straight line."""
    years = 1970 + days.astype("datetime64[D]").astype(float) / 365.25
    line: Floats = np.interp(years, list(points), list(points.values()))
    return line
