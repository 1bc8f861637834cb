"""When stocks of the simulated market come, go and split, and which holdings files list them."""

import numpy as np

from flows.sources.demo.draws import Counts, Flags
from flows.sources.demo.history import History
from flows.sources.demo.names import NAMED, SPLITS

NEVER = np.iinfo(np.int64).max
COME_LATE, GO_EARLY = 0.06, 0.04  # shares of the small ones
JOIN_LATE, LEAVE_EARLY = 0.03, 0.03
SPLIT_SHARE = 0.04  # of the invented ones


def draw_listings(
    rng: np.random.Generator, is_large: Flags, history: History
) -> tuple[Counts, Counts]:
    """First session index of each stock, and the first one without it; only small ones move."""
    luck, place = rng.random(len(is_large)), rng.uniform(0.15, 0.95, len(is_large))
    when = (place * history.anchor).astype(np.int64)
    comes, goes = ~is_large & (luck < COME_LATE), ~is_large & (luck > 1 - GO_EARLY)
    return np.where(comes, when, 0), np.where(goes, when, NEVER)


def draw_memberships(rng: np.random.Generator, is_large: Flags) -> dict[str, tuple[Counts, Counts]]:
    """Which files list a stock: some small ones join or leave, one swaps with a large one."""
    luck, file_number = rng.random(len(is_large)), rng.integers(1, 6, len(is_large))
    small_from = np.where(is_large, NEVER, np.where(luck < JOIN_LATE, file_number, 0))
    small_end = np.where(~is_large & (luck > 1 - LEAVE_EARLY), file_number, NEVER)
    large_from, large_end = np.where(is_large, 0, NEVER), np.full(len(is_large), NEVER)
    demoted, promoted = np.flatnonzero(is_large)[-1], np.flatnonzero(~is_large)[0]
    large_end[demoted], small_from[demoted] = 2, 2
    small_end[promoted], large_from[promoted] = 2, 2
    return {"LARGE": (large_from, large_end), "SMALL": (small_from, small_end)}


def draw_splits(
    rng: np.random.Generator, tickers: list[str], history: History
) -> list[tuple[int, int, float]]:
    """Splits of named stocks on their days, and of one invented stock in 25 on any day."""
    splits = [
        (history.index_from(day), tickers.index(ticker), ratio)
        for ticker, day, ratio in SPLITS
        if np.datetime64(day) >= history.days[0]
    ]
    invented = np.arange(len(NAMED), len(tickers))
    for stock in invented[rng.random(len(invented)) < SPLIT_SHARE]:
        day = int(rng.integers(1, history.anchor))
        splits.append((day, int(stock), float(rng.choice([2.0, 3.0, 1.5, 0.1]))))
    return splits
