"""What breadth counts: the covered members of a cohort in each session, by what they do."""

import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

MEANS = (20, 50, 200)  # closes of a moving average
MONTH, YEAR = 21, 252  # sessions of a return; closes that a high or a low is the extreme of
MARGIN = 1 + 1e-12  # keeps what stands still from being above a mean that is off in its last bit
# Quotes that a member has where it is counted among the eligible; of two it is covered.
ELIGIBLE = (2, 20, MONTH + 1, 50, 200, YEAR)
# Quotes that are measured together and sessions that are sorted, as fits a processor's cache.
AT_ONCE, SESSIONS_AT_ONCE = 65_536, 64
KEY = ["cohort", "valid_from", "session"]

Values = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.integer[Any]]
Flags = npt.NDArray[np.bool_]


class Part(NamedTuple):
    """What some symbols add to the whole.

    `sums` has what adds up, by cohort, file and session; `month_pct` by cohort the members'
    21-session returns, symbols by sessions, because no sums give their median.
    """

    sums: pd.DataFrame
    month_pct: dict[str, pd.DataFrame]


class Quotes(NamedTuple):
    """Closes by symbol and session, numbered from 0, and each one's place among its symbol's."""

    close: Values
    symbol: Numbers
    session: Numbers
    place: Numbers

    def take(self, rows: Flags | Numbers | slice) -> "Quotes":
        return Quotes(self.close[rows], self.symbol[rows], self.session[rows], self.place[rows])


