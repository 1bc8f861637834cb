"""Daily bars of every stock, fund and index as one long frame."""

from datetime import date

import numpy as np
import pandas as pd

from flows.sources.demo.cast import Cast
from flows.sources.demo.draws import Floats, Stream, generator
from flows.sources.demo.fund_rules import IS_INDEX, SYMBOLS
from flows.sources.demo.funds import with_funds
from flows.sources.demo.history import History
from flows.sources.demo.market import Year, trade
from flows.sources.demo.yields import session_rates

# The thinnest days of a small stock go unreported: a few bars in ten thousand are missing.
UNREPORTED_BELOW = -3.5
FUND_VOLATILITY = 0.008
FUND_DOLLARS_A_DAY = 2e9
SHARE_OF_CAP_TRADED = 0.006
COLUMNS = {
    "instrument": "int16",
    "session": "datetime64[s]",
    "open": "float64",
    "high": "float64",
    "low": "float64",
    "close": "float64",
    "adj_close": "float64",
    "volume": "int64",
    "dividend": "float64",
    "split_ratio": "float64",
}


def quote_frame(cast: Cast, history: History, seed: int, since: date | None) -> pd.DataFrame:
    """Bars from `since` on, ordered by session: symbol, session, open, high, low, close, adj_close,
    volume, dividend, split_ratio.

    Prices are USD, split-adjusted over the whole schedule of splits; split_ratio is empty where
    there was none; indices have neither adj_close nor dividend. adj_close is what a vendor would
    say on the last session: a later dividend moves all earlier ones.
    """
    first = history.index_from(since)
    # Room for every bar that could be; what stays untouched at its end costs no memory.
    come, go = np.maximum(cast.listed_from, first), np.minimum(cast.listed_until, history.count)
    room = int(np.maximum(go - come, 0).sum()) + len(SYMBOLS) * max(history.count - first, 0)
    columns = {name: np.empty(room, dtype) for name, dtype in COLUMNS.items()}
    factor, size = np.ones(len(cast.symbols) + len(SYMBOLS)), 0
    years = with_funds(trade(cast, history, seed), cast, history, session_rates(history, seed))
    for year in years:
        rows = slice(max(first - year.start, 0), history.count - year.start)
        if rows.stop <= 0:
            break
        if rows.start < len(year.days):
            bars = _bars(year, rows, cast, seed, factor)
            end = size + len(bars["close"])
            for name, column in columns.items():
                column[size:end] = bars[name]
            size = end
        factor = factor * _dividend_factors(year)[: rows.stop].prod(axis=0)
    columns = {name: column[:size] for name, column in columns.items()}
    instruments, adj_close = columns.pop("instrument"), columns["adj_close"]
    for start in range(0, size, 1_000_000):
        part = slice(start, start + 1_000_000)
        adj_close[part] = np.round(adj_close[part] * factor[instruments[part]], 6)
    symbol = pd.Categorical.from_codes(
        instruments.astype(np.int16), categories=pd.Index([*cast.symbols, *SYMBOLS])
    )
    return pd.DataFrame({"symbol": symbol, **columns}, copy=False)


def _dividend_factors(year: Year) -> Floats:
    """What a dividend takes from all earlier adjusted closes: 1 − dividend / close_{t−1}."""
    return 1 - year.dividend / year.previous_close


def _bars(year: Year, rows: slice, cast: Cast, seed: int, factor: Floats) -> dict[str, np.ndarray]:
    """The bars of some rows of a year, flat; adj_close still lacks what `until` makes of it."""
    volatility = np.append(
        np.hypot(cast.own_volatility, 0.009), np.full(len(SYMBOLS), FUND_VOLATILITY)
    )
    dollars = np.append(
        cast.shares * cast.price * SHARE_OF_CAP_TRADED, np.full(len(SYMBOLS), FUND_DOLLARS_A_DAY)
    )
    is_thin = np.append(~cast.is_large, np.zeros(len(SYMBOLS), dtype=bool))
    close, before = year.close, year.previous_close
    rng = generator(seed, Stream.BAR, year.year)
    up, down, gap, turnover = (rng.standard_normal(close.shape, dtype=np.float32) for _ in range(4))
    move = np.log(close / before)
    open_ = np.round(before * np.exp(0.5 * move + 0.35 * volatility * gap), 4)
    high = np.round(np.maximum(open_, close) * np.exp(0.4 * volatility * np.abs(up)), 4)
    low = np.round(np.minimum(open_, close) * np.exp(-0.4 * volatility * np.abs(down)), 4)
    activity = 0.35 * turnover + 0.4 * np.minimum(np.abs(move) / volatility, 5)
    volume = (dollars / close * np.exp(activity)).astype(np.int64)
    adj_close = close / (factor * _dividend_factors(year).cumprod(axis=0))
    adj_close[:, -len(SYMBOLS) :][:, IS_INDEX] = np.nan
    dividend = year.dividend.copy()
    dividend[:, -len(SYMBOLS) :][:, IS_INDEX] = np.nan
    split_ratio = np.full(close.shape, np.nan)
    for index, stock, ratio in cast.splits:
        if year.start <= index < year.start + len(year.days):
            split_ratio[index - year.start, stock] = ratio
    is_unreported = (turnover < UNREPORTED_BELOW) & is_thin
    is_unreported &= (year.dividend == 0) & np.isnan(split_ratio)
    seen = np.zeros(close.shape, dtype=bool)
    seen[rows] = (year.is_listed & ~is_unreported)[rows]
    session, instrument = np.nonzero(seen)
    return {
        "instrument": instrument.astype(np.int16),
        "session": year.days.astype("datetime64[s]")[session],
        "open": open_[seen],
        "high": high[seen],
        "low": low[seen],
        "close": close[seen],
        "adj_close": adj_close[seen],
        "volume": volume[seen],
        "dividend": dividend[seen],
        "split_ratio": split_ratio[seen],
    }
