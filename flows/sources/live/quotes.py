"""Daily bars of one symbol from Yahoo Finance, in the columns of `raw.quote`."""

from datetime import date

import numpy as np
import pandas as pd
import yfinance
from yfinance.cache import get_tz_cache

from flows.sources.live.asking import Trouble
from flows.sources.live.yahoo import answering

SECONDS = 15  # that one answer may take
TIME_ZONE = "America/New_York"  # of everything quoted here; unknown, yfinance asks for it first
STOPPED_AFTER_DAYS = 14  # without a bar: no vendor's delay
RECENT_DAYS = 14  # in which Yahoo may tell a split before it has rebased the closes
GOES_ON = "goes_on"  # the attribute of bars that says whether the vendor tells later ones too
EMPTY_TRIES = 3
SPLIT = 1.5  # ratios nearer to 1 cannot be told from a day's move

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

    Prices are split-adjusted as of `until`, adj_close also for dividends; `dividend` has a fund's
    capital gains in it; an index has neither. Raises Trouble; where bars end before `until`, it
    carries those that came. Their attribute GOES_ON says whether the vendor told later ones.
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
    bars = bars[["symbol", "session", *COLUMNS.values(), "dividend"]]
    # On the day of a split or dividend there may be a bar that has nothing else yet.
    is_due = bars["session"] <= pd.Timestamp(until)
    closed = bars.loc[is_due & bars["close"].notna(), "session"]
    if closed.empty:
        raise Trouble("empty", "an answer without any bar", tries=EMPTY_TRIES)
    coming = bars[is_due & (bars["session"] > closed.iloc[-1])]
    bars = _as_of(bars, closed.iloc[-1])
    bars.attrs[GOES_ON] = not is_due.all()
    split = coming.loc[~coming["split_ratio"].isin([0, 1]), "session"]
    day = next(iter(split.dt.date), None) or _unsettled_split(bars, until)
    if day:
        words = f"the closes before the split of {day} are not rebased yet"
        raise Trouble("unsettled", words, tries=2)
    newest = bars["session"].iloc[-1].date()
    if newest < until:
        has_stopped = (until - newest).days > STOPPED_AFTER_DAYS
        outcome, tries = ("stopped", 1) if has_stopped else ("stale", 2)
        raise Trouble(outcome, f"newest bar {newest}", tries=tries, value=bars)
    return bars


def _as_of(bars: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    """The bars up to `until`, without what later splits and dividends have made of them.

    On an ex-date Yahoo rewrites all earlier bars at once, though its session may still run: closes
    are divided by the split's ratio, adjusted closes also times 1 - dividend / close before.
    """
    is_later = bars["session"] > until
    told = bars[~is_later].reset_index(drop=True)
    if not is_later.any():
        return told
    kept = 1 - bars["dividend"].astype(float) / bars["close"].shift()
    paid = np.nanprod(kept[is_later].to_numpy("float64"))
    ratio = np.prod(bars.loc[is_later, "split_ratio"].replace(0, 1).to_numpy("float64"))
    told["adj_close"] /= paid
    if ratio != 1:
        told[["open", "high", "low", "close", "adj_close", "dividend"]] *= ratio
        told["volume"] = (told["volume"] / ratio).round()
    return told


def _unsettled_split(bars: pd.DataFrame, until: date) -> date | None:
    """The ex-date of a recent split whose price step the earlier closes still show."""
    recent = bars["session"] > pd.Timestamp(until) - pd.Timedelta(days=RECENT_DAYS)
    ratio = np.log(bars["split_ratio"].replace(0, 1).to_numpy("float64"))
    step = np.diff(np.log(bars["close"].to_numpy("float64")), prepend=np.nan)
    shows = np.abs(step + ratio) < np.abs(step) / 2
    is_unsettled = recent & (np.abs(ratio) >= np.log(SPLIT)) & shows
    return bars.loc[is_unsettled, "session"].iloc[0].date() if is_unsettled.any() else None
