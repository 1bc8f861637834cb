"""Funds and indices, priced from the stocks that are their members, and two bond funds."""

from collections.abc import Iterable, Iterator

import numpy as np

from flows.sources.demo.cast import Cast
from flows.sources.demo.draws import Flags, Floats
from flows.sources.demo.fund_rules import BOND_FUNDS, FUNDS, IS_INDEX, SYMBOLS
from flows.sources.demo.history import History
from flows.sources.demo.market import Year


def with_funds(
    years: Iterable[Year], cast: Cast, history: History, rates: dict[str, Floats]
) -> Iterator[Year]:
    """The same years with the columns of SYMBOLS behind those of the stocks.

    A fund's price follows the price return of its members less the fee; their dividends are kept
    and paid out quarterly, what bonds earn monthly. `rates` holds percent, one value a session.
    """
    months = history.months()
    # The first session of a month, or from its 20th day on: known without looking ahead.
    past_20th = (history.days - history.days.astype("datetime64[M]")).astype(int) >= 19
    quarterly = (months % 3 == 2) & past_20th
    pays = np.stack([_turns_true(quarterly), np.append(False, np.diff(months) > 0)], axis=1)
    pays = np.repeat(pays, [len(FUNDS), len(BOND_FUNDS)], axis=1)
    bond_returns, bond_income = _bonds(rates)
    shares = [_holdings(cast, history, number) for number in range(len(history.holdings_days()))]
    level = kept = np.zeros(len(SYMBOLS))
    for year in years:
        span = slice(year.start, year.start + len(year.days))
        returns, income = _pool(year, history, shares)
        if year.start == 0:
            level = np.append(_start_prices(year, cast, shares[0]), [*BOND_FUNDS.values()])
        returns -= np.array([fund.fee_pct for fund in FUNDS]) / 100 / 252
        growth = 1 + np.hstack([returns, bond_returns[span]])
        if year.start == 0:
            growth[0] = 1.0
        close = level * growth.cumprod(axis=0)
        previous = np.vstack([level, close[:-1]])
        earned = previous * np.hstack([income, bond_income[span]])
        dividend = np.zeros_like(close)
        for row in range(len(close)):
            kept = kept + earned[row]
            dividend[row] = np.where(pays[span][row] & ~IS_INDEX, np.round(kept, 4), 0.0)
            kept = kept - dividend[row]
        level = close[-1]
        yield Year(
            year=year.year,
            start=year.start,
            days=year.days,
            close=np.hstack([year.close, np.round(close, 4)]),
            previous_close=np.hstack([year.previous_close, np.round(previous, 4)]),
            dividend=np.hstack([year.dividend, dividend]),
            is_listed=np.hstack([year.is_listed, np.ones_like(close, dtype=bool)]),
        )


def members(cast: Cast, history: History, cohort: str, file_number: int) -> Flags:
    """Which stocks belong to LARGE, SMALL or ALL by the holdings file of that number."""
    index = int(history.holdings_days()[file_number])
    if cohort == "ALL":
        cohorts = [cast.is_member(name, file_number, index) for name in ("LARGE", "SMALL")]
        return np.logical_or(*cohorts)
    return cast.is_member(cohort, file_number, index)


def _holdings(cast: Cast, history: History, file_number: int) -> Floats:
    """Shares of each stock in each fund, stocks × FUNDS; 1 for members of an equal-weight one."""
    columns = []
    for fund in FUNDS:
        held = members(cast, history, fund.cohort, file_number)
        if fund.trait:
            held = held & cast.traits[fund.trait]
        if fund.kinds:
            held = held & (np.isin(cast.sectors, fund.kinds) | np.isin(cast.industries, fund.kinds))
        columns.append(held * (1.0 if fund.is_equal_weight else cast.shares))
    return np.stack(columns, axis=1)


def _pool(year: Year, history: History, shares: list[Floats]) -> tuple[Floats, Floats]:
    """Daily price return and dividend income of each fund's members, sessions × FUNDS.

    Members count that trade on this and the previous session; before the first file that one holds.
    """
    traded = year.is_listed & np.vstack([year.is_listed[0], year.is_listed[:-1]])
    before = year.previous_close * traded
    is_equal = np.array([fund.is_equal_weight for fund in FUNDS])
    file_number = np.searchsorted(history.holdings_days(), year.index) - 1
    returns, income = (np.zeros((len(year.days), len(FUNDS))) for _ in range(2))
    for number in np.unique(file_number):
        rows = file_number == number
        held = shares[max(number, 0)]
        base = before[rows] @ held[:, ~is_equal]
        returns[np.ix_(rows, ~is_equal)] = (year.close * traded)[rows] @ held[:, ~is_equal] / base
        income[np.ix_(rows, ~is_equal)] = (year.dividend * traded)[rows] @ held[:, ~is_equal] / base
        count = traded[rows].astype(float) @ held[:, is_equal]
        gains = year.close[rows] / year.previous_close[rows] * traded[rows]
        yields = year.dividend[rows] / year.previous_close[rows] * traded[rows]
        returns[np.ix_(rows, is_equal)] = gains @ held[:, is_equal] / count
        income[np.ix_(rows, is_equal)] = yields @ held[:, is_equal] / count
    return returns - 1, income


def _start_prices(year: Year, cast: Cast, held: Floats) -> Floats:
    """First prices, such that a fund that only drifts with its members ends near its `price`."""
    value = np.where([fund.is_equal_weight for fund in FUNDS], 1.0, cast.price[:, None]) * held
    growth = cast.price / year.close[0]
    prices = np.array([fund.price for fund in FUNDS])
    start: Floats = prices / ((value * growth[:, None]).sum(axis=0) / value.sum(axis=0))
    return start


def _turns_true(flags: Flags) -> Flags:
    turns: Flags = flags & ~np.append(False, flags[:-1])
    return turns


def _bonds(rates: dict[str, Floats]) -> tuple[Floats, Floats]:
    """Daily price return and income of IEF and HYG: minus duration · change of yield; the yield."""
    treasury = (rates["DGS5"] + rates["DGS10"]) / 2
    junk = rates["DGS5"] + rates["BAMLH0A0HYM2"]
    changes = np.diff(np.stack([treasury, junk], axis=1), axis=0, prepend=[[treasury[0], junk[0]]])
    yearly_loss_pct = np.array([0.0, 1.2])  # defaults
    returns = (-np.array([7.5, 3.2]) * changes - yearly_loss_pct / 252) / 100
    return returns, np.stack([treasury, junk], axis=1) / 100 / 252
