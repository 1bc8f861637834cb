"""Where data comes from: each source fetches frames and knows nothing of Prefect or DuckDB."""

import os
from datetime import date
from pathlib import Path
from typing import Protocol

import pandas as pd

DATASETS = ("quote", "rate", "holding", "estimate", "fundamental")


class SourceError(Exception):
    """A source cannot be used; the message is one sentence: what, where, and what to do."""

    def __init__(self, sentence: str) -> None:
        # File names and cells are quoted in it: a line break there must not forge a second message.
        super().__init__("".join(c if c.isprintable() else repr(c)[1:-1] for c in sentence))


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

    def fetch(self, dataset: str, since: date | None, until: date) -> pd.DataFrame:
        """One of DATASETS as a frame; rows before `since` may be left out."""


def open_source(spec: str | None) -> Source:
    """The source that `demo`, `demo:5000x20`, `live` or the path of a folder names.

    Without a name, `$ROTATION_SOURCE` gives it, else it is the demo.
    Raises SourceError where the name means no source or the path is not a folder.
    """
    spec = spec or os.environ.get("ROTATION_SOURCE") or "demo"
    if spec == "demo" or spec.startswith("demo:"):
        from flows.sources.demo import Demo

        demo: Source = Demo.parse(spec)
        return demo
    if spec == "live":
        raise SourceError(
            "The live source is not part of this version; use demo or a folder of files."
        )
    from flows.sources.files import Files

    source = Files(Path(spec))
    source.require_folder()
    return source
