"""The sessions of the New York Stock Exchange (XNYS): one calendar for everything."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from exchange_calendars import ExchangeCalendar

FIRST_DAY = date(1990, 1, 1)  # FRED's series of the drop begin here
QUOTES_KNOWN_AT = time(22, 0)  # UTC; closing prices count as known from then on
NIGHT_ENDS_AT = time(22, 30)  # UTC; a night for session D knows what was known by then


@cache
def exchange() -> "ExchangeCalendar":
    """The exchange's calendar from 1990 to about a year ahead."""
    import exchange_calendars

    return exchange_calendars.get_calendar("XNYS", start=FIRST_DAY.isoformat())


def is_session(day: date) -> bool:
    """Whether the exchange trades on `day`; False beyond the calendar's end."""
    first, last = exchange().first_session.date(), exchange().last_session.date()
    return first <= day <= last and bool(exchange().is_session(str(day)))


def night_ends(session: date) -> datetime:
    """The moment (naive UTC) by which a value must be known to count for `session`'s night."""
    return datetime.combine(session, NIGHT_ENDS_AT)


def now() -> datetime:
    """This moment, naive UTC, as every `known_at` is."""
    return datetime.now(UTC).replace(tzinfo=None)


def newest_completed_session(at: datetime) -> date:
    """The newest session whose closing prices count as known at `at` (naive UTC)."""
    day = at.date() if at.time() >= QUOTES_KNOWN_AT else at.date() - timedelta(days=1)
    session: pd.Timestamp = exchange().date_to_session(str(day), direction="previous")
    return session.date()


def calendar_days() -> "pd.DataFrame":
    """Every day from 1990 to a year ahead, the sessions around it, its close and night's end."""
    import pandas as pd

    sessions = exchange().sessions
    days = pd.DataFrame({"day": pd.date_range(sessions[0], sessions[-1] - pd.Timedelta(days=1))})
    days["is_session"] = days["day"].isin(sessions)
    before = sessions.searchsorted(days["day"]) - 1
    days["previous_session"] = sessions[before].where(before >= 0)
    days["next_session"] = sessions[sessions.searchsorted(days["day"], side="right")]
    closes = exchange().closes.dt.tz_localize(None).astype("datetime64[us]")
    days["closes_at"] = days["day"].map(closes)
    ends = pd.Timedelta(hours=NIGHT_ENDS_AT.hour, minutes=NIGHT_ENDS_AT.minute)
    days["night_ends"] = (days["day"] + ends).where(days["is_session"])
    return days
