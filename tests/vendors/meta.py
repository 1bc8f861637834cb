"""What Yahoo's chart says of an instrument beside its bars."""

from typing import Any

import numpy as np

from .history import History
from .hours import gmt_offset, hours
from .instrument import Instrument

RANGES = ("1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max")
EXCHANGES = {"etf": ("PCX", "NYSEArca"), "index": ("SNP", "SNP"), "stock": ("NMS", "NasdaqGS")}


def meta(
    instrument: Instrument, past: History, now: int, first: int, query: dict[str, str]
) -> dict[str, Any]:
    """The chart's meta, for bars from the place `first` on."""
    exchange, exchange_name = EXCHANGES[instrument.kind]
    about: dict[str, Any] = {
        "currency": "USD",
        "symbol": instrument.symbol,
        "exchangeName": exchange,
        "fullExchangeName": exchange_name,
        "instrumentType": instrument.type,
        "firstTradeDate": int(past.timestamp[0]) if past.timestamp.size else None,
        "regularMarketTime": int(past.timestamp[-1]) if past.timestamp.size else None,
        "hasPrePostMarketData": instrument.kind != "index",
        "gmtoffset": gmt_offset(now),
        "timezone": "EDT" if gmt_offset(now) == -14400 else "EST",
        "exchangeTimezoneName": "America/New_York",
        "longName": instrument.name,
        "shortName": instrument.name,
        "priceHint": 2,
        "currentTradingPeriod": trading_period(now),
        "dataGranularity": "1d",
        "range": query.get("range", ""),
        "validRanges": RANGES,
    }
    if past.timestamp.size:
        year = past.timestamp >= now - 365 * 86400
        about |= {
            "regularMarketPrice": round(float(past.close[-1]), 4),
            "regularMarketDayHigh": round(float(past.high[-1]), 4),
            "regularMarketDayLow": round(float(past.low[-1]), 4),
            "regularMarketVolume": int(past.volume[-1]),
            "chartPreviousClose": round(float(past.close[max(first - 1, 0)]), 3),
        }
        if year.any():
            about["fiftyTwoWeekHigh"] = round(float(past.high[year].max()), 4)
            about["fiftyTwoWeekLow"] = round(float(past.low[year].min()), 4)
    return about


def trading_period(now: int) -> dict[str, Any]:
    """Pre-market, session and post-market of the session that runs or comes next."""
    known = hours()
    place = int(np.searchsorted(known.close_at, now))
    opens, closes = int(known.open_at[place]), int(known.close_at[place])
    offset = gmt_offset(opens)
    spans = {
        "pre": (opens - 19800, opens),
        "regular": (opens, closes),
        "post": (closes, closes + 14400),
    }
    zone = "EDT" if offset == -14400 else "EST"
    return {
        name: {"timezone": zone, "start": start, "end": end, "gmtoffset": offset}
        for name, (start, end) in spans.items()
    }
