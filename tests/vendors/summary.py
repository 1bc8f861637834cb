"""Yahoo's /v10/finance/quoteSummary: the modules of one symbol, numbers unformatted."""

from typing import Any

from .answer import Answer, as_json
from .estimates import calendar_events, earnings_history, earnings_trend
from .facts import Facts, facts
from .figures import financial_data, income_statements, key_statistics
from .prices import asset_profile, price, quote_type, summary_detail
from .world import World

ANY = {"quoteType": quote_type, "price": price, "summaryDetail": summary_detail}
OF_FUNDS = {"assetProfile": asset_profile, "summaryProfile": asset_profile}
OF_COMPANIES = {
    "earningsTrend": earnings_trend,
    "earningsHistory": earnings_history,
    "calendarEvents": calendar_events,
    "defaultKeyStatistics": key_statistics,
    "financialData": financial_data,
    "incomeStatementHistory": income_statements,
}


def summary(world: World, symbol: str, modules: list[str], fault: str = "") -> Answer:
    """The modules that exist for the symbol, 404 where none does."""
    instrument = world.known(symbol)
    if instrument is None or fault == "unknown_symbol":
        return error(f"Quote not found for symbol: {symbol}")
    if fault == "empty":
        return as_json({"quoteSummary": {"result": [], "error": None}})
    known = facts(world, instrument)
    built = {name: build(known, name) for name in modules} if known.past.timestamp.size else {}
    found = {name: module for name, module in built.items() if module is not None}
    if not found:
        names = ",".join(modules)
        return error(f"No fundamentals data found for any of the summaryTypes={names}")
    return as_json({"quoteSummary": {"result": [found], "error": None}})


def build(known: Facts, name: str) -> dict[str, Any] | None:
    """One module, or None where the instrument has none of that name."""
    company = known.instrument.company
    if name in ANY:
        return ANY[name](known)
    if name in OF_FUNDS and known.instrument.kind != "index":
        return OF_FUNDS[name](known)
    if name in OF_COMPANIES and company:
        return OF_COMPANIES[name](known, company)
    if name == "defaultKeyStatistics" and known.instrument.kind == "etf":
        return {"maxAge": 1, "priceHint": 2, "legalType": "Exchange Traded Fund"}
    return None


def error(description: str) -> Answer:
    """404 in this endpoint's envelope."""
    problem = {"code": "Not Found", "description": description}
    return as_json({"quoteSummary": {"result": None, "error": problem}}, 404)
