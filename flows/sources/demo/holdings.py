"""Holdings files of the simulated IWM and S&P 500, half-yearly."""

import numpy as np
import pandas as pd

from flows.sources.demo.cast import MARK, Cast
from flows.sources.demo.funds import members
from flows.sources.demo.history import History
from flows.sources.demo.market import closes_on

IWM_ASSETS_USD = 70e9
CASH_SHARE = 0.002
TEXT_COLUMNS = (
    "fund",
    "ticker",
    "name",
    "sector",
    "industry",
    "asset_class",
    "location",
    "exchange",
    "currency",
    "market_currency",
    "accrual_date",
)
NUMBER_COLUMNS = (
    "market_value_usd",
    "weight_pct",
    "notional_value_usd",
    "shares",
    "price_usd",
    "fx_rate",
)


def holding_frame(cast: Cast, history: History, seed: int) -> pd.DataFrame:
    """All lines of all files dated up to `until`: fund, holdings_date, ticker, name, sector and
    what the fund's issuer adds. IWM has values, weights and one line of cash; SP500 has weights.
    """
    indices = history.holdings_days()
    indices = indices[indices < history.count]
    files = []
    for number, (index, close) in enumerate(
        zip(indices, closes_on(cast, history, seed, indices), strict=True)
    ):
        day = history.days[index]
        small = _lines(cast, close, members(cast, history, "SMALL", number))
        files.append(_as_ishares(small).assign(fund="IWM", holdings_date=day))
        large = _lines(cast, close, members(cast, history, "LARGE", number))
        large = large[["ticker", "name", "sector", "industry", "weight_pct"]]
        files.append(large.assign(fund="SP500", holdings_date=day))
    frame = pd.concat(files) if files else pd.DataFrame({"holdings_date": []})
    frame = frame.reindex(columns=["fund", "holdings_date", *TEXT_COLUMNS[1:], *NUMBER_COLUMNS])
    types = {"holdings_date": "datetime64[s]"}
    types |= dict.fromkeys(TEXT_COLUMNS, "str") | dict.fromkeys(NUMBER_COLUMNS, "float64")
    return frame.astype(types).reset_index(drop=True)


def _lines(cast: Cast, close: np.ndarray, is_member: np.ndarray) -> pd.DataFrame:
    """The members by size with price, shares issued, and weight by market value."""
    stocks = pd.DataFrame(
        {
            "ticker": cast.symbols,
            "name": cast.names,
            "sector": cast.sectors,
            "industry": cast.industries,
            "price_usd": close,
            "shares": cast.shares,
        }
    )[is_member]
    value = stocks["price_usd"] * stocks["shares"]
    stocks["weight_pct"] = 100 * value / value.sum()
    return stocks.sort_values("weight_pct", ascending=False)


def _as_ishares(lines: pd.DataFrame) -> pd.DataFrame:
    """The lines as a fund of IWM's size holds them, in the columns of its issuer's download."""
    invested = IWM_ASSETS_USD * (1 - CASH_SHARE)
    shares = np.round(invested * lines["weight_pct"] / 100 / lines["price_usd"])
    value = np.round(shares * lines["price_usd"], 2)
    held = lines.drop(columns="industry").assign(
        shares=shares, market_value_usd=value, asset_class="Equity", exchange="NASDAQ"
    )
    cash = pd.DataFrame(
        {
            "ticker": ["XTSLA"],
            "name": [f"Treasury cash fund {MARK}"],
            "sector": ["Cash and/or Derivatives"],
            "asset_class": ["Money Market"],
            "price_usd": [1.0],
            "shares": [IWM_ASSETS_USD * CASH_SHARE],
            "market_value_usd": [IWM_ASSETS_USD * CASH_SHARE],
            "exchange": ["-"],
        }
    )
    rows = pd.concat([held, cash], ignore_index=True)
    return rows.assign(
        weight_pct=np.round(100 * rows["market_value_usd"] / rows["market_value_usd"].sum(), 4),
        notional_value_usd=rows["market_value_usd"],
        location="United States",
        currency="USD",
        fx_rate=1.0,
        market_currency="USD",
        accrual_date="-",
    )
