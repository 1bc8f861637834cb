"""The warehouse in one file: a private one that runs write to, and whole copies for readers."""

import logging
import re
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from warehouse.connect import DAMAGE, MEMORY_LIMIT, STORAGE_VERSION, WarehouseError
from warehouse.declaration import literal
from warehouse.export import export
from warehouse.place import Place
from warehouse.publish import insert_runs, point_current, prune, write_folder
from warehouse.run import Run, read_record, read_records

COMPACT_ABOVE = 0.3  # share of the file's blocks that are free

log = logging.getLogger("rotation")


class FileStore:
    """`build.duckdb` of a home, and its copies under `published/`."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def alone(self) -> nullcontext[None]:
        """A home's own lock is enough for its file."""
        return nullcontext()

    @contextmanager
    def open_build(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the private file that runs write to.

        A missing file starts from the newest publication that opens, whose `raw` is the most
        complete. Raises WarehouseError where the file is damaged.
        """
        place = self.place
        if not place.build.exists():
            _start_from_publication(place)
        config: dict[str, Any] = {"storage_compatibility_version": STORAGE_VERSION}
        with duckdb.connect(place.build, config=config) as con:
            yield con

    @contextmanager
    def open_published(self) -> Iterator[duckdb.DuckDBPyConnection]:
        place = self.place
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
                con.execute("set enable_progress_bar = false")
                yield con

    def attach_published(self, con: duckdb.DuckDBPyConnection) -> None:
        path = literal(str(self.place.warehouse.resolve()))
        con.execute(f"attach {path} as published (read_only)")

    def published_record(self, con: duckdb.DuckDBPyConnection | None = None) -> dict[str, Any]:
        return _publication_record(self.place.current)

    def kept_records(self) -> list[dict[str, Any]]:
        folders = sorted(self.place.published.glob("[!.]*"), reverse=True)
        records = [(folder.name, _publication_record(folder)) for folder in folders]
        return [record for name, record in records if record.get("run_id") == name]

    def has_published(self, run_id: str) -> bool:
        return self.place.current.resolve().name == run_id

    def damage(self, run_id: str) -> str:
        return damage_of(self.place.published / run_id / "warehouse.duckdb")

    def load_records(self, con: duckdb.DuckDBPyConnection, run: Run) -> None:
        con.execute("delete from ops.run")
        insert_runs(con, [*read_records(self.place), run.record()])
        con.execute("delete from ops.published")
        con.execute(
            """
            insert into ops.published by name
            select
                session,
                max(run_id) as run_id,
                max_by(finished_at, run_id) as published_at
            from ops.run
            where status = 'published' and flow <> 'restore'
            group by session
            """
        )

    def publish(self, con: duckdb.DuckDBPyConnection, run: Run, pages: Mapping[str, str]) -> Path:
        """Close the build file and copy it: the replacement of the link is the publication."""
        con.execute("force checkpoint")
        _compact(con, self.place)
        whole = write_folder(self.place, run, pages, self._fill)
        point_current(self.place, whole)
        prune(self.place)
        return whole

    def _fill(self, folder: Path) -> list[Path]:
        """Copy the build file, and write what it holds as Parquet meanwhile."""
        build, copy = self.place.build, folder / "warehouse.duckdb"
        with ThreadPoolExecutor() as aside:
            copied = aside.submit(shutil.copyfile, build, copy)
            twins = export(build, folder / "export", self.place.current / "export")
            copied.result()
        copy.chmod(0o444)
        return [copy, *twins]

    def restore(self, run_id: str, run: Run) -> None:
        point_current(self.place, self.place.published / run_id)

    def explain(self, error: Exception) -> Exception | None:
        """What is wrong with the build file, where `error` comes of it and not of another."""
        if not isinstance(error, DAMAGE):
            return None
        words = _first_line(error)
        if str(self.place.build) not in words:
            words = damage_of(self.place.build)
        return _unusable(self.place, words) if words else None


def _publication_record(folder: Path) -> dict[str, Any]:
    return read_record(folder / "run.json")


def damage_of(path: Path) -> str:
    """What DuckDB says against a file when it reads all of it; empty where nothing."""
    try:
        with duckdb.connect(path, read_only=True) as con:
            con.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
            read_all(con)
    except DAMAGE as error:
        return _first_line(error)
    return ""


def read_all(con: duckdb.DuckDBPyConnection) -> None:
    """Read every value of every table that is attached."""
    tables = con.execute(
        "select database_name, schema_name, table_name from duckdb_tables()"
    ).fetchall()
    for database, schema, table in tables:
        con.execute(
            f'select bit_xor(hash(t)) from "{database}"."{schema}"."{table}" as t'
        ).fetchall()


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


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
    kept = place.store.kept_records()
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


def _compact(con: duckdb.DuckDBPyConnection, place: Place) -> None:
    """Close the build file; write it anew where too much is free, since copying is far cheaper."""
    size = con.execute("select free_blocks, total_blocks from pragma_database_size()").fetchone()
    assert size
    if size[0] <= COMPACT_ABOVE * size[1]:
        con.close()
        return
    compacted = place.home / ".current-compacted.duckdb"
    path = literal(str(compacted))
    con.execute(f"attach {path} as compacted (storage_version '{STORAGE_VERSION}')")
    con.execute("copy from database build to compacted")
    con.execute("checkpoint compacted")  # raises where detaching would not
    con.execute("detach compacted")
    con.close()
    compacted.replace(place.build)
