"""Yahoo's modules that any instrument has: price, summaryDetail, quoteType, assetProfile."""

from typing import Any

from .facts import Facts
from .meta import EXCHANGES


def quote_type(known: Facts) -> dict[str, Any]:
    """The module quoteType."""
    instrument = known.instrument
    return {
        "exchange": EXCHANGES[instrument.kind][0],
        "quoteType": instrument.type,
        "symbol": instrument.symbol,
        "underlyingSymbol": instrument.symbol,
        "shortName": instrument.name,
        "longName": instrument.name,
        "firstTradeDateEpochUtc": int(known.past.timestamp[0]),
        "timeZoneFullName": "America/New_York",
        "timeZoneShortName": "EST",
        "gmtOffSetMilliseconds": -18_000_000,
        "maxAge": 1,
    }


def session(known: Facts) -> dict[str, Any]:
    """The newest session in the words that several pages share."""
    past = known.past
    return {
        "regularMarketPreviousClose": known.previous,
        "regularMarketOpen": round(float(past.open[-1]), 4),
        "regularMarketDayLow": round(float(past.low[-1]), 4),
        "regularMarketDayHigh": round(float(past.high[-1]), 4),
        "regularMarketVolume": int(past.volume[-1]),
    }


def price(known: Facts) -> dict[str, Any]:
    """The module price."""
    instrument, change = known.instrument, known.price - known.previous
    module = session(known) | {
        "maxAge": 1,
        "priceHint": 2,
        "regularMarketPrice": known.price,
        "regularMarketTime": int(known.past.timestamp[-1]),
        "regularMarketChange": round(change, 4),
        "regularMarketChangePercent": change / known.previous,
        "regularMarketSource": "FREE_REALTIME",
        "exchange": EXCHANGES[instrument.kind][0],
        "exchangeName": EXCHANGES[instrument.kind][1],
        "marketState": "CLOSED",
        "quoteType": instrument.type,
        "symbol": instrument.symbol,
        "shortName": instrument.name,
        "longName": instrument.name,
        "currency": "USD",
        "currencySymbol": "$",
    }
    return module | ({"marketCap": known.market_cap} if instrument.company else {})


def summary_detail(known: Facts) -> dict[str, Any]:
    """The module summaryDetail."""
    past, company = known.past, known.instrument.company
    day = session(known)
    module = day | {
        "maxAge": 1,
        "priceHint": 2,
        "previousClose": known.previous,
        "open": day["regularMarketOpen"],
        "dayLow": day["regularMarketDayLow"],
        "dayHigh": day["regularMarketDayHigh"],
        "volume": day["regularMarketVolume"],
        "averageVolume": round(float(past.volume[-63:].mean())),
        "fiftyTwoWeekLow": round(float(past.low[known.year].min()), 4),
        "fiftyTwoWeekHigh": round(float(past.high[known.year].max()), 4),
        "fiftyDayAverage": round(float(past.close[-50:].mean()), 4),
        "twoHundredDayAverage": round(float(past.close[-200:].mean()), 4),
        "trailingAnnualDividendRate": round(known.dividends, 4),
        "trailingAnnualDividendYield": known.dividends / known.price,
        "currency": "USD",
        "tradeable": False,
    }
    if company:
        earned = known.trailing(company)["DilutedEPS"]
        module["marketCap"] = known.market_cap
        module["forwardPE"] = known.price / known.next_year_eps(company)
        module |= {"trailingPE": known.price / earned} if earned > 0 else {}
    return module


def asset_profile(known: Facts) -> dict[str, Any]:
    """The modules assetProfile and summaryProfile."""
    module = {"companyOfficers": [], "executiveTeam": [], "maxAge": 86400}
    company = known.instrument.company
    if company:
        module |= {
            "country": "United States",
            "sector": company.sector,
            "sectorKey": company.sector.lower().replace(" ", "-"),
            "industry": company.industry,
            "industryKey": company.industry.lower().replace(" ", "-"),
        }
    return module
