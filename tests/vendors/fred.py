"""FRED: the graph's CSV without a key, and the API with vintages."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd

from .answer import CSV, Answer, Request, as_json, page
from .series import FOR_EVER, Series, chicago_day, held, vintages, within
from .world import World

HOSTS = ("fred.stlouisfed.org", "api.stlouisfed.org")
VINTAGE_LIMIT = 2000  # dates that one request may span


class Fred:
    """Answers for FRED's hosts."""

    def __init__(self, world: World) -> None:
        self.world = world

    def answer(self, request: Request, fault: str = "") -> Answer:
        """The answer to one request; `fault` is one that changes what is said."""
        query = request.parameters
        if request.host == HOSTS[0]:
            if request.path == "/graph/fredgraph.csv":
                return self.graph(query, fault)
            return page("Page Not Found", "", 404)
        endpoints: dict[str, Callable[[Series, dict[str, str], str], Answer]] = {
            "/fred/series/observations": self.observations,
            "/fred/series/vintagedates": self.vintage_dates,
        }
        if request.path not in endpoints:
            return bad_request("This is not a web service of this stand-in.", 404)
        key = query.get("api_key")
        if key is None:
            return bad_request(
                "Variable api_key is not set.  Read "
                "https://fred.stlouisfed.org/docs/api/api_key.html for more "
                "information."
            )
        if key != self.world.fred_key:
            return bad_request("The value for variable api_key is not registered.")
        if query.get("file_type", "xml") != "json":
            return bad_request("Only file_type json is served here.")
        series = self.world.series.get(query.get("series_id", ""))
        if series is None or fault == "unknown_symbol":
            return bad_request("The series does not exist.")
        return endpoints[request.path](series, query, fault)

    def graph(self, query: dict[str, str], fault: str) -> Answer:
        """The newest values of one series as CSV; a missing value is an empty cell."""
        name = query.get("id", "")
        series = self.world.series.get(name)
        if series is None or fault == "unknown_symbol":
            return page("Page Not Found", "", 404)
        rows = series.newest(self.world.moment)
        rows = rows[within(rows, query.get("cosd"), query.get("coed"))]
        lines = [f"{self.world.fred_date_header},{name}"]
        lines += spoilt([[f"{day:%Y-%m-%d}", value] for day, value, _ in rows.values], fault, "")
        return Answer(("\n".join(map(as_line, lines)) + "\n").encode(), 200, CSV)

    def observations(self, series: Series, query: dict[str, str], fault: str) -> Answer:
        """Values between two real-time dates, each with the time for which it held."""
        today = chicago_day(pd.Timestamp(self.world.moment))
        start = query.get("realtime_start", today)
        end = query.get("realtime_end", today)
        known = series.known(self.world.moment)
        if (count := len(vintages(known, start, end))) > VINTAGE_LIMIT:
            return bad_request(
                f"There are {count} vintage dates in the specified real-time period: {start} to "
                f"{end}.  This exceeds the maximum number of vintage dates allowed "
                f"({VINTAGE_LIMIT})."
            )
        first = query.get("observation_start", "1776-07-04")
        last = query.get("observation_end", FOR_EVER)
        rows = held(known[within(known, first, last)], start, end)
        cells = spoilt([[day, value or "."] for _, _, day, value in rows], fault, ".")
        if fault == "bar_tomorrow":
            rows = [*rows, rows[-1]] if rows else rows
        rows = [(since, until) for since, until, *_ in rows][: len(cells)]
        if query.get("sort_order") == "desc":
            rows, cells = rows[::-1], cells[::-1]
        return paged(
            query,
            100_000,
            "observations",
            [
                {"realtime_start": since, "realtime_end": until, "date": day, "value": value}
                for (since, until), (day, value) in zip(rows, cells, strict=True)
            ],
            {
                "realtime_start": start,
                "realtime_end": end,
                "observation_start": first,
                "observation_end": last,
                "units": "lin",
                "output_type": 1,
                "file_type": "json",
                "order_by": "observation_date",
                "sort_order": query.get("sort_order", "asc"),
            },
        )

    def vintage_dates(self, series: Series, query: dict[str, str], fault: str) -> Answer:
        """The dates on which the series changed."""
        start, end = query.get("realtime_start", "1776-07-04"), query.get("realtime_end", FOR_EVER)
        dates = vintages(series.known(self.world.moment), start, end)
        about = {"realtime_start": start, "realtime_end": end, "sort_order": "asc"}
        return paged(query, 10_000, "vintage_dates", [] if fault == "empty" else dates, about)


def as_line(cells: str | list[str]) -> str:
    """One line of CSV."""
    return cells if isinstance(cells, str) else ",".join(cells)


def spoilt(rows: list[list[str]], fault: str, missing: str) -> list[list[str]]:
    """The rows of day and value, with a lie in them where the fault is one."""
    if fault == "empty" or not rows:
        return []
    day, value = rows[-1]
    match fault:
        case "nan_last_bar":
            return [*rows[:-1], [day, missing]]
        case "missing_session":
            return rows[:-1]
        case "bar_tomorrow":
            tomorrow = date.fromisoformat(day).toordinal() + 92  # of a monthly series too
            return [*rows, [date.fromordinal(tomorrow).isoformat(), value]]
    return rows


def paged(
    query: dict[str, str], most: int, name: str, rows: list[Any], about: dict[str, Any]
) -> Answer:
    """One page of the rows, as limit and offset ask for."""
    limit, offset = int(query.get("limit", most)), int(query.get("offset", 0))
    if not 1 <= limit <= most:
        return bad_request(f"Variable limit is not between 1 and {most}.")
    page_of = {"count": len(rows), "offset": offset, "limit": limit}
    return as_json(about | page_of | {name: rows[offset : offset + limit]})


def bad_request(message: str, status: int = 400) -> Answer:
    """A refusal as the API gives it."""
    error = {"error_code": status, "error_message": f"Bad Request.  {message}"}
    return as_json(error, status)
