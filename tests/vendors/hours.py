"""When the exchange is open, in seconds since 1970 as Yahoo counts them."""

from datetime import UTC, date, datetime
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from warehouse.calendar import exchange

NEW_YORK = ZoneInfo("America/New_York")
HOUR = 3600


class Hours(NamedTuple):
    """Every session with its opening and its close; the three arrays belong together."""

    day: np.ndarray  # datetime64[D]
    open_at: np.ndarray  # seconds since 1970
    close_at: np.ndarray


@cache
def hours() -> Hours:
    """All sessions from 1990 to about a year ahead."""
    calendar = exchange()
    opens, closes = (
        times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[s]").astype("int64")
        for times in (calendar.opens, calendar.closes)
    )
    return Hours(calendar.sessions.to_numpy("datetime64[D]"), opens, closes)


def with_hours(bars: pd.DataFrame) -> pd.DataFrame:
    """The bars (indexed by session) with the columns open_at and close_at."""
    known = hours()
    days = bars.index.to_numpy("datetime64[D]")
    place = np.searchsorted(known.day, days)
    if not np.array_equal(known.day[place], days):
        raise ValueError("a bar is dated on a day without a session")
    return bars.assign(open_at=known.open_at[place], close_at=known.close_at[place])


def seconds(moment: datetime) -> int:
    """Seconds since 1970 of a naive UTC moment."""
    return int(moment.replace(tzinfo=UTC).timestamp())


def midnight(day: date) -> int:
    """The day's beginning in UTC, as Yahoo dates reports and fiscal periods."""
    return seconds(datetime(day.year, day.month, day.day))


def new_york_day(at: int) -> date:
    """The calendar day in New York at a second since 1970."""
    return datetime.fromtimestamp(at, NEW_YORK).date()


def gmt_offset(at: int) -> int:
    """Seconds that New York is ahead of UTC (negative) at that second."""
    offset = datetime.fromtimestamp(at, NEW_YORK).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())
