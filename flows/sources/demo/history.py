"""The sessions that a simulated history covers, and the dates its publications follow."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
import pandas as pd

from flows.sources.demo.draws import Counts, Days

ANCHOR = date(2026, 7, 1)  # the story ends here; a history of n years starts n years earlier


@dataclass(frozen=True)
class History:
    """Sessions from the first one to the end of the year that `until` (or the anchor) falls in.

    Whole years are simulated and then cut at `until`, so that nothing depends on where it is cut.
    """

    days: Days
    anchor: int  # index of the last session before ANCHOR
    count: int  # sessions up to and including `until`

    def years(self) -> Iterator[tuple[int, slice]]:
        """Each calendar year with the slice of `days` that falls in it."""
        year_of = self.days.astype("datetime64[Y]").astype(int) + 1970
        for year in np.unique(year_of):
            span = np.flatnonzero(year_of == year)
            yield int(year), slice(int(span[0]), int(span[-1]) + 1)

    def index_from(self, day: date | None) -> int:
        """Index of the first session on or after `day`, or of all."""
        return 0 if day is None else int(np.searchsorted(self.days, np.datetime64(day)))

    def told(self, indices: Counts, since: date | None) -> Counts:
        """Those of the sessions that lie between `since` and the history's end."""
        within: Counts = indices[(indices >= self.index_from(since)) & (indices < self.count)]
        return within

    def months(self) -> Counts:
        """Months since January 1970 of each session."""
        return self.days.astype("datetime64[M]").astype(np.int64)

    def month_ends(self) -> Counts:
        """Indices of the last session of each month, future ones too."""
        return np.flatnonzero(np.append(np.diff(self.months()) > 0, True))

    def week_ends(self) -> Counts:
        """Indices of the last session of each week, future ones too."""
        weeks: Counts = (self.days.astype(np.int64) + 3) // 7  # weeks from Monday to Sunday
        return np.flatnonzero(np.append(np.diff(weeks) > 0, True))

    def first_publication(self) -> int:
        """Index of the first snapshot: the month end two years before the anchor."""
        two_years_before = date(ANCHOR.year - 2, ANCHOR.month - 1, 1)
        ends = self.month_ends()
        return int(ends[np.searchsorted(ends, self.index_from(two_years_before))])

    def holdings_days(self) -> Counts:
        """Indices of the days that holdings files describe: half-yearly from the first snapshot."""
        return self._month_ends_every(6)

    def quarter_days(self) -> Counts:
        """Indices of the days of company facts: quarterly from the first snapshot."""
        return self._month_ends_every(3)

    def estimate_days(self) -> Counts:
        """Indices of the days of estimates: month ends up to the anchor, then every week's end."""
        first, ends, weeks = self.first_publication(), self.month_ends(), self.week_ends()
        return np.append(ends[(ends >= first) & (ends <= self.anchor)], weeks[weeks > self.anchor])

    def _month_ends_every(self, months: int) -> Counts:
        ends = self.month_ends()
        ends = ends[ends >= self.first_publication()]
        kept: Counts = ends[(self.months()[ends] - self.months()[ends[0]]) % months == 0]
        return kept


@lru_cache(maxsize=16)
def open_history(years: int, until: date) -> History:
    """The history of `years` years before ANCHOR, cut at `until` (a date, not only a session)."""
    import exchange_calendars

    start = ANCHOR.replace(year=ANCHOR.year - years)
    end = date(max(until, ANCHOR).year, 12, 31)
    calendar = exchange_calendars.get_calendar(
        "XNYS", start=pd.Timestamp(start), end=pd.Timestamp(end)
    )
    days = calendar.sessions.to_numpy().astype("datetime64[D]")
    return History(
        days=days,
        anchor=int(np.searchsorted(days, np.datetime64(ANCHOR))) - 1,
        count=int(np.searchsorted(days, np.datetime64(until), side="right")),
    )
