"""Where data comes from: each source fetches frames and knows nothing of Prefect or DuckDB."""

import csv
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol, runtime_checkable

import pandas as pd

# Holdings first: a vendor is asked for the quotes of the members that they name.
DATASETS = ("holding", "rate", "quote", "estimate", "fundamental")
OF_TODAY = (
    "estimate",
    "fundamental",
)  # a vendor is asked for them as they stand, not as they stood

# A vendor's megabyte of text is data too; the parsers' own limits would refuse the whole file.
LONGEST_CELL_BYTES = 16 * 2**20
csv.field_size_limit(LONGEST_CELL_BYTES)


class SourceError(Exception):
    """A source cannot be used; the message is one sentence: what, where, and what to do."""

    def __init__(self, sentence: str) -> None:
        # File names and cells are quoted in it: a line break there must not forge a second message.
        super().__init__("".join(c if c.isprintable() else repr(c)[1:-1] for c in sentence))


@dataclass(frozen=True)
class Outcome:
    """What one name of a vendor gave: a row of `ops.source_outcome` in the making."""

    key: str
    outcome: str
    attempts: int
    rows: int
    detail: str = ""


@dataclass(frozen=True)
class Answer:
    """What a vendor gave of one dataset, and what became of each name."""

    frame: pd.DataFrame
    outcomes: Sequence[Outcome]


@runtime_checkable
class Source(Protocol):
    """What every source offers a night; `name` is stored with each row that it delivers."""

    @property
    def name(self) -> str: ...

    @property
    def is_simulated(self) -> bool: ...

    def check(self) -> None:
        """Look at structure only, cheaply; raises SourceError where a fetch could not succeed."""

    def newest_session(self, completed: date) -> date:
        """Newest session the source can speak for, never after `completed`; else SourceError."""


@runtime_checkable
class Bulk(Source, Protocol):
    """A source that gives a dataset whole."""

    def fetch(self, dataset: str, since: date | None, until: date) -> pd.DataFrame:
        """One of DATASETS as a frame; rows before `since` may be left out."""


@runtime_checkable
class Vendor(Source, Protocol):
    """A source that is asked for names: a night says which, and from when on.

    `universe` bounds what is wanted of it, as `warehouse.wanted` reads it.
    """

    @property
    def requests_per_second(self) -> float: ...

    @property
    def universe(self) -> Mapping[str, object]: ...

    def open(
        self,
        folder: Path,
        pace: Callable[[str, int], None],
        secret: Callable[[str], str | None],
    ) -> None:
        """Get ready to ask; `folder` may keep what is of use another night.

        `pace(vendor, count)` returns when so many requests may go to that vendor, `secret(name)`
        gives what is kept under that name, if anything is.
        """

    def ask(
        self, dataset: str, wanted: pd.DataFrame, until: date, tell: Callable[[int, int], None]
    ) -> Answer:
        """One of DATASETS for the names that `warehouse.wanted` wants.

        `tell(done, total)` hears of progress. Trouble with a name is in its outcome; nothing is
        raised for it.
        """


def open_source(spec: str | None) -> Bulk | Vendor:
    """The source that `demo`, `demo:5000x20`, `live` or the path of a folder names.

    Without a name, `$ROTATION_SOURCE` gives it, else it is the demo.
    Raises SourceError where the name means no source or the path is not a folder.
    """
    spec = spec or os.environ.get("ROTATION_SOURCE") or "demo"
    if spec == "demo" or spec.startswith("demo:"):
        from flows.sources.demo import Demo

        return Demo.parse(spec)
    if spec == "live":
        from flows.sources.live import Live
        from flows.sources.live.settings import Settings

        return Live(Settings.from_environment())
    from flows.sources.files import Files

    source = Files(Path(spec))
    source.require_folder()
    return source
