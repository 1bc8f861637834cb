"""How the day-to-day race of a pair goes with interest rates and credit spreads."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Moments = NDArray[np.datetime64]

WINDOW = 126  # changes in a regression
ROUNDING = 1e-12  # share of a sum of squares below which a deviation is no movement
SPAN = 135  # sessions, the row's own included, that all of them must lie in
# Level of each factor in basis points: weights on FRED's series, which are in percent.
FACTORS = {
    "d_t2y": {"DGS2": 100.0},
    "d_t10y": {"DGS10": 100.0},
    "d_slope_10y2y": {"DGS10": 100.0, "DGS2": -100.0},
    "d_hy_oas": {"BAMLH0A0HYM2": 100.0},
}


def rate_beta(
    core_benchmark_quote: pd.DataFrame,
    raw_rate: pd.DataFrame,
    reference_pair: pd.DataFrame,
    reference_calendar_day: pd.DataFrame,
) -> pd.DataFrame:
    """Regress each pair's excess (percent points) on each factor's change (bp) and a constant.

    Takes closes by symbol and session, every version of the rates with its known_at (UTC), the
    pairs and the calendar. Both changes run from the previous session on which both exist, so a
    holiday of the bond market joins two sessions. A row knows the rates of its own night. Gives a
    row per session of the pair and factor, with empty numbers without 126 changes in 135 sessions.
    """
    trading = reference_calendar_day[reference_calendar_day["is_session"]]
    nights = trading.set_index("day")["night_ends"].sort_index()
    ends = nights.to_numpy("datetime64[us]")
    closes = core_benchmark_quote.pivot(index="session", columns="symbol", values="close")
    closes = closes.reindex(nights.index)
    sides = {
        pair: closes[[long, short]].to_numpy()
        for pair, long, short in reference_pair[["pair", "long_symbol", "short_symbol"]].itertuples(
            index=False
        )
        if long in closes and short in closes
    }
    frames, pairs, factors = [], [], []
    for factor, weights in FACTORS.items():
        for start, end, level in _vintages(raw_rate, weights, nights.index):
            level = level.reindex(nights.index)
            for pair, both in sides.items():
                frames.append(_regress(both, level, ends, (ends >= start) & (ends < end)))
                pairs.append(pair)
                factors.append(factor)
    if not frames:
        return _nothing()
    counts = [len(frame) for frame in frames]
    table = pd.concat(frames)
    return table.assign(
        session=nights.index[table.index],
        pair=pd.Categorical(pairs).repeat(counts),
        factor=pd.Categorical(factors).repeat(counts),
    )


def _vintages(
    rates: pd.DataFrame, weights: dict[str, float], sessions: pd.Index
) -> Iterator[tuple[pd.Timestamp, pd.Timestamp, pd.DataFrame]]:
    """The factor as told between revisions: from when, until when, level_bp and known_at by day.

    Within a vintage days come to be known in their order, and none is told anew; a frame may hold
    days that become known only in its course.
    """
    told = rates[rates["series_id"].isin(list(weights)) & rates["observation_date"].isin(sessions)]
    told = told.sort_values(["known_at", "observation_date", "run_id"])
    newest = told.groupby("series_id")["observation_date"].cummax()
    is_late = told["observation_date"] <= newest.groupby(told["series_id"]).shift()
    revisions = told.loc[is_late, "known_at"].unique()
    for start, end in pairwise([pd.Timestamp.min, *revisions, pd.Timestamp.max]):
        standing = told[told["known_at"] < end].drop_duplicates(
            ["series_id", "observation_date"], keep="last"
        )
        values = standing.pivot(index="observation_date", columns="series_id", values="value_pct")
        values = values.reindex(columns=list(weights)).dropna()
        known_at = standing.groupby("observation_date")["known_at"].max()
        level = pd.DataFrame(
            {
                "level_bp": values.mul(pd.Series(weights)).sum(axis=1),
                "known_at": known_at.reindex(values.index),
            }
        )
        yield start, end, level


def _regress(
    sides: Floats, level: pd.DataFrame, ends: Moments, is_wanted: NDArray[np.bool_]
) -> pd.DataFrame:
    """Coefficients for the wanted sessions on which both sides are quoted, by their place.

    All by session of the calendar: both closes, the factor's level and when it was known, the end
    of the night. A row takes what of `level` was known by then.
    """
    is_quoted = ~np.isnan(sides).any(axis=1)
    level_bp = level["level_bp"].to_numpy()
    sessions = np.flatnonzero(is_quoted & is_wanted)
    common = np.flatnonzero(is_quoted & ~np.isnan(level_bp))
    known_at = np.maximum.accumulate(level["known_at"].to_numpy("datetime64[us]")[common])
    # Changes known by each night; a change needs the day before it as well.
    known = np.maximum(np.searchsorted(known_at, ends[sessions], side="right") - 1, 0)
    oldest = np.searchsorted(common[1:], sessions - SPAN + 1)
    within = np.maximum(known - oldest, 0)
    first = max(int(known.min(initial=len(common))) - WINDOW, 0)
    growth = 100 * sides[common[first + 1 :]] / sides[common[first:-1]]
    change_bp = np.diff(level_bp[common[first:]])
    fits = _ordinary_least_squares(change_bp.round(6), growth[:, 0] - growth[:, 1])
    rows = np.full((len(sessions), 3), np.nan)
    is_full = within >= WINDOW
    rows[is_full] = fits[known[is_full] - WINDOW - first]
    return pd.DataFrame(
        {
            "beta_pct_per_bp": rows[:, 0],
            "t_stat": rows[:, 1],
            "r_squared": rows[:, 2],
            "observations": np.minimum(within, WINDOW),
        },
        index=sessions,
    )


def _ordinary_least_squares(x: Floats, y: Floats) -> Floats:
    """Slope, its t statistic and R² of y on x and a constant, for each window of 126.

    t with n - 2 degrees of freedom; empty where x, or for t and R² the residual or y, stands still.
    """
    if len(x) < WINDOW:
        return np.empty((0, 3))
    sxx, sxy, syy = _products(x, x), _products(x, y), _products(y, y)
    sxx = np.where(sxx > ROUNDING * _sums(x * x), sxx, np.nan)
    syy = np.where(syy > ROUNDING * _sums(y * y), syy, np.nan)
    beta = sxy / sxx
    explained = beta * sxy
    residual = np.where(syy - explained > ROUNDING * syy, syy - explained, np.nan)
    t = beta / np.sqrt(residual / (WINDOW - 2) / sxx)
    return np.column_stack([beta, t, explained / syy])


def _products(one: Floats, other: Floats) -> Floats:
    """Sum of the products of both deviations from their means, in each window.

    The mean of daily changes is small beside their deviation, so that nothing cancels.
    """
    return _sums(one * other) - _sums(one) * _sums(other) / WINDOW


def _sums(values: Floats) -> Floats:
    """Sum of each window, on its own: no error is carried along."""
    return np.convolve(values, np.ones(WINDOW), "valid")


def _nothing() -> pd.DataFrame:
    names = ["session", "pair", "factor", "beta_pct_per_bp", "t_stat", "r_squared", "observations"]
    return pd.DataFrame({name: [] for name in names})
