"""A made-up company: its fiscal calendar, when it reports, what it earns and what is expected."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from math import pi, sin
from zlib import crc32

BASE_YEAR = 2020
EXPECTATION_SWING = 0.04  # of the later result, by which the consensus errs at most


@dataclass(frozen=True)
class Company:
    """Figures are those of BASE_YEAR, in USD and in shares before any split."""

    symbol: str
    sector: str
    industry: str
    shares: float
    eps: float  # earnings per share of a year, less than 0 for a loss maker
    growth: float = 0.08  # of earnings and revenue, a year
    margin: float = 0.12  # net income over revenue of a company that earns
    debt_to_revenue: float = 0.4
    analysts: int = 12  # 0: nobody follows it and Yahoo has no estimates
    last_month: int = 12  # of the fiscal year

    def quarter_ends(self, first: date) -> Iterator[date]:
        """The last days of the fiscal quarters from `first` on, without end."""
        year, month = first.year, first.month
        while True:
            end = date(year, month, monthrange(year, month)[1])
            if (month - self.last_month) % 3 == 0 and end >= first:
                yield end
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)

    def is_year_end(self, quarter_end: date) -> bool:
        """Whether a fiscal year ends with the quarter."""
        return quarter_end.month == self.last_month

    def report_day(self, quarter_end: date) -> date:
        """The day on which the quarter is reported: 20 to 44 days later, never on a weekend."""
        day = quarter_end + timedelta(days=20 + crc32(self.symbol.encode()) % 25)
        return day + timedelta(days=(7 - day.weekday()) * (day.weekday() > 4))

    def unreported(self, today: date) -> Iterator[date]:
        """The quarters whose report comes after `today`, the next one first."""
        ends = self.quarter_ends(today - timedelta(days=140))
        return (end for end in ends if self.report_day(end) > today)

    def reported(self, today: date) -> list[date]:
        """The last twenty quarters reported by `today`, oldest first."""
        ends = []
        for end in self.quarter_ends(today - timedelta(days=5 * 366 + 140)):
            if self.report_day(end) > today:
                return ends[-20:]
            ends.append(end)
        raise AssertionError("quarters do not end")

    def scale(self, quarter_end: date) -> float:
        """How much larger the business is than in BASE_YEAR."""
        years = quarter_end.year - BASE_YEAR + quarter_end.month / 12
        return float((1 + self.growth) ** years)

    def quarter_eps(self, quarter_end: date) -> float:
        """What the quarter earns a share."""
        wobble = crc32(f"{self.symbol} {quarter_end}".encode()) % 2001 / 1000 - 1
        return round(self.eps / 4 * self.scale(quarter_end) * (1 + 0.08 * wobble), 2)

    def year_eps(self, year_end: date) -> float:
        """What the fiscal year that ends then earns a share."""
        return round(sum(map(self.quarter_eps, self.quarters(year_end))), 2)

    def quarters(self, year_end: date) -> list[date]:
        """The four quarters up to that day."""
        ends = self.quarter_ends(year_end - timedelta(days=340))
        return [next(ends) for _ in range(4)]

    def expected(self, result: float, period_end: date, day: date) -> float:
        """The consensus of `day` for a period that will bring `result`."""
        phase = crc32(f"{self.symbol} {period_end.year}".encode()) % 100 / 100
        error = EXPECTATION_SWING * sin(2 * pi * (day.toordinal() / 120 + phase))
        return round(result * (1 + error), 5)
