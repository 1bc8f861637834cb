"""Volatility, beta, correlation and drawdown of funds, indices, baskets and their members."""

import numpy as np
import numpy.typing as npt
import pandas as pd

MARKET = "SPY"  # what beta and correlation are taken to
YEAR = 252  # sessions that annualise, and that the long windows hold
STANDSTILL_PCT = 1e-9  # percent points; a smaller deviation is rounding, not movement
ROUNDING = 1e-12  # likewise, as a share of a window's sum of squares

Values = npt.NDArray[np.float64]
Extremes = tuple[Values, Values, Values]


def risk(
    core_benchmark_quote: pd.DataFrame,
    reference_instrument: pd.DataFrame,
    reference_basket_member: pd.DataFrame,
) -> pd.DataFrame:
    """Measure each symbol over its own quotes, and against SPY over their common sessions.

    Takes closes and returns in percent per symbol and session; gives a row for each of them, of
    funds, indices, baskets and basket members, NaN where a window is not full.
    """
    funds = reference_instrument.loc[reference_instrument["kind"] != "stock", "symbol"]
    measured = {*funds, *reference_basket_member["symbol"]}
    closes = core_benchmark_quote[["symbol", "session", "close"]].astype({"symbol": "category"})
    quotes = closes[closes["symbol"].isin(measured)]
    quotes = quotes.sort_values(["symbol", "session"], ignore_index=True)
    market = closes[closes["symbol"] == MARKET].set_index("session")["close"]
    quotes["market"] = quotes["session"].map(market)
    return pd.concat([quotes[["symbol", "session"]], _own(quotes), _against(quotes)], axis=1)


def _own(quotes: pd.DataFrame) -> pd.DataFrame:
    """What a symbol's closes say alone."""
    close, return_pct = quotes["close"].to_numpy(), _returns(quotes, "close")
    by_symbol = quotes.groupby("symbol", observed=True)
    is_full = by_symbol.cumcount() >= YEAR - 1
    return pd.DataFrame(
        {
            "vol_21d_pct": _annualised(return_pct, 21),
            "vol_63d_pct": _annualised(return_pct, 63),
            "vol_252d_pct": _annualised(return_pct, YEAR),
            "drawdown_pct": 100 * (close / by_symbol["close"].cummax() - 1),
            "max_drawdown_252d_pct": np.where(is_full, _deepest_fall(close, YEAR), np.nan),
            "history_start": by_symbol["session"].transform("first"),
        }
    )


def _against(quotes: pd.DataFrame) -> pd.DataFrame:
    """Beta and correlation of the returns over the sessions on which both are quoted."""
    both = quotes.dropna(subset="market")
    own, other = _returns(both, "close"), _returns(both, "market")
    beta = _products(own, other, YEAR) / _moving(other, YEAR)
    scale = np.sqrt(_moving(own, 63)) * np.sqrt(_moving(other, 63))
    return pd.DataFrame(
        {"beta_252d": beta, "corr_63d": _products(own, other, 63) / scale}, index=both.index
    )


def _returns(quotes: pd.DataFrame, column: str) -> Values:
    """Percent since the row before, NaN for a symbol's first: no full window spans two symbols."""
    before = quotes.groupby("symbol", observed=True)[column].shift()
    returns_pct: Values = (100 * (quotes[column] / before - 1)).to_numpy()
    return returns_pct


def _annualised(return_pct: Values, count: int) -> Values:
    variance = _products(return_pct, return_pct, count) / (count - 1)
    deviation: Values = np.sqrt(YEAR * np.maximum(variance, 0))
    return deviation


def _moving(values: Values, count: int) -> Values:
    """Sum of squared deviations in each window; NaN where there are none but by rounding."""
    squares = _products(values, values, count)
    still = (count - 1) * STANDSTILL_PCT**2 + ROUNDING * _sums(values * values, count)
    return np.where(squares > still, squares, np.nan)


def _products(one: Values, other: Values, count: int) -> Values:
    """Sum of the products of both deviations from their means, in each window.

    The mean of daily returns is small beside their deviation, so that nothing cancels.
    """
    return _sums(one * other, count) - _sums(one, count) * _sums(other, count) / count


def _sums(values: Values, count: int) -> Values:
    """Sum of the last `count` values, each window on its own; NaN where one of them is."""
    sums = np.full(len(values), np.nan)
    if len(values) >= count:
        sums[count - 1 :] = np.convolve(values, np.ones(count), "valid")
    return sums


def _deepest_fall(close: Values, count: int) -> Values:
    """Worst fall from a running maximum inside the last `count` closes, percent, never above 0."""
    falls = np.full(len(close), np.nan)
    if len(close) >= count:
        falls[count - 1 :] = 100 * (_extremes(close, count)[2] - 1)
    return falls


def _extremes(close: Values, count: int) -> Extremes:
    """Of each window: highest close, lowest, and the least share that is left of an earlier one."""
    if count == 1:
        return close, close, np.ones_like(close)
    half = _extremes(close, count // 2)
    whole = _join(half, half, count // 2)
    return _join(whole, _extremes(close, 1), count - 1) if count % 2 else whole


def _join(first: Extremes, then: Extremes, offset: int) -> Extremes:
    """Of windows and those that begin `offset` closes later, right after them."""
    size = len(then[0]) - offset
    high, low, share = (values[:size] for values in first)
    later_high, later_low, later_share = (values[offset:] for values in then)
    share = np.minimum(np.minimum(share, later_share), later_low / high)
    return np.maximum(high, later_high), np.minimum(low, later_low), share
