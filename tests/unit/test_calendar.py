"""The calendar of sessions: what is one, when it counts as known, what surrounds a day."""

from datetime import date, datetime

import pandas as pd
import pytest

from warehouse import calendar


@pytest.fixture(scope="module")
def days() -> pd.DataFrame:
    return calendar.calendar_days().set_index("day")


@pytest.mark.parametrize(
    ("day", "trades"),
    [
        ("2026-01-27", True),
        ("2025-11-28", True),  # closes early
        ("2026-01-24", False),  # a Saturday
        ("2026-01-19", False),  # Martin Luther King Day
        ("2025-01-09", False),  # mourning for President Carter
        ("2001-09-12", False),  # closed after the attacks
        ("2012-10-29", False),  # Hurricane Sandy
        ("1989-12-29", False),  # before the calendar begins
        ("2100-01-04", False),  # after it ends
    ],
)
def test_what_is_a_session(day: str, trades: bool) -> None:
    assert calendar.is_session(date.fromisoformat(day)) is trades


@pytest.mark.parametrize(
    ("moment", "session"),
    [
        ("2026-01-27 21:59:59", "2026-01-26"),
        ("2026-01-27 22:00:00", "2026-01-27"),
        ("2026-01-28 03:00:00", "2026-01-27"),
        ("2026-01-25 12:00:00", "2026-01-23"),  # a Sunday
        ("2026-01-20 12:00:00", "2026-01-16"),  # the morning after a long weekend
        ("2025-11-28 19:00:00", "2025-11-26"),  # the early close counts at the usual hour
        ("1990-01-02 22:00:00", "1990-01-02"),
    ],
)
def test_the_newest_completed_session(moment: str, session: str) -> None:
    newest = calendar.newest_completed_session(datetime.fromisoformat(moment))
    assert newest == date.fromisoformat(session)


def test_a_night_ends_half_an_hour_after_its_quotes_are_known() -> None:
    assert calendar.night_ends(date(2026, 1, 27)) == datetime(2026, 1, 27, 22, 30)


def test_now_is_naive_utc() -> None:
    assert calendar.now().tzinfo is None


def test_days_have_no_hole_and_reach_beyond_today(days: pd.DataFrame) -> None:
    assert days.index[0] <= pd.Timestamp("1990-01-02")
    assert days.index[-1] > pd.Timestamp(calendar.now()) + pd.Timedelta(days=300)
    assert (days.index.diff()[1:] == pd.Timedelta(days=1)).all()


@pytest.mark.parametrize(
    ("day", "before", "after"),
    [
        ("2026-01-27", "2026-01-26", "2026-01-28"),
        ("2026-01-24", "2026-01-23", "2026-01-26"),  # a Saturday
        ("2026-01-16", "2026-01-15", "2026-01-20"),  # before a long weekend
        ("2026-01-19", "2026-01-16", "2026-01-20"),  # the holiday itself
    ],
)
def test_the_sessions_around_a_day(days: pd.DataFrame, day: str, before: str, after: str) -> None:
    found = days.loc[day]
    assert found["previous_session"] == pd.Timestamp(before)
    assert found["next_session"] == pd.Timestamp(after)


def test_only_sessions_have_a_nights_end(days: pd.DataFrame) -> None:
    assert days.loc["2026-01-27", "night_ends"] == pd.Timestamp("2026-01-27 22:30")
    assert (days["night_ends"].notna() == days["is_session"]).all()


def test_the_first_session_has_none_before(days: pd.DataFrame) -> None:
    first = days[days["is_session"]].iloc[0]
    assert pd.isna(first["previous_session"])
    assert first["next_session"] == pd.Timestamp("1990-01-03")
