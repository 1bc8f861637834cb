"""What the simulated companies earn, what analysts expect them to earn, and when they report."""

from dataclasses import dataclass

import numpy as np

from flows.sources.demo.cast import Cast
from flows.sources.demo.draws import Counts, Days, Floats, Stream, generator, normals, revert
from flows.sources.demo.history import History
from flows.sources.demo.market import closes_on
from flows.sources.demo.names import NAMED

# Yearly growth of earnings by fiscal year: the seven slow down while small companies catch up.
GROWTH_YEARS = range(2021, 2061)
LASTING_GROWTH_PCT = (11, 9, 12)  # the seven, other large ones, small ones
GROWTH_PCT = {
    2023: (32, 2, -10),
    2024: (34, 7, -6),
    2025: (24, 9, 6),
    2026: (19, 11, 28),
    2027: (15, 12, 24),
}
YEARLY_LOSS_DECLINE = 0.15  # losses narrow
QUARTER_SHARES = np.array([0.235, 0.245, 0.25, 0.27])
REVISION_PERSISTENCE = 0.992  # a day
REVISION_DEVIATION = np.array([0.03, 0.04, 0.08])  # of the consensus, by cohort
COHORT_DEVIATION = 0.02
# Analysts start a year too high, the more so the smaller the company; too low for the seven.
EARLY_BIAS = np.array([-0.03, 0.01, 0.03])


