"""Connections: one that writes, and any number of readers of what is published."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from warehouse.comment import comment_on
from warehouse.declaration import read_declarations
from warehouse.place import Place

FOLDER = Path(__file__).parent
SCHEMAS = ("raw", "reference", "core", "rotation", "ops")
# Readers from DuckDB 1.1 on open what this version writes.
STORAGE_VERSION = "v1.0.0"
# A night fits a machine of 2 GB, beside Prefect and Great Expectations; what is larger spills.
MEMORY_LIMIT = "600MB"
# How every connection that lands or builds is set.
WORKING = (
    "set timezone = 'UTC'",
    f"set memory_limit = '{MEMORY_LIMIT}'",
    "set preserve_insertion_order = false",
    "set enable_progress_bar = false",
    # A table made in the same transaction looks empty to the planner, which then loops.
    "set asof_loop_join_threshold = 0",
)
DAMAGE = (duckdb.IOException, duckdb.InternalException, duckdb.SerializationException)

FULL = (
    os.strerror(errno.ENOSPC),
    os.strerror(errno.EDQUOT),
    "failed to offload",  # where a query spills
)


class WarehouseError(Exception):
    """The warehouse cannot be used; the sentence says which and what to do."""


@contextmanager
def open_build(place: Place) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open what runs write to, with its schemas and landed tables. Raises WarehouseError."""
    with explained(place), place.store.open_build() as con:
        for setting in WORKING:
            con.execute(setting)
        con.begin()
        declare_landed(con)
        con.commit()
        yield con


@contextmanager
def explained(place: Place) -> Iterator[None]:
    """Raise WarehouseError for what the disk, or the store, has against a run."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        require_room(place, error)
        if explanation := place.store.explain(error):
            raise explanation from None
        raise


def require_room(place: Place, error: Exception) -> None:
    """Raise WarehouseError where `error` comes of a full disk: by its words, or nothing is free."""
    if any(words in str(error) for words in FULL) or shutil.disk_usage(place.home).free < 2**16:
        raise WarehouseError(
            f"The disk of {place.home} is full: make room and run again."
        ) from None


def declare_landed(con: duckdb.DuckDBPyConnection) -> None:
    """Make the schemas and the tables of `raw` and `ops`, with their comments, where missing.

    A table that an earlier version made gets the columns that have come since.
    """
    for schema in SCHEMAS:
        con.execute(f"create schema if not exists {schema}")
    existing = columns_by_table(con)
    for schema in ("raw", "ops"):
        for declaration in read_declarations(FOLDER / schema):
            known = existing.get(declaration.name, ())
            missing = [column for column in declaration.columns if column.name not in known]
            if not missing:
                continue
            if known:
                for column in missing:
                    con.execute(
                        f'alter table {declaration.name} add column "{column.name}" {column.type}'
                    )
            else:
                con.execute(declaration.create_statement)
            comment_on(con, declaration)


def columns_by_table(
    con: duckdb.DuckDBPyConnection, database: str | None = None
) -> dict[str, set[str]]:
    """The column names of a database's tables and views, by schema.table; None is the current."""
    found = con.execute(
        """
        select schema_name || '.' || table_name, list(column_name)
        from duckdb_columns()
        where database_name = coalesce($database, current_database())
        group by all
        """,
        {"database": database},
    )
    return {table: set(columns) for table, columns in found.fetchall()}


@contextmanager
def open_published(place: Place) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the newest publication read-only; what does not fit in memory spills elsewhere.

    Raises WarehouseError where there is none, or it does not open.
    """
    with place.store.open_published() as con:
        yield con
