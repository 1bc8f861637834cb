"""Made-up bars: a market that wanders, and instruments that follow it more or less."""

from datetime import date
from zlib import crc32

import numpy as np
import pandas as pd

from .hours import hours

MARKET_VOLATILITY = 0.009  # of a session's log return
OWN_VOLATILITY = {"etf": 0.004, "index": 0.003, "stock": 0.016}
DRIFT = 0.0003


def days_since(first: date) -> np.ndarray:
    """Every session from `first` to the calendar's end, about a year ahead."""
    known = hours().day
    return known[known >= np.datetime64(first)]


def draws(seed: int, name: str, count: int, width: int) -> np.ndarray:
    """Standard normal numbers, one row a session; a longer run begins with the shorter one."""
    return np.random.default_rng([seed, crc32(name.encode())]).normal(size=(count, width))


def walk(symbol: str, kind: str, days: np.ndarray, seed: int) -> pd.DataFrame:
    """The symbol's bars as they would trade without dividends and splits."""
    market = draws(seed, "market", days.size, 1)[:, 0] * MARKET_VOLATILITY
    own = draws(seed, symbol, days.size, 5)
    start = 20 + crc32(symbol.encode()) % 380
    beta = 0.7 + crc32(symbol[::-1].encode()) % 70 / 100
    steps = DRIFT + beta * market + OWN_VOLATILITY[kind] * own[:, 0]
    close = start * np.exp(np.cumsum(steps))
    open_ = np.append(start, close[:-1]) * np.exp(0.003 * own[:, 1])
    bars = pd.DataFrame(
        {
            "open": open_,
            "high": np.maximum(open_, close) * (1 + 0.004 * np.abs(own[:, 2])),
            "low": np.minimum(open_, close) * (1 - 0.004 * np.abs(own[:, 3])),
            "close": close,
        },
        index=pd.DatetimeIndex(days, name="session"),
    ).round(2)
    size = 1e8 / start if kind != "stock" else 4e8 / start
    bars["volume"] = np.round(size * np.exp(0.3 * own[:, 4])).astype("int64")
    return bars
