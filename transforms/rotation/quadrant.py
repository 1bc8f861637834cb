"""Relative trend and momentum of funds against a benchmark.

An open approximation of a proprietary method; it shares neither its formula nor its names.
"""

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

WINDOW = 63  # sessions that a value is standardised over
MOMENTUM = 10  # sessions that the trend's change is taken over
STILL = 1e-9  # a deviation below this share of the mean is rounding
HEADING = 5  # sessions that the direction of travel is taken over


def quadrant(
    core_benchmark_quote: pd.DataFrame, reference_quadrant_member: pd.DataFrame
) -> pd.DataFrame:
    """Place each symbol among leading, weakening, lagging and improving.

    With RS = 100 * price / benchmark: trend = 100 + z63(RS), momentum = 100 + z63 of the trend's
    10-session change in percent, z63 over the last 63 values with the sample's deviation.
    Takes closes per symbol and session; gives a row per session, symbol and benchmark on which
    both are quoted, empty where history is too short.
    """
    closes = core_benchmark_quote.pivot(index="session", columns="symbol", values="close")
    rows = [
        _place(closes[symbol] / closes[benchmark]).assign(symbol=symbol, benchmark=benchmark)
        for symbol, benchmark in reference_quadrant_member[["symbol", "benchmark"]].itertuples(
            index=False
        )
        if symbol in closes and benchmark in closes
    ]
    if not rows:
        return _place(pd.Series(dtype=float)).assign(session=None, symbol=None, benchmark=None)
    return pd.concat(rows).reset_index()


def _place(ratio: pd.Series) -> pd.DataFrame:
    strength = 100 * ratio.dropna()
    trend = 100 + _standardise(strength)
    momentum = 100 + _standardise(100 * (trend / trend.shift(MOMENTUM) - 1))
    labels = np.select(
        [
            (trend >= 100) & (momentum >= 100),
            (trend >= 100) & (momentum < 100),
            (trend < 100) & (momentum < 100),
            (trend < 100) & (momentum >= 100),
        ],
        ["leading", "weakening", "lagging", "improving"],
        default="",
    )
    moved = np.arctan2(momentum.diff(HEADING), trend.diff(HEADING))
    heading = pd.Series(np.degrees(moved), index=strength.index)
    return pd.DataFrame(
        {
            "relative_trend": trend,
            "relative_momentum": momentum,
            "quadrant": pd.Series(labels, index=strength.index).replace("", None),
            "distance": np.hypot(trend - 100, momentum - 100),
            "heading_deg": heading.mod(360).replace(360, 0),
        }
    )


def _standardise(values: pd.Series) -> pd.Series:
    """Last value of each full window less its mean, over its sample deviation (exact windows)."""
    scores = np.full(len(values), np.nan)
    if len(values) >= WINDOW:
        windows = sliding_window_view(values.to_numpy(), WINDOW)
        deviation = windows.std(axis=1, ddof=1)
        mean = windows.mean(axis=1)
        # What stands still deviates by rounding alone, and has no place.
        moves = deviation > STILL * np.abs(mean)
        scores[WINDOW - 1 :] = np.divide(
            windows[:, -1] - mean, deviation, out=np.full(len(mean), np.nan), where=moves
        )
    return pd.Series(scores, index=values.index)
