"""Companies with shares, closes and consensus estimates, for tests of earnings and valuation."""

from collections.abc import Iterable
from datetime import date, datetime, time

import pandas as pd
from market import Market

LONG_AGO = date(1990, 1, 2)
SNAPSHOT = date(2026, 6, 30)
DECEMBER = date(2026, 12, 31)

Row = dict[str, object]


def estimate(symbol: str, horizon: str, eps: float | None, **columns: object) -> Row:
    """One row of `raw.estimate`: in USD, on SNAPSHOT, known then, 0y ending in December 2026."""
    year = date(2027, 12, 31) if horizon == "+1y" else DECEMBER
    snapshot_date = columns.get("snapshot_date", SNAPSHOT)
    assert isinstance(snapshot_date, date)
    return {
        "symbol": symbol,
        "horizon": horizon,
        "snapshot_date": snapshot_date,
        "known_at": datetime.combine(snapshot_date, time(22)),
        "run_id": "first",
        "fiscal_period_end": year,
        "eps_avg": eps,
        "currency": "USD",
    } | columns


def two_years(symbol: str, this: float | None, next_: float | None, **columns: object) -> list[Row]:
    """The estimates of 0y and +1y."""
    return [estimate(symbol, "0y", this, **columns), estimate(symbol, "+1y", next_, **columns)]


def fundamental(symbol: str, shares: float | None, **columns: object) -> Row:
    """One row of `raw.fundamental`, of the start of 2026."""
    snapshot_date = columns.get("snapshot_date", date(2026, 1, 2))
    assert isinstance(snapshot_date, date)
    return {
        "symbol": symbol,
        "snapshot_date": snapshot_date,
        "shares_outstanding": shares,
        "known_at": datetime.combine(snapshot_date, time(22)),
        "run_id": "first",
    } | columns


def quote(symbol: str, close: float, session: date = SNAPSHOT, **columns: object) -> Row:
    """One row of `raw.quote`, known that evening."""
    return {
        "symbol": symbol,
        "session": session,
        "close": close,
        "known_at": datetime.combine(session, time(22)),
        "run_id": "first",
    } | columns


def members(cohort: str, symbols: Iterable[str], **columns: object) -> list[Row]:
    """Rows of `core.cohort_member`, valid at all times unless given."""
    span = {"valid_from": LONG_AGO, "valid_to": None} | columns
    return [{"cohort": cohort, "symbol": symbol} | span for symbol in symbols]


def build(
    market: Market,
    table: str,
    listed: list[Row],
    estimates: list[Row],
    fundamentals: list[Row] | None = None,
    quotes: list[Row] | None = None,
) -> pd.DataFrame:
    """The table that follows from these; without fundamentals everyone has one share."""
    symbols = dict.fromkeys(str(row["symbol"]) for row in listed)
    market.give("core.cohort_member", listed)
    market.give("raw.estimate", estimates)
    market.give("raw.fundamental", fundamentals or [fundamental(symbol, 1) for symbol in symbols])
    if quotes:
        market.give("raw.quote", quotes)
    return market.build(table)
