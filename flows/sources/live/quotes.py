"""Daily bars of one symbol from Yahoo Finance, in the columns of `raw.quote`."""

from datetime import date

import pandas as pd
import yfinance
from yfinance.cache import get_tz_cache

from flows.sources.live.asking import Trouble
from flows.sources.live.yahoo import answering

SECONDS = 15  # that one answer may take
TIME_ZONE = "America/New_York"  # of everything quoted here; unknown, yfinance asks for it first
STOPPED_AFTER_DAYS = 14  # without a bar: no vendor's delay

COLUMNS = {
    "Open": "open",
    "High": "high",
    "Low": "low",
    "Close": "close",
    "Adj Close": "adj_close",
    "Volume": "volume",
    "Stock Splits": "split_ratio",
}


@answering
def fetch_bars(symbol: str, since: date | None, until: date) -> pd.DataFrame:
    """Bars from `since` (all there are without it) to `until`, one row per session.

    Prices are split-adjusted as of today, adj_close also for dividends; `dividend` has a fund's
    capital gains in it; an index has neither. Raises Trouble; where bars end before `until`, it
    carries those that came.
    """
    if not get_tz_cache().lookup(symbol):
        get_tz_cache().store(symbol, TIME_ZONE)
    # No `end`: yfinance would keep the answer, a broken one too, and give it again.
    span = {"start": since} if since else {"period": "max"}
    history = yfinance.Ticker(symbol).history(
        **span, interval="1d", auto_adjust=False, actions=True, timeout=SECONDS
    )
    bars: pd.DataFrame = history.rename(columns=COLUMNS)
    bars.insert(0, "symbol", symbol)
    bars.insert(1, "session", pd.DatetimeIndex(bars.index).tz_localize(None).normalize())
    if symbol.startswith("^"):
        bars["adj_close"] = bars["dividend"] = None
    else:
        bars["dividend"] = bars["Dividends"] + bars.get("Capital Gains", 0.0)
    columns = ["symbol", "session", *COLUMNS.values(), "dividend"]
    bars = bars.loc[bars["session"] <= pd.Timestamp(until), columns].reset_index(drop=True)
    if bars.empty:
        raise Trouble("empty", "an answer without any bar", tries=3)
    newest = bars["session"].iloc[-1].date()
    if newest < until:
        has_stopped = (until - newest).days > STOPPED_AFTER_DAYS
        outcome, tries = ("stopped", 1) if has_stopped else ("stale", 2)
        raise Trouble(outcome, f"newest bar {newest}", tries=tries, value=bars)
    return bars
