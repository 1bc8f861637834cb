"""How the day-to-day race of a pair goes with interest rates and credit spreads."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WINDOW = 126  # changes in a regression
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
    closes = core_benchmark_quote.pivot(index="session", columns="symbol", values="close")
    frames = []
    for factor, weights in FACTORS.items():
        vintages = list(_vintages(raw_rate, weights, nights.index))
        for pair, long, short in reference_pair[["pair", "long_symbol", "short_symbol"]].itertuples(
            index=False
        ):
            if long not in closes or short not in closes:
                continue
            sides = closes[[long, short]].dropna()
            ends = nights.reindex(sides.index)
            for start, end, level in vintages:
                sessions = sides.index[(ends >= start) & (ends < end)]
                if len(sessions):
                    rows = _regress(sides, level, sessions, nights)
                    frames.append(rows.assign(pair=pair, factor=factor))
    return pd.concat(frames).reset_index(names="session") if frames else _nothing()


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
    sides: pd.DataFrame, level: pd.DataFrame, sessions: pd.Index, nights: pd.Series
) -> pd.DataFrame:
    """Coefficients for `sessions`, from what of `level` was known at the end of each night."""
    common = sides.index.intersection(level.index)
    known_at = np.maximum.accumulate(level.loc[common, "known_at"].to_numpy("datetime64[us]"))
    ends = nights.loc[sessions].to_numpy("datetime64[us]")
    # Changes known by each night; a change needs the day before it as well.
    known = np.maximum(np.searchsorted(known_at, ends, side="right") - 1, 0)
    place = nights.index.get_indexer(common)[1:]
    oldest = nights.index.get_indexer(sessions) - SPAN + 1
    within = np.maximum(known - np.searchsorted(place, oldest), 0)
    first = max(int(known.min()) - WINDOW, 0)
    growth = sides.loc[common].to_numpy()[first:]
    growth = 100 * (growth[1:] / growth[:-1])
    change_bp = np.diff(level.loc[common, "level_bp"].to_numpy()[first:])
    fits = _ordinary_least_squares(change_bp.round(6), growth[:, 0] - growth[:, 1])
    rows = np.full((len(sessions), 3), np.nan)
    is_full = within >= WINDOW
    rows[is_full] = fits[known[is_full] - WINDOW - first]
    frame = pd.DataFrame(rows, sessions, ["beta_pct_per_bp", "t_stat", "r_squared"])
    return frame.assign(observations=np.minimum(within, WINDOW))


def _ordinary_least_squares(x: Floats, y: Floats) -> Floats:
    """Slope, its t statistic and R² of y on x and a constant, for each window of 126.

    t with n - 2 degrees of freedom; empty where x, or for t and R² the residual or y, stands still.
    """
    if len(x) < WINDOW:
        return np.empty((0, 3))
    xs, ys = sliding_window_view(x, WINDOW), sliding_window_view(y, WINDOW)
    dx = xs - xs.mean(axis=1, keepdims=True)
    dy = ys - ys.mean(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        sxx = np.where(np.ptp(xs, axis=1) > 0, np.einsum("ij,ij->i", dx, dx), np.nan)
        syy = np.where(np.ptp(ys, axis=1) > 0, np.einsum("ij,ij->i", dy, dy), np.nan)
        beta = np.einsum("ij,ij->i", dx, dy) / sxx
        residual = dy - beta[:, None] * dx
        unexplained = np.einsum("ij,ij->i", residual, residual)
        t = beta / np.sqrt(unexplained / (WINDOW - 2) / sxx)
        fits = np.column_stack([beta, t, 1 - unexplained / syy])
    return np.where(np.isfinite(fits), fits, np.nan)


def _nothing() -> pd.DataFrame:
    names = ["session", "pair", "factor", "beta_pct_per_bp", "t_stat", "r_squared", "observations"]
    return pd.DataFrame({name: [] for name in names})
