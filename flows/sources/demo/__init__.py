"""The demo source: a simulated US equity market, coherent and the same on every machine."""

import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from flows.sources import DATASETS, SourceError

if TYPE_CHECKING:
    import pandas as pd

    from flows.sources.demo.cast import Cast
    from flows.sources.demo.history import History

MIN_SYMBOLS, MAX_SYMBOLS = 60, 20_000
MAX_YEARS = 36  # sessions and yields begin in 1990


@dataclass(frozen=True)
class Demo:
    """A market of so many stocks, with funds and indices on top, over so many years before ANCHOR.

    The same seed gives the same history however far it runs: what is fetched until a day never
    changes when more is fetched later, adj_close aside, which every later dividend moves.
    """

    symbols: int = 300
    years: int = 8
    seed: int = 20260701

    name: ClassVar[str] = "demo"
    is_simulated: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not (MIN_SYMBOLS <= self.symbols <= MAX_SYMBOLS and 1 <= self.years <= MAX_YEARS):
            raise SourceError(
                f"The demo source makes {MIN_SYMBOLS} to {MAX_SYMBOLS} symbols over 1 to "
                f"{MAX_YEARS} years, not {self.symbols} over {self.years}; "
                "write for instance demo:5000x20."
            )

    @classmethod
    def parse(cls, spec: str) -> "Demo":
        """The market that `demo` or `demo:SYMBOLSxYEARS` names; SourceError for anything else."""
        match = re.fullmatch(r"demo(?::([0-9]{1,9})x([0-9]{1,9}))?", spec)
        if match is None:
            raise SourceError(
                f"The source {spec!r} is not understood; write demo, or demo:SYMBOLSxYEARS as in "
                "demo:5000x20."
            )
        return cls() if match[1] is None else cls(symbols=int(match[1]), years=int(match[2]))

    def check(self) -> None:
        """Nothing can be wrong with a market that is made on the spot."""

    def newest_session(self, completed: date) -> date:
        """The last session up to `completed`; SourceError where the history starts later."""
        history = self._history(completed)
        if history.count == 0:
            raise SourceError(
                f"The simulated market starts on {history.days[0]}, after {completed}; ask for a "
                "later session."
            )
        newest: date = history.days[history.count - 1].item()
        return newest

    def fetch(self, dataset: str, since: date | None, until: date) -> "pd.DataFrame":
        """One of DATASETS, nothing dated after `until`, from `since` on; holdings whole.

        Columns and units are those of a folder of files; raises SourceError for another dataset.
        """
        from flows.sources.demo.companies import found_companies
        from flows.sources.demo.estimates import estimate_frame
        from flows.sources.demo.fundamentals import fundamental_frame
        from flows.sources.demo.holdings import holding_frame
        from flows.sources.demo.quotes import quote_frame
        from flows.sources.demo.rates import rate_frame

        history = self._history(until)
        match dataset:
            case "quote":
                return quote_frame(self._cast, history, self.seed, since)
            case "rate":
                return rate_frame(history, self.seed, since, until)
            case "holding":
                return holding_frame(self._cast, history, self.seed)
            case "estimate":
                companies = found_companies(self._cast, history, self.seed)
                return estimate_frame(self._cast, companies, history, since)
            case "fundamental":
                companies = found_companies(self._cast, history, self.seed)
                return fundamental_frame(self._cast, companies, history, self.seed, since)
        raise SourceError(f"There is no dataset {dataset!r}; ask for one of {', '.join(DATASETS)}.")

    def _history(self, until: date) -> "History":
        from flows.sources.demo.history import open_history

        return open_history(self.years, until)

    @cached_property
    def _cast(self) -> "Cast":
        from flows.sources.demo.cast import draw_cast
        from flows.sources.demo.history import ANCHOR

        return draw_cast(self.symbols, self._history(ANCHOR), self.seed)
