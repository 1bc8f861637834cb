"""Where the tables of an installation are: one file of its home, or a lake; what both answer."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import duckdb

from warehouse.place import Place
from warehouse.run import Run


class Store(Protocol):
    """What runs and readers ask of the place where the tables are."""

    def alone(self) -> AbstractContextManager[None]:
        """Keep runs of other homes out while the block lasts; raises HeldError where one is in."""

    def open_build(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """Open for writing what no reader sees before it is published. Raises WarehouseError."""

    def open_published(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """Open what readers see, read-only. Raises WarehouseError where nothing can be read."""

    def attach_published(self, con: duckdb.DuckDBPyConnection) -> None:
        """Attach what readers see to a writing connection, as the database `published`."""

    def published_record(self, con: duckdb.DuckDBPyConnection | None = None) -> dict[str, Any]:
        """The record of the run that readers see now; empty where nothing is published.

        A run that is writing gives its connection, which spares another one.
        """

    def kept_records(self) -> list[dict[str, Any]]:
        """The records of the publications that are kept, newest first."""

    def has_published(self, run_id: str) -> bool:
        """Whether readers see what this run published; asked of a run that came to an early end."""

    def damage(self, run_id: str) -> str:
        """What DuckDB says against a kept publication when it reads all of it; empty: nothing."""

    def load_records(self, con: duckdb.DuckDBPyConnection, run: Run) -> None:
        """Bring `ops.run` and `ops.published` up to the records of all runs, `run` among them."""

    def publish(self, con: duckdb.DuckDBPyConnection, run: Run, pages: Mapping[str, str]) -> Path:
        """Let readers see what `con` has committed; gives the folder of the publication."""

    def restore(self, run_id: str, run: Run) -> None:
        """Let readers see a kept publication again; `run` is the restoring one."""

    def explain(self, error: Exception) -> Exception | None:
        """A sentence for what the store has against a run; None where the error says it best."""


def store_of(place: Place) -> Store:
    """The store that the settings name."""
    if place.lake:
        from warehouse.lake_store import LakeStore

        return LakeStore(place, place.lake)
    from warehouse.file_store import FileStore

    return FileStore(place)
