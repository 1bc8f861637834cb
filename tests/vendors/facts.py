"""What every page of Yahoo repeats of an instrument: its price, its size, its day."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from .company import Company
from .history import History
from .hours import new_york_day
from .instrument import Instrument
from .statements import Figures, year_figures
from .world import World


@dataclass
class Facts:
    """An instrument at one moment; amounts in USD."""

    instrument: Instrument
    past: History
    at: int  # seconds since 1970
    split_factor: float  # shares of today for one of the beginning

    @property
    def today(self) -> date:
        """The day in New York."""
        return new_york_day(self.at)

    @property
    def price(self) -> float:
        """The newest close, or the newest trade while the session runs."""
        return round(float(self.past.close[-1]), 4)

    @property
    def previous(self) -> float:
        """The close before that."""
        return round(float(self.past.close[-2:][0]), 4)

    @property
    def year(self) -> np.ndarray:
        """Which bars belong to the last 52 weeks."""
        return self.past.timestamp >= min(self.at - 365 * 86400, int(self.past.timestamp[-1]))

    @property
    def dividends(self) -> float:
        """Paid a share in the last twelve months."""
        return sum(paid for ex, paid in self.past.dividends if ex > self.at - 365 * 86400)

    @property
    def shares(self) -> int:
        """Shares outstanding, of a company."""
        assert self.instrument.company is not None
        return round(self.instrument.company.shares * self.split_factor)

    @property
    def market_cap(self) -> int:
        """Market value of all shares, of a company."""
        return round(self.shares * self.price)

    def last_year_end(self, company: Company) -> date:
        """The end of the last reported fiscal year."""
        return [end for end in company.reported(self.today) if company.is_year_end(end)][-1]

    def trailing(self, company: Company) -> Figures:
        """The last four reported quarters as one year."""
        return year_figures(company, company.reported(self.today)[-1], self.split_factor)

    def next_year_eps(self, company: Company) -> float:
        """What is expected of the next fiscal year, a present share."""
        ends = (end for end in company.unreported(self.today) if company.is_year_end(end))
        next(ends)
        end = next(ends)
        return company.expected(company.year_eps(end), end, self.today) / self.split_factor

    def days_ago(self, days: int) -> date:
        """The day that many days before."""
        return self.today - timedelta(days=days)


def facts(world: World, instrument: Instrument) -> Facts:
    """The instrument now; it must have traded before."""
    past = world.history(instrument.symbol)
    factor = float(np.prod([n / d for _, n, d in past.splits]))
    return Facts(instrument, past, world.seconds, factor)
