"""Consensus and fundamentals of one company from Yahoo Finance."""

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd
import yfinance
from yfinance.data import YfData
from yfinance.exceptions import YFException

from flows.sources.live.asking import Trouble
from flows.sources.live.yahoo import steadfast

# An answer that lacks something is asked for again: trouble looks the same.
PARTIAL_TRIES = EMPTY_TRIES = 2
HORIZONS = ("0q", "+1q", "0y", "+1y")
TREND = {
    "7daysAgo": "eps_7d_ago",
    "30daysAgo": "eps_30d_ago",
    "60daysAgo": "eps_60d_ago",
    "90daysAgo": "eps_90d_ago",
}
REVISIONS = {
    "upLast7days": "up_7d",
    "upLast30days": "up_30d",
    "downLast7Days": "down_7d",
    "downLast30days": "down_30d",
}
ESTIMATE = {
    "avg": "eps_avg",
    "low": "eps_low",
    "high": "eps_high",
    "yearAgoEps": "eps_year_ago",
    "numberOfAnalysts": "analysts",
    "currency": "currency",
}
INFO = {
    "longName": "name",
    "sector": "sector",
    "industry": "industry",
    "marketCap": "market_cap_usd",
    "trailingPE": "trailing_pe",
    "forwardPE": "forward_pe",
}
BALANCE = {"totalDebt": "total_debt_usd", "totalCash": "cash_and_short_term_investments_usd"}
# Of the last fiscal year, as the contract's trailing P/E wants it.
INCOME = {
    "TotalRevenue": "revenue_usd",
    "NetIncome": "net_income_usd",
    "OperatingIncome": "operating_income_usd",
    "EBITDA": "ebitda_usd",
    "InterestExpense": "interest_expense_usd",
}


def fetch_estimates(symbol: str, info: Mapping[str, Any], today: date) -> pd.DataFrame:
    """The consensus of `today`: one row per horizon, in the columns of `raw.estimate`.

    EPS are in `currency` per share. Relative periods become fiscal period ends: the year after the
    last one reported is 0y, the quarter after the newest one reported 0q. Raises Trouble: "empty"
    where nobody follows the company, "partial" with what there is where its summary is not whole.
    """
    frame = _consensus(symbol).reindex(index=HORIZONS).dropna(how="all")
    told = frame.assign(
        symbol=symbol,
        snapshot_date=pd.Timestamp(today),
        horizon=frame.index,
        fiscal_period_end=pd.Series(_period_ends(info)).reindex(frame.index),
        report_date=_next_report(symbol),
    )
    if not is_whole(info):
        raise Trouble("partial", "its fiscal year is unknown", tries=PARTIAL_TRIES, value=told)
    return told


def fetch_fundamental(symbol: str, info: Mapping[str, Any], today: date) -> pd.DataFrame:
    """One row in the columns of `raw.fundamental`; money is left out where it is not in USD.

    Raises Trouble: "partial" with what there is where summary or income statement is not whole.
    """
    row: dict[str, Any] = {ours: info.get(theirs) for theirs, ours in INFO.items()}
    row |= {ours: _finite(row[ours]) for ours in ("trailing_pe", "forward_pe")}
    row["shares_outstanding"] = _shares(info)
    lacks = [] if is_whole(info) else ["market value or fiscal year"]
    if info.get("financialCurrency") == "USD":
        row |= {ours: info.get(theirs) for theirs, ours in BALANCE.items()}
        year = _last_fiscal_year(symbol)
        row |= year
        lacks += [] if year else ["income statement"]
    told = pd.DataFrame([row]).assign(symbol=symbol, snapshot_date=pd.Timestamp(today))
    if lacks:
        words = f"it has no {' and no '.join(lacks)}"
        raise Trouble("partial", words, tries=PARTIAL_TRIES, value=told)
    return told


