"""Connections: one writer on the build file, any number of readers on the published one."""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from warehouse.declaration import read_declarations
from warehouse.place import Place
from warehouse.run import kept_records

FOLDER = Path(__file__).parent
SCHEMAS = ("raw", "reference", "core", "rotation", "ops")
# Readers from DuckDB 1.1 on open what this version writes.
STORAGE_VERSION = "v1.0.0"
# A night fits a machine of 2 GB, beside Prefect and Great Expectations; what is larger spills.
MEMORY_LIMIT = "600MB"
DAMAGE = (duckdb.IOException, duckdb.InternalException, duckdb.SerializationException)

FULL = (os.strerror(errno.ENOSPC), "failed to offload")  # the latter where a query spills


class WarehouseError(Exception):
    """A warehouse file cannot be used; the sentence says which and what to do."""


@contextmanager
def open_build(place: Place) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the private file that runs write to, with its schemas and landed tables.

    A missing file starts from the newest publication, whose `raw` is the most complete.
    Raises WarehouseError where the file is damaged.
    """
    with explained(place):
        if not place.build.exists():
            _start_from_publication(place)
        con = duckdb.connect(place.build, config={"storage_compatibility_version": STORAGE_VERSION})
        with con:
            con.execute("set timezone = 'UTC'")
            con.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
            con.execute("set preserve_insertion_order = false")
            con.execute("set enable_progress_bar = false")
            # A table made in the same transaction looks empty to the planner, which then loops.
            con.execute("set asof_loop_join_threshold = 0")
            declare_landed(con)
            yield con


@contextmanager
def explained(place: Place) -> Iterator[None]:
    """Raise WarehouseError for what the disk, or DuckDB, has against the build file."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        require_room(place, error)
        if isinstance(error, DAMAGE):
            raise _unusable(place, error) from None
        raise


def require_room(place: Place, error: Exception) -> None:
    """Raise WarehouseError where `error` comes of a full disk: by its words, or nothing is free."""
    if any(words in str(error) for words in FULL) or shutil.disk_usage(place.home).free < 2**16:
        raise WarehouseError(
            f"The disk of {place.home} is full: make room and run again."
        ) from None


def _start_from_publication(place: Place) -> None:
    """Copy the newest kept publication, be it restored from or not, to the missing build file."""
    log = place.build.with_name(f"{place.build.name}.wal")
    if log.exists():  # DuckDB would replay it into whatever stands there
        raise WarehouseError(
            f"{place.build} is gone and its {log.name} is not: put the file back, or move "
            f"{log.name} away too, and the next run starts from the newest publication."
        )
    if kept := kept_records(place):
        copy = place.home / ".current-build.duckdb"
        shutil.copyfile(place.published / kept[0]["run_id"] / "warehouse.duckdb", copy)
        copy.replace(place.build)


def _unusable(place: Place, error: duckdb.Error) -> WarehouseError:
    words = str(error).splitlines()[0]
    if "Could not set lock" in words:
        holder = re.search(r"PID (\d+)", words)
        process = f" (process {holder[1]})" if holder else ""
        return WarehouseError(f"{place.build} is open in another program{process}: close it there.")
    return WarehouseError(
        f"{place.build} is damaged ({words}): move it away, with {place.build.name}.wal where "
        "there is one, and the next run starts from the newest publication."
    )


def declare_landed(con: duckdb.DuckDBPyConnection) -> None:
    """Make the schemas and the tables of `raw` and `ops`, with their comments, where missing."""
    for schema in SCHEMAS:
        con.execute(f"create schema if not exists {schema}")
    existing = {
        f"{schema}.{table}"
        for schema, table in con.execute(
            "select schema_name, table_name from duckdb_tables()"
        ).fetchall()
    }
    for schema in ("raw", "ops"):
        for declaration in read_declarations(FOLDER / schema):
            if declaration.name not in existing:
                con.execute(declaration.create_statement)
                for statement in declaration.comment_statements:
                    con.execute(statement)


def open_published(place: Place) -> duckdb.DuckDBPyConnection:
    """Open the newest publication read-only. Raises WarehouseError where there is none."""
    if not place.warehouse.exists():
        raise WarehouseError(
            f"Nothing is published in {place.home} yet: run `rotation nightly` first."
        )
    return duckdb.connect(place.warehouse.resolve(), read_only=True)
