"""One series of the St. Louis Fed with all its vintages."""

from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

CHICAGO = "America/Chicago"  # FRED dates its vintages there
FOR_EVER = "9999-12-31"
COLUMNS = ["observation_date", "value", "released_at"]


@dataclass
class Series:
    """`vintages` has one row per observation and release, in the order of COLUMNS.

    `value` is text as FRED writes it, "" where an observation has no value; `released_at` is naive
    UTC. A later release of the same observation revises it.
    """

    series_id: str
    vintages: pd.DataFrame

    def __post_init__(self) -> None:
        self.vintages = self.vintages[COLUMNS].sort_values(COLUMNS[::2], ignore_index=True)

    def known(self, moment: datetime) -> pd.DataFrame:
        """Every release up to that moment."""
        return self.vintages[self.vintages["released_at"] <= moment]

    def newest(self, moment: datetime) -> pd.DataFrame:
        """The last value of each observation that was known at that moment."""
        return self.known(moment).drop_duplicates("observation_date", keep="last")

    def release(self, observation: date, value: str, released_at: datetime) -> None:
        """Add an observation, or revise one."""
        row = pd.DataFrame([[pd.Timestamp(observation), value, released_at]], columns=COLUMNS)
        self.vintages = pd.concat([self.vintages, row])
        self.__post_init__()


def within(rows: pd.DataFrame, first: str | None, last: str | None) -> "pd.Series[bool]":
    """Which observations lie between two days, both inclusive."""
    days = rows["observation_date"].dt.strftime("%Y-%m-%d")
    return (days >= (first or "")) & (days <= (last or FOR_EVER))


def chicago_day(moment: pd.Timestamp) -> str:
    """The vintage date of a moment in naive UTC."""
    return f"{moment.tz_localize('UTC').tz_convert(CHICAGO):%Y-%m-%d}"


def release_days(rows: pd.DataFrame) -> "pd.Series[str]":
    """The vintage date of each row."""
    released = rows["released_at"].dt.tz_localize("UTC").dt.tz_convert(CHICAGO)
    return released.dt.strftime("%Y-%m-%d")


def vintages(known: pd.DataFrame, start: str, end: str) -> list[str]:
    """The vintage dates between two real-time dates, both inclusive."""
    return [day for day in sorted(set(release_days(known))) if start <= day <= end]


def held(known: pd.DataFrame, start: str, end: str) -> list[tuple[str, str, str, str]]:
    """First and last day for which each value held, clipped to the window; observation; value."""
    since = release_days(known)
    following = since.groupby(known["observation_date"]).shift(-1)
    until = pd.to_datetime(following).sub(pd.Timedelta(days=1)).dt.strftime("%Y-%m-%d")
    days = known["observation_date"].dt.strftime("%Y-%m-%d")
    rows = zip(since, until.fillna(FOR_EVER), days, known["value"], strict=True)
    return [
        (max(first, start), min(last, end), day, value)
        for first, last, day, value in rows
        if first <= end and last >= start
    ]
