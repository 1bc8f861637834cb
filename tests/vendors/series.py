"""One series of the St. Louis Fed with all its vintages."""

from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

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
