"""Yahoo's /v8/finance/chart: daily bars, dividends and splits."""

from datetime import date
from typing import Any

import numpy as np

from .answer import Answer, as_json
from .history import History
from .hours import hours, midnight, new_york_day
from .instrument import PRICES
from .meta import meta
from .world import World

MONTHS = {"1mo": 1, "3mo": 3, "6mo": 6, "1y": 12, "2y": 24, "5y": 60, "10y": 120}
LIES = ("empty", "unknown_symbol", "nan_last_bar", "bar_tomorrow", "missing_session")


def chart(world: World, symbol: str, query: dict[str, str], fault: str = "") -> Answer:
    """Bars of one symbol by period1/period2 or range; `fault` is one of LIES or nothing."""
    instrument = world.known(symbol)
    if instrument is None or fault == "unknown_symbol":
        return error("Not Found", "No data found, symbol may be delisted", 404)
    if query.get("interval", "1d") != "1d":
        return error("Unprocessable Entity", "only interval=1d is served here", 422)
    past = world.history(symbol)
    period = window(past, query, world.seconds)
    if period is None:
        return error("Bad Request", f"Invalid input - range={query.get('range')}", 422)
    start, end = period
    if "period2" in query and past.timestamp.size and end <= int(past.timestamp[0]):
        missing = f"Data doesn't exist for startDate = {start}, endDate = {end}"
        return error("Bad Request", missing, 400)
    first, last = (int(np.searchsorted(past.timestamp, edge)) for edge in (start, end))
    if fault == "missing_session":
        last = min(last, past.timestamp.size - 1)
    if fault == "empty":
        last = first
    result: dict[str, Any] = {"meta": meta(instrument, past, world.seconds, first, query)}
    if last <= first:
        return as_json(wrap(result | {"indicators": {"quote": [{}], "adjclose": [{}]}}))
    bars = {name: getattr(past, name)[first:last] for name in (*PRICES, "volume", "adjclose")}
    bars["timestamp"] = past.timestamp[first:last]
    if fault in ("nan_last_bar", "bar_tomorrow"):
        bars = {name: values.tolist() for name, values in bars.items()}
        spoil(bars, fault)
    result["timestamp"] = bars.pop("timestamp")
    events = happenings(past, query.get("events", ""), start, end)
    if events:
        result["events"] = events
    adjusted = [{"adjclose": bars.pop("adjclose")}]
    return as_json(wrap(result | {"indicators": {"quote": [bars], "adjclose": adjusted}}))


def window(past: History, query: dict[str, str], now: int) -> tuple[int, int] | None:
    """First and past-the-last second that is asked for; None where the range is no range."""
    if "period1" in query or "period2" in query:
        return int(query.get("period1", 0)), int(query.get("period2", now))
    span = query.get("range", "1d").lower()
    end = now + 1
    if span == "max":
        return -(2**40), end
    if span == "ytd":
        return midnight(date(new_york_day(now).year, 1, 1)), end
    if span in MONTHS:
        return now - round(MONTHS[span] * 30.4375 * 86400), end
    if span.endswith("d") and span[:-1].isdigit():
        newest = past.timestamp[-int(span[:-1]) :]
        return (int(newest[0]) if newest.size else now), end
    return None


def happenings(past: History, asked: str, start: int, end: int) -> dict[str, Any]:
    """Dividends and splits whose ex-date opens in the window, as far as they are asked for."""
    events: dict[str, Any] = {}
    dividends = {
        str(at): {"amount": amount, "date": at}
        for at, amount in past.dividends
        if start <= at < end
    }
    splits = {
        str(at): {
            "date": at,
            "numerator": numerator,
            "denominator": denominator,
            "splitRatio": f"{numerator}:{denominator}",
        }
        for at, numerator, denominator in past.splits
        if start <= at < end
    }
    if dividends and "div" in asked:
        events["dividends"] = dividends
    if splits and "split" in asked:
        events["splits"] = splits
    return events


def spoil(bars: dict[str, list[Any]], fault: str) -> None:
    """Empty the last bar, or add one that the future has not brought yet."""
    if fault == "nan_last_bar":
        for name in (*PRICES, "volume", "adjclose"):
            bars[name][-1] = None
        return
    for values in bars.values():
        values.append(values[-1])
    known = hours()
    day = np.searchsorted(known.open_at, bars["timestamp"][-1], side="right") - 1
    bars["timestamp"][-1] = int(known.open_at[day + 1])


def wrap(result: dict[str, Any]) -> dict[str, Any]:
    """The envelope of a whole answer."""
    return {"chart": {"result": [result], "error": None}}


def error(code: str, description: str, status: int) -> Answer:
    """The envelope of a refusal."""
    problem = {"code": code, "description": description}
    return as_json({"chart": {"result": None, "error": problem}}, status)