def is_whole(info: Mapping[str, Any]) -> bool:
    """Whether both of the answers in a summary came; yfinance says nothing of an empty one."""
    return "lastFiscalYearEnd" in info and "marketCap" in info


def fetch_info(symbol: str) -> Mapping[str, Any]:
    """What Yahoo's summary says of a company, as much as it says at last. Raises Trouble."""
    try:
        return _whole_info(symbol)
    except Trouble as trouble:
        if trouble.value is None:
            raise
        info: Mapping[str, Any] = trouble.value
        return info


@steadfast
def _whole_info(symbol: str) -> Mapping[str, Any]:
    info: Mapping[str, Any] = yfinance.Ticker(symbol).info
    if not is_whole(info):
        raise Trouble("partial", "its summary is not whole", tries=1, value=info)
    return info


@steadfast
def _consensus(symbol: str) -> pd.DataFrame:
    company = yfinance.Ticker(symbol)
    estimate: pd.DataFrame = company.earnings_estimate
    if estimate.empty:
        raise Trouble("empty", "no analyst follows it", tries=EMPTY_TRIES)
    return (
        estimate.rename(columns=ESTIMATE)
        .reindex(columns=list(ESTIMATE.values()))
        .join(company.eps_trend.rename(columns=TREND).reindex(columns=list(TREND.values())))
        .join(
            company.eps_revisions.rename(columns=REVISIONS).reindex(
                columns=list(REVISIONS.values())
            )
        )
    )


@steadfast
def _next_report(symbol: str) -> pd.Timestamp | None:
    days = yfinance.Ticker(symbol).calendar.get("Earnings Date") or []
    return pd.Timestamp(min(days)) if days else None


def _last_fiscal_year(symbol: str) -> dict[str, Any]:
    try:
        income = _income_statement(symbol)
    except Trouble as trouble:
        if trouble.outcome == "empty":
            return {}
        raise
    year = income.columns.max()
    return {ours: income[year].get(theirs) for theirs, ours in INCOME.items()} | {
        "fiscal_year_end": year
    }


@steadfast
def _income_statement(symbol: str) -> pd.DataFrame:
    try:
        income: pd.DataFrame = yfinance.Ticker(symbol).get_income_stmt(freq="yearly")
    except YFException as error:
        if "Empty" not in str(error):
            raise
        income = pd.DataFrame()
    if income.empty:
        YfData.cache_get.cache_clear()  # which keeps an empty answer too
        raise Trouble("empty", "no income statement", tries=EMPTY_TRIES)
    return income


def _finite(ratio: Any) -> float | None:
    """The ratio; none where the vendor says "Infinity", the price over earnings of nothing."""
    number = pd.to_numeric(ratio, errors="coerce")
    return float(number) if number is not None and math.isfinite(number) else None


def _shares(info: Mapping[str, Any]) -> float | None:
    """Shares of all classes: sharesOutstanding counts one class, the market value all."""
    if (price := info.get("currentPrice")) and (value := info.get("marketCap")):
        return float(round(value / price))
    return info.get("impliedSharesOutstanding") or info.get("sharesOutstanding")


def _period_ends(info: Mapping[str, Any]) -> dict[str, pd.Timestamp]:
    year, quarter = info.get("lastFiscalYearEnd"), info.get("mostRecentQuarter")
    ends: dict[str, pd.Timestamp] = {}
    if year:
        ends |= {"0y": _months_after(year, 12), "+1y": _months_after(year, 24)}
    if quarter:
        ends |= {"0q": _months_after(quarter, 3), "+1q": _months_after(quarter, 6)}
    return ends


def _months_after(seconds: float, months: int) -> pd.Timestamp:
    """The end of a month so long after a fiscal period that ends on a weekday near a month's."""
    end = pd.Timestamp(seconds, unit="s").normalize() - pd.Timedelta(days=15)
    return end + pd.offsets.MonthEnd(months if end.is_month_end else months + 1)
