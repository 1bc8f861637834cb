"""Prices and dividends of the stocks, one calendar year at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from flows.sources.demo.cast import Cast
from flows.sources.demo.draws import Counts, Days, Flags, Floats, Stream, normals, revert
from flows.sources.demo.factors import factor_moves
from flows.sources.demo.history import History

# A company's own fortune fades with a half-life of about 460 sessions: no stock outgrows its index.
PERSISTENCE = 0.9985
SESSIONS_BETWEEN_DIVIDENDS = 63
LOWEST_PRICE_USD = 0.01


@dataclass(frozen=True)
class Year:
    """One calendar year of trading; arrays are sessions × instruments, in USD per share."""

    year: int
    start: int  # index of its first session in the history
    days: Days
    close: Floats
    previous_close: Floats  # of the session before; on the very first session its own close
    dividend: Floats
    is_listed: Flags

    @property
    def index(self) -> Counts:
        """Index in the history of each of its sessions."""
        return np.arange(self.start, self.start + len(self.days))


def trade(cast: Cast, history: History, seed: int) -> Iterator[Year]:
    """The stocks' whole years. close = price at the anchor · exp(loadings · factors + own fortune).

    Closes exist before listing and after delisting too; `is_listed` says when they are seen.
    """
    course = factor_moves(history, seed).cumsum(axis=0)
    course -= course[history.anchor]
    fortune_deviation = cast.own_volatility / np.sqrt(1 - PERSISTENCE**2)
    fortune = fortune_deviation * normals(seed, Stream.OWN_MOVE, 0, (1, len(cast.symbols)))[0]
    first_class, second_class = cast.symbols.index("GOOGL"), cast.symbols.index("GOOG")
    last_close: Floats | None = None
    for year, span in history.years():
        noise = normals(seed, Stream.OWN_MOVE, year, (span.stop - span.start, len(cast.symbols)))
        path = revert(noise * cast.own_volatility, PERSISTENCE, fortune)
        fortune = path[-1].copy()
        path[:, second_class] += path[:, first_class]  # one company, two classes
        path += course[span] @ cast.loadings.T
        np.exp(path, out=path)
        path *= cast.price
        close = np.maximum(np.round(path, 4), LOWEST_PRICE_USD)
        before = close[0] if last_close is None else last_close
        previous_close = np.vstack([before, close[:-1]])
        index = np.arange(span.start, span.stop)[:, None]
        is_listed = (cast.listed_from <= index) & (index < cast.listed_until)
        is_ex = is_listed & (index % SESSIONS_BETWEEN_DIVIDENDS == cast.ex_phase) & (index > 0)
        payment = previous_close * (cast.dividend_yield / 4)
        yield Year(
            year=year,
            start=span.start,
            days=history.days[span],
            close=close,
            previous_close=previous_close,
            dividend=np.where(is_ex, np.round(payment, 3), 0.0),
            is_listed=is_listed,
        )
        last_close = close[-1]


def closes_on(cast: Cast, history: History, seed: int, indices: Counts) -> Floats:
    """Closes on the sessions of these indices, indices × stocks, of unlisted stocks too."""
    rows = [
        year.close[indices[np.isin(indices, year.index)] - year.start]
        for year in trade(cast, history, seed)
    ]
    return np.concatenate(rows)
