"""Connections: one writer on the build file, any number of readers on the published one."""

import errno
import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from warehouse.declaration import literal, read_declarations
from warehouse.place import Place
from warehouse.run import kept_records

FOLDER = Path(__file__).parent
SCHEMAS = ("raw", "reference", "core", "rotation", "ops")
# Readers from DuckDB 1.1 on open what this version writes.
STORAGE_VERSION = "v1.0.0"
# A night fits a machine of 2 GB, beside Prefect and Great Expectations; what is larger spills.
MEMORY_LIMIT = "600MB"
DAMAGE = (duckdb.IOException, duckdb.InternalException, duckdb.SerializationException)

FULL = (
    os.strerror(errno.ENOSPC),
    os.strerror(errno.EDQUOT),
    "failed to offload",  # where a query spills
)

log = logging.getLogger("rotation")


class WarehouseError(Exception):
    """A warehouse file cannot be used; the sentence says which and what to do."""


@contextmanager
def open_build(place: Place) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the private file that runs write to, with its schemas and landed tables.

    A missing file starts from the newest publication that opens, whose `raw` is the most complete.
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
        if isinstance(error, DAMAGE) and (words := _damage(place, error)):
            raise _unusable(place, words) from None
        raise


def damage_of(path: Path) -> str:
    """What DuckDB says against a file when it reads all of it; empty where nothing."""
    try:
        with duckdb.connect(path, read_only=True) as con:
            con.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
            tables = con.execute("select schema_name, table_name from duckdb_tables()").fetchall()
            for schema, table in tables:
                con.execute(f'select bit_xor(hash(t)) from "{schema}"."{table}" as t').fetchall()
    except DAMAGE as error:
        return _first_line(error)
    return ""


def _damage(place: Place, error: Exception) -> str:
    """What is wrong with the build file, where `error` comes of it and not of another."""
    words = _first_line(error)
    return words if str(place.build) in words else damage_of(place.build)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def require_room(place: Place, error: Exception) -> None:
    """Raise WarehouseError where `error` comes of a full disk: by its words, or nothing is free."""
    if any(words in str(error) for words in FULL) or shutil.disk_usage(place.home).free < 2**16:
        raise WarehouseError(
            f"The disk of {place.home} is full: make room and run again."
        ) from None


def _start_from_publication(place: Place) -> None:
    """Copy the newest kept publication that opens, be it restored from or not, to the build file.

    Raises WarehouseError where some are kept and none opens: to begin anew would lose history.
    """
    log_file = place.build.with_name(f"{place.build.name}.wal")
    if log_file.exists():  # DuckDB would replay it into whatever stands there
        raise WarehouseError(
            f"{place.build} is gone and its {log_file.name} is not: put the file back, or move "
            f"{log_file.name} away too, and the next run starts from the newest publication."
        )
    kept = kept_records(place)
    for record in kept:
        publication = place.published / record["run_id"] / "warehouse.duckdb"
        if words := damage_of(publication):
            log.warning("%s is damaged (%s): the one before it is tried", publication, words)
            continue
        copy = place.home / ".current-build.duckdb"
        shutil.copyfile(publication, copy)
        copy.replace(place.build)
        log.warning(
            "%s is missing: this run starts from publication %s, without what runs landed since",
            place.build,
            record["run_id"],
        )
        return
    if kept:
        raise WarehouseError(
            f"{place.build} is missing and no publication in {place.published} can be read: put a "
            "copy of either back, or name another home with --home."
        )


def _unusable(place: Place, words: str) -> WarehouseError:
    if "Could not set lock" in words:
        holder = re.search(r"PID (\d+)", words)
        process = f" (process {holder[1]})" if holder else ""
        return WarehouseError(f"{place.build} is open in another program{process}: close it there.")
    return WarehouseError(
        f"{place.build} is damaged ({words}): move it away, with {place.build.name}.wal where "
        "there is one, and the next run starts from the newest publication, without what runs "
        "landed since it."
    )


def declare_landed(con: duckdb.DuckDBPyConnection) -> None:
    """Make the schemas and the tables of `raw` and `ops`, with their comments, where missing.

    A table that an earlier version made gets the columns that have come since.
    """
    for schema in SCHEMAS:
        con.execute(f"create schema if not exists {schema}")
    existing = dict(
        con.execute(
            """
            select schema_name || '.' || table_name, list(column_name)
            from duckdb_columns()
            where database_name = current_database()
            group by all
            """
        ).fetchall()
    )
    for schema in ("raw", "ops"):
        for declaration in read_declarations(FOLDER / schema):
            missing = set(declaration.column_names).difference(existing.get(declaration.name, ()))
            if not missing:
                continue
            con.execute(declaration.create_statement)
            for column in declaration.columns:
                con.execute(
                    f"alter table {declaration.name} "
                    f'add column if not exists "{column.name}" {column.type}'
                )
            for statement in declaration.comment_statements:
                con.execute(statement)


@contextmanager
def open_published(place: Place) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the newest publication read-only; what does not fit in memory spills elsewhere.

    Raises WarehouseError where there is none, or it does not open.
    """
    if not place.warehouse.exists():
        raise WarehouseError(
            f"Nothing is published in {place.home} yet: run `rotation nightly` first."
        )
    with TemporaryDirectory(prefix="rotation-") as spill:
        try:
            con = duckdb.connect(place.warehouse.resolve(), read_only=True)
        except DAMAGE as error:
            raise WarehouseError(
                f"{place.warehouse} is damaged ({_first_line(error)}): publish it again with "
                "`rotation rebuild`, or go back with `rotation restore SESSION`."
            ) from None
        with con:
            # Given as a parameter, DuckDB's client would import pandas first.
            con.execute(f"set temp_directory = {literal(spill)}")
            con.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
            yield con
