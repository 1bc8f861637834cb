"""Yahoo's /v7/finance/quote: a row for each symbol that it knows."""

from typing import Any

from .answer import Answer, as_json
from .facts import Facts, facts
from .prices import price, summary_detail
from .world import World


def quote(world: World, symbols: list[str], fault: str = "") -> Answer:
    """One row a symbol; an unknown one is left out without a word."""
    rows = []
    for symbol in symbols:
        instrument = world.known(symbol)
        if instrument and fault not in ("empty", "unknown_symbol"):
            known = facts(world, instrument)
            if known.past.timestamp.size:
                rows.append(row(known))
    return as_json({"quoteResponse": {"result": rows, "error": None}})


def row(known: Facts) -> dict[str, Any]:
    """What the quote says of one instrument."""
    company = known.instrument.company
    detail = summary_detail(known)
    low, high = detail["fiftyTwoWeekLow"], detail["fiftyTwoWeekHigh"]
    shared = ("fiftyDayAverage", "twoHundredDayAverage", "trailingPE", "forwardPE", "marketCap")
    quoted = price(known) | {name: detail[name] for name in shared if name in detail}
    quoted |= {
        "language": "en-US",
        "region": "US",
        "typeDisp": known.instrument.type.title(),
        "fullExchangeName": quoted.pop("exchangeName"),
        "exchangeTimezoneName": "America/New_York",
        "exchangeTimezoneShortName": "EST",
        "gmtOffSetMilliseconds": -18_000_000,
        "market": "us_market",
        "fiftyTwoWeekLow": low,
        "fiftyTwoWeekHigh": high,
        "fiftyTwoWeekRange": f"{low} - {high}",
        "firstTradeDateMilliseconds": 1000 * int(known.past.timestamp[0]),
    }
    if company:
        quoted["sharesOutstanding"] = known.shares
        quoted["epsTrailingTwelveMonths"] = round(known.trailing(company)["DilutedEPS"], 2)
        quoted["financialCurrency"] = "USD"
    return quoted