@dataclass(frozen=True, eq=False)
class Companies:
    """One value per stock; a fiscal period is named by the month it ends in, counted from 1970."""

    base_eps: Floats  # a year, in USD, at `base_month`
    base_month: int
    cohort: Counts
    growth: Floats  # log growth since 2020, years × stocks
    fiscal_month: Counts  # 1 to 12
    report_lag_days: Counts
    analysts: Counts  # 0: not covered
    spread: Floats  # of the estimates, as a share of their mean
    revisions: Floats  # days × stocks
    first_day: np.datetime64

    def eps(self, month: Counts) -> Floats:
        """Earnings per share of the fiscal year that ends in that month."""
        log_growth = self._log_growth(month) - self._log_growth(
            np.full_like(month, self.base_month)
        )
        loss_years = (month - self.base_month) / 12
        factor = np.where(
            self.base_eps > 0, np.exp(log_growth), (1 - YEARLY_LOSS_DECLINE) ** loss_years
        )
        yearly: Floats = self.base_eps * factor
        return yearly

    def consensus(self, month: Counts, day: np.datetime64) -> Floats:
        """Mean estimate on `day` of that fiscal year's earnings; after its report, the earnings."""
        ahead = np.clip((self.report_day(month, True) - day).astype(float) / 365.25, 0.0, 2.0)
        revision = self.revisions[int((day - self.first_day).astype(int))]
        error = EARLY_BIAS[self.cohort] * ahead + revision * np.sqrt(np.minimum(ahead, 1.0))
        mean: Floats = self.eps(month) * (1 + error)
        return mean

    def report_day(self, month: Counts, is_year: bool) -> Days:
        """When the period that ends in that month is reported; a year takes ten days more."""
        return period_end(month) + self.report_lag_days + (10 if is_year else 0)

    def current_period(self, day: np.datetime64, is_year: bool) -> Counts:
        """The first fiscal quarter or year that is not reported by `day`: month it ends in."""
        length = 12 if is_year else 3
        this_month = int(day.astype("datetime64[M]").astype(int))
        ended = this_month - (this_month - (self.fiscal_month - 1)) % length
        return np.where(self.report_day(ended, is_year) > day, ended, ended + length)

    def fiscal_year_of(self, quarter: Counts) -> Counts:
        """The month that the fiscal year of a quarter ends in."""
        return quarter + (self.fiscal_month - 1 - quarter) % 12

    def quarter_share(self, quarter: Counts) -> Floats:
        """Share of the year's earnings that falls into a quarter."""
        share: Floats = QUARTER_SHARES[3 - (self.fiscal_year_of(quarter) - quarter) // 3]
        return share

    def _log_growth(self, month: Counts) -> Floats:
        place = np.clip((month + 1) / 12 + 1970 - 1 - GROWTH_YEARS[0], 0, len(GROWTH_YEARS) - 1.001)
        year, rest = place.astype(int), place % 1
        stock = np.arange(len(month))
        between: Floats = (1 - rest) * self.growth[year, stock] + rest * self.growth[
            year + 1, stock
        ]
        return between


def period_end(month: Counts) -> Days:
    """Last day of a month counted from January 1970."""
    return (month + 1).astype("datetime64[M]").astype("datetime64[D]") - 1


def found_companies(cast: Cast, history: History, seed: int) -> Companies:
    """The companies, with earnings set so that prices at the first snapshot make sense of them."""
    rng = generator(seed, Stream.COMPANY)
    count, cohort = len(cast.symbols), cast.cohort
    anchor = history.first_publication()
    price = closes_on(cast, history, seed, np.array([anchor]))[0]
    ratio = np.where(cast.is_large, 21, 17) * np.exp(rng.normal(0, 0.25, count))
    fiscal_month = rng.choice([12, 3, 6, 9, 1], size=count, p=[0.8, 0.05, 0.06, 0.06, 0.03])
    ratio[: len(NAMED)] = [company.price_to_earnings for company in NAMED]
    fiscal_month[: len(NAMED)] = [company.fiscal_month for company in NAMED]
    loss = -price * rng.uniform(0.02, 0.12, count)
    growth_pct = np.array([GROWTH_PCT.get(year, LASTING_GROWTH_PCT) for year in GROWTH_YEARS])
    shocks = rng.normal(0, 0.07, (len(GROWTH_YEARS), count)) + rng.normal(0, 0.04, count)
    analysts = np.where(cast.is_large, rng.integers(12, 30, count), rng.integers(2, 9, count))
    analysts[cast.is_seven] += 22
    analysts[~cast.is_large & (rng.random(count) < 0.05)] = 0
    lag, spread = rng.integers(20, 42, count), rng.uniform(0.04, 0.2, count)
    twin = [cast.symbols.index("GOOGL"), cast.symbols.index("GOOG")]
    for values in (lag, analysts, spread, shocks.T, price):
        values[twin[1]] = values[twin[0]]
    first_day, revisions = _revisions(cast, history, seed, twin)
    return Companies(
        base_eps=np.where(cast.traits["profitable"], price / ratio, loss),
        base_month=int(history.months()[anchor]) + 6,
        cohort=cohort,
        growth=(np.log1p(growth_pct / 100)[:, cohort] + shocks).cumsum(axis=0),
        fiscal_month=fiscal_month,
        report_lag_days=lag,
        analysts=analysts,
        spread=spread,
        revisions=revisions,
        first_day=first_day,
    )


def _revisions(
    cast: Cast, history: History, seed: int, twin: list[int]
) -> tuple[np.datetime64, Floats]:
    """How far analysts' mood is off, day by day from the year before the first snapshot."""
    first = (
        int(history.days[history.first_publication()].astype("datetime64[Y]").astype(int)) + 1969
    )
    last = int(history.days[-1].astype("datetime64[Y]").astype(int)) + 1970
    deviation = np.append(REVISION_DEVIATION[cast.cohort], np.full(3, COHORT_DEVIATION))
    paths, state = [], np.zeros(len(deviation))
    for year in range(first, last + 1):
        length = (np.datetime64(f"{year + 1}-01-01") - np.datetime64(f"{year}-01-01")).astype(int)
        noise = normals(seed, Stream.REVISION, year, (int(length), len(deviation)))
        noise *= deviation * np.sqrt(1 - REVISION_PERSISTENCE**2)
        paths.append(revert(noise, REVISION_PERSISTENCE, state))
        state = paths[-1][-1]
    path = np.concatenate(paths)
    own = path[:, :-3] + path[:, -3:][:, cast.cohort]
    own[:, twin[1]] = own[:, twin[0]]
    return np.datetime64(f"{first}-01-01"), own
