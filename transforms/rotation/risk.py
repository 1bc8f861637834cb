"""Volatility, beta, correlation and drawdown of funds, indices, baskets and their members."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

MARKET = "SPY"  # what beta and correlation are taken to
YEAR = 252  # sessions that annualise, and that the long windows hold
STANDSTILL_PCT = 1e-9  # percent points; a smaller deviation is rounding, not movement

Values = npt.NDArray[np.float64]


def risk(
    core_benchmark_quote: pd.DataFrame,
    core_instrument: pd.DataFrame,
    reference_basket_member: pd.DataFrame,
) -> pd.DataFrame:
    """Measure each symbol over its own quotes, and against SPY over their common sessions.

    Takes closes and returns in percent per symbol and session; gives a row for each of them, of
    funds, indices, baskets and basket members, NaN where a window is not full.
    """
    funds = core_instrument.loc[core_instrument["kind"] != "stock", "symbol"]
    measured = {*funds, *reference_basket_member["symbol"]}
    quotes = core_benchmark_quote.sort_values(["symbol", "session"]).set_index("session")
    closes = {symbol: own["close"] for symbol, own in quotes.groupby("symbol")}
    market = closes.get(MARKET, pd.Series(dtype=float))
    rows = [
        _own(close).join(_against(close, market)).assign(symbol=symbol)
        for symbol, close in closes.items()
        if symbol in measured
    ]
    if not rows:  # the columns alone
        one = pd.Series([1.0], index=pd.DatetimeIndex(["1990-01-02"], name="session"))
        rows = [_own(one).join(_against(one, one)).assign(symbol="").iloc[:0]]
    return pd.concat(rows).reset_index()


def _own(close: pd.Series) -> pd.DataFrame:
    """What a symbol's closes say alone."""
    return_pct = _returns(close)
    return pd.DataFrame(
        {
            "vol_21d_pct": _windowed(return_pct, 21, _annualised),
            "vol_63d_pct": _windowed(return_pct, 63, _annualised),
            "vol_252d_pct": _windowed(return_pct, YEAR, _annualised),
            "drawdown_pct": 100 * (close / close.cummax() - 1),
            "max_drawdown_252d_pct": _windowed(close, YEAR, _deepest_fall),
            "history_start": close.index[0],
        }
    )


def _against(close: pd.Series, market: pd.Series) -> pd.DataFrame:
    """Beta and correlation of the returns over the sessions on which both are quoted."""
    both = close.index.intersection(market.index)
    own, other = _returns(close[both]), _returns(market[both])
    return pd.DataFrame(
        {
            "beta_252d": _windowed_pair(own, other, YEAR, is_scaled=False),
            "corr_63d": _windowed_pair(own, other, 63, is_scaled=True),
        },
        index=both,
    )


def _returns(close: pd.Series) -> pd.Series:
    return 100 * (close / close.shift() - 1).iloc[1:]


def _windowed(
    values: pd.Series, count: int, statistic: Callable[[Values], Values]
) -> pd.Series | float:
    """A statistic of each full window of the last `count` values (exact, no running sums)."""
    if len(values) < count:
        return np.nan
    windows = sliding_window_view(values.to_numpy(), count)
    return pd.Series(statistic(windows), index=values.index[count - 1 :])


def _windowed_pair(
    own: pd.Series, other: pd.Series, count: int, *, is_scaled: bool
) -> pd.Series | float:
    """Slope of `own` on `other` in each full window; scaled by both deviations: correlation."""
    if len(own) < count:
        return np.nan
    y, x = (_centred(sliding_window_view(side.to_numpy(), count)) for side in (own, other))
    yy, xx, xy = _products(y, y), _products(x, x), _products(x, y)
    still = (count - 1) * STANDSTILL_PCT**2
    scale = np.sqrt(np.where(yy > still, yy, np.nan) * xx) if is_scaled else xx
    return pd.Series(xy / np.where(xx > still, scale, np.nan), index=own.index[count - 1 :])


def _centred(windows: Values) -> Values:
    centred: Values = windows - windows.mean(axis=1, keepdims=True)
    return centred


def _products(one: Values, other: Values) -> Values:
    products: Values = np.einsum("ij,ij->i", one, other)
    return products


def _annualised(windows: Values) -> Values:
    deviation: Values = np.sqrt(YEAR) * windows.std(axis=1, ddof=1)
    return deviation


def _deepest_fall(windows: Values) -> Values:
    """Worst fall from a running maximum inside each window, in percent, never above 0."""
    falls: Values = 100 * (windows / np.maximum.accumulate(windows, axis=1) - 1)
    deepest: Values = falls.min(axis=1)
    return deepest