class Cohort:
    """The members of a cohort's files, and what has been summed up of them.

    Sessions, symbols and files are known by their numbers. That of no file is -1, the last row's,
    which has no members.
    """

    def __init__(
        self,
        files: pd.DataFrame,
        members: pd.DataFrame,
        symbols: pd.Index,
        benchmark_pct: "pd.Series[float]",
    ) -> None:
        self.sessions = benchmark_pct.index
        self.benchmark_pct = benchmark_pct.to_numpy()
        self.valid_from = files["valid_from"].to_numpy()
        self.file = files["applies_from"].searchsorted(self.sessions, side="right") - 1
        last_day = np.append(files["valid_to"].to_numpy(), np.datetime64("NaT"))  # NaT is no end
        is_over = np.asarray(self.sessions.to_numpy() > last_day[self.file])
        self.file[is_over] = -1
        file = pd.Index(files["valid_from"]).get_indexer(pd.Index(members["valid_from"]))
        symbol = symbols.get_indexer(pd.Index(members["symbol"]))
        is_here = (file >= 0) & (symbol >= 0)
        self.is_member = np.zeros((len(files) + 1, len(symbols)), bool)
        self.is_member[file[is_here], symbol[is_here]] = True
        self.is_ever = np.asarray(self.is_member.any(axis=0))
        self.weight_pct = np.full(self.is_member.shape, np.nan)
        self.weight_pct[file[is_here], symbol[is_here]] = members["weight_pct"][is_here]
        self.has_weights = not np.isnan(self.weight_pct).all()
        self.row = self.is_ever.cumsum() - 1
        self.month_pct = np.full((self.is_ever.sum(), len(self.sessions)), np.nan)
        self.sums: dict[str, npt.NDArray[Any]] = {}

    def add(self, quotes: Quotes, measured: Mapping[str, Flags | Values]) -> None:
        """Sum up the members among some symbols, where they are quoted now and before."""
        is_ever = self.is_ever[quotes.symbol]
        if not is_ever.all():
            quotes = quotes.take(is_ever)
            measured = {name: values[is_ever] for name, values in measured.items()}
        _, symbol, session, place = quotes
        where = self.file[session] * len(self.is_ever) + symbol
        is_covered = self.is_member.ravel()[where] & (place > 1)
        month_pct = np.where(is_covered, measured["return_1m_pct"], np.nan)
        self.month_pct[self.row[symbol], session] = month_pct
        told = {name: is_covered & flag for name, flag in measured.items() if flag.dtype == bool}
        told |= {
            "outperforming_1m_count": month_pct > self.benchmark_pct[session],
            "return_1d_sum_pct": np.where(is_covered, measured["return_1d_pct"], 0),
        }
        if self.has_weights:
            weight_pct = np.where(is_covered, self.weight_pct.ravel()[where], np.nan)
            told["weighted_count"] = ~np.isnan(weight_pct)
            told["covered_weight_pct"] = np.nan_to_num(weight_pct)
        count, kinds = len(self.sessions), len(ELIGIBLE) + 1
        sums = {name: np.bincount(session, values, count) for name, values in told.items()}
        # By how many of the windows a member's quotes fill: who fills one fills all before it.
        filled = np.searchsorted(ELIGIBLE, np.where(is_covered, place, 0), side="right")
        having = np.bincount(session * kinds + filled, minlength=count * kinds)
        eligible = having.reshape(count, kinds)[:, ::-1].cumsum(axis=1)[:, -2::-1]
        sums |= {f"eligible_{n}_count": eligible[:, k] for k, n in enumerate(ELIGIBLE)}
        for name, values in sums.items():
            self.sums[name] = self.sums.get(name, 0) + values

    def told(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The sums of the sessions on which a member is covered, and the returns."""
        unweighted = {"weighted_count": 0, "covered_weight_pct": 0.0}
        sums = pd.DataFrame(unweighted | self.sums, self.sessions.rename("session"))
        compared = sums[f"eligible_{MONTH + 1}_count"].where(~np.isnan(self.benchmark_pct), 0)
        covered = np.flatnonzero(sums["eligible_2_count"])
        told = sums.assign(compared_1m_count=compared).iloc[covered]
        month_pct = pd.DataFrame(self.month_pct, columns=self.sessions, copy=False)
        return told.assign(valid_from=self.valid_from[self.file[covered]]), month_pct


def part(
    core_quote: pd.DataFrame,
    core_benchmark_quote: pd.DataFrame,
    core_cohort_member: pd.DataFrame,
    core_cohort_file: pd.DataFrame,
    reference_cohort: pd.DataFrame,
) -> Part:
    """Sum up what the members do that are among the symbols quoted.

    A window is of a symbol's own last quotes, whatever sessions it lacks. A member is covered where
    it is quoted on the session and on an earlier one.
    """
    symbols, sessions = (core_quote[key].astype("category").cat for key in ("symbol", "session"))
    quotes = _ordered(
        core_quote["close"].to_numpy(), symbols.codes.to_numpy(), sessions.codes.to_numpy()
    )
    cohorts = {
        cohort: Cohort(
            core_cohort_file[core_cohort_file["cohort"] == cohort].sort_values("applies_from"),
            core_cohort_member[core_cohort_member["cohort"] == cohort],
            symbols.categories,
            _month_pct_of(benchmark, core_benchmark_quote).reindex(sessions.categories),
        )
        for cohort, benchmark in zip(
            reference_cohort["cohort"], reference_cohort["benchmark_symbol"], strict=True
        )
    }
    for some in _some_symbols(quotes):
        measured = measure(some)
        for cohort in cohorts.values():
            cohort.add(some, measured)
    told = {name: cohort.told() for name, cohort in cohorts.items()}
    return Part(
        pd.concat({name: sums for name, (sums, _) in told.items()}, names=["cohort"]),
        {name: month_pct for name, (_, month_pct) in told.items()},
    )


def breadth_count(parts: Iterable[Part]) -> pd.DataFrame:
    """Add the parts up; what would be a share of none, or counted among none, is NaN."""
    told = list(parts)
    total = pd.concat([part.sums for part in told]).groupby(KEY, as_index=False).sum()
    total = total.join(_medians(told), on=["cohort", "session"])
    covered, year = total["eligible_2_count"], total[f"eligible_{YEAR}_count"]
    return total[[*KEY, "advancers", "decliners", "unchanged"]].assign(
        covered_count=covered,
        covered_weight_pct=total["covered_weight_pct"].where(total["weighted_count"] > 0),
        **{
            f"above_sma_{n}_pct": _share_pct(total, f"above_sma_{n}_count", f"eligible_{n}_count")
            for n in MEANS
        },
        **{f"eligible_{n}_count": total[f"eligible_{n}_count"] for n in (*MEANS, YEAR)},
        **{name: total[name].where(year > 0) for name in ("new_high_252", "new_low_252")},
        outperforming_1m_pct=_share_pct(total, "outperforming_1m_count", "compared_1m_count"),
        median_return_1m_pct=total["median_return_1m_pct"],
        equal_weight_return_1d_pct=total["return_1d_sum_pct"] / covered,
    )


def _share_pct(total: pd.DataFrame, count: str, of: str) -> "pd.Series[float]":
    return 100 * total[count] / total[of].where(total[of] > 0)


def _medians(parts: list[Part]) -> "pd.Series[float]":
    """By cohort and session the median of all parts' returns."""
    medians = {}
    for cohort in parts[0].month_pct:
        returns = [part.month_pct[cohort] for part in parts]
        sessions = reduce(pd.Index.union, (frame.columns for frame in returns))
        values = [frame.reindex(columns=sessions).to_numpy() for frame in returns]
        cuts = range(0, len(sessions) or 1, SESSIONS_AT_ONCE)
        some = ([all_[:, cut : cut + SESSIONS_AT_ONCE] for all_ in values] for cut in cuts)
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as sorting:
            middle = list(sorting.map(_median, some))
        medians[cohort] = pd.Series(np.concatenate(middle), sessions)
    return pd.concat(medians, names=["cohort", "session"]).rename("median_return_1m_pct")


def _median(values: list[Values]) -> Values:
    """The median of each column, NaN where it has no value."""
    ordered = np.sort(np.concatenate(values).T, axis=1)  # what is NaN comes last
    known = np.count_nonzero(~np.isnan(ordered), axis=1)
    rows = np.flatnonzero(known)
    lower, upper = (known[rows] - 1) // 2, known[rows] // 2
    median = np.full(len(known), np.nan)
    median[rows] = (ordered[rows, lower] + ordered[rows, upper]) / 2
    return median


def measure(quotes: Quotes) -> dict[str, Flags | Values]:
    """What each close is against those before: flags by what they count, and returns.

    Of a symbol's first close alone flags have no meaning.
    """
    close, place = quotes.close, quotes.place
    before, is_year = earlier(close, 1), place >= YEAR
    high, low = (extreme_of_last(YEAR, close, join) for join in (np.maximum, np.minimum))
    measured = {
        "advancers": close > before,
        "decliners": close < before,
        "unchanged": close == before,
        "new_high_252": is_year & (close >= high),
        "new_low_252": is_year & (close <= low),
        "return_1d_pct": 100 * (close / before - 1),
        "return_1m_pct": np.where(place > MONTH, 100 * (close / earlier(close, MONTH) - 1), np.nan),
    }
    windows = doubled(close, max(MEANS), np.add)
    for count in MEANS:
        is_above = close > sum_of_last(count, windows) * (MARGIN / count)
        measured[f"above_sma_{count}_count"] = is_above & (place >= count)
    return measured


def earlier(values: Values, rows: int) -> Values:
    """The values so many rows before, the first ones themselves."""
    return np.concatenate([values[:rows], values[:-rows]])


def doubled(values: Values, longest: int, join: np.ufunc) -> dict[int, Values]:
    """The last 1, 2, 4 … values joined, each window of two halves, where there are so many."""
    windows = {1: values}
    while (size := max(windows)) <= longest // 2:
        windows[2 * size] = _joined(windows[size], windows[size], size, join)
    return windows


def sum_of_last(count: int, windows: dict[int, Values]) -> Values:
    """The sum of the last `count` values, of doubled windows one after the other."""
    first, *rest = (size for size in windows if size & count)
    summed, reach = windows[first], first
    for size in rest:
        summed, reach = _joined(summed, windows[size], reach, np.add), reach + size
    return summed


def extreme_of_last(count: int, values: Values, join: np.ufunc) -> Values:
    """The extreme of the last `count` values, of two doubled windows that may overlap."""
    windows = doubled(values, count, join)
    size = max(windows)
    return _joined(windows[size], windows[size], count - size, join)


def _joined(values: Values, others: Values, rows: int, join: np.ufunc) -> Values:
    """Values with others of so many rows before; the first ones, without such, as they are."""
    joined = np.empty_like(values)
    joined[:rows] = values[:rows]
    join(values[rows:], others[:-rows], out=joined[rows:])
    return joined


def _ordered(close: Values, symbol: Numbers, session: Numbers) -> Quotes:
    """The quotes by symbol and session, as they come where they come so."""
    is_next = symbol[1:] > symbol[:-1]
    is_later = (symbol[1:] == symbol[:-1]) & (session[1:] > session[:-1])
    if not (is_next | is_later).all():
        order = np.lexsort((session, symbol))
        close, symbol, session = close[order], symbol[order], session[order]
    starts = np.flatnonzero(np.append(True, symbol[1:] != symbol[:-1])[: len(symbol)])
    place = np.arange(1, len(symbol) + 1, dtype=np.int32)
    place -= np.repeat(starts.astype(np.int32), np.diff(starts, append=len(symbol)))
    return Quotes(close, symbol, session, place)


def _some_symbols(quotes: Quotes) -> Iterator[Quotes]:
    """The quotes in turn, about AT_ONCE at a time, those of a symbol together."""
    starts = np.flatnonzero(quotes.place == 1)
    nearest = np.searchsorted(starts, range(AT_ONCE, len(quotes.place), AT_ONCE))
    ends = np.unique(starts[nearest[nearest < len(starts)]])
    for first, end in pairwise([0, *ends, len(quotes.place)]):
        some = quotes.take(slice(first, end))
        # Numpy looks up by numbers of this width, and would make them each time.
        symbol, session = some.symbol.astype(np.intp), some.session.astype(np.intp)
        yield some._replace(symbol=symbol, session=session)


def _month_pct_of(symbol: str, quotes: pd.DataFrame) -> "pd.Series[float]":
    """A symbol's 21-session returns, by session."""
    close = quotes[quotes["symbol"] == symbol].set_index("session")["close"].sort_index()
    return 100 * (close / close.shift(MONTH) - 1)
