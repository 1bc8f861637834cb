"""The warehouse in a lake: a night is committed, then recorded, and readers attach at that."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from warehouse import calendar, lake
from warehouse.connect import WarehouseError
from warehouse.declaration import literal
from warehouse.file_store import read_all
from warehouse.lock import HeldError
from warehouse.place import Lake, Place
from warehouse.publish import KEPT, insert_runs, point_current, prune, read_runs, write_folder
from warehouse.run import Run, read_records

FILES = 30  # of one table; each night adds one for each worker, and one of rows that are gone
KEPT_DAYS = 1  # how long files that no snapshot needs any more stay, for who still reads them
ALONE = 0x726F7461  # of PostgreSQL's advisory locks, which are of one database: "rota"

# What readers see is what was published or restored last; a night in the making has no snapshot.
RECORDED = """
    select run_id, snapshot_id
    from ops.published
    where snapshot_id in (select snapshot_id from ducklake_snapshots('warehouse'))
    order by published_at desc
"""

log = logging.getLogger("rotation")


class LakeStore:
    """A lake, and the home where its pages and records are."""

    def __init__(self, place: Place, settings: Lake) -> None:
        self.place = place
        self.lake = settings

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold an advisory lock of the catalog's server; it goes with the connection.

        A catalog in a file is locked as such by whoever opens it.
        """
        kind, _, address = self.lake.catalog.partition(":")
        if kind != "postgres":
            yield
            return
        with lake.explaining(self.lake), lake.connected(self.lake, self.place.spill) as con:
            con.execute(f"attach {literal(address)} as catalog_server (type postgres)")
            con.begin()
            taken = con.execute(
                "from postgres_query('catalog_server', "
                f"'select pg_try_advisory_xact_lock({ALONE})')"
            ).fetchone()
            if not taken or not taken[0]:
                raise HeldError(
                    f"A run of another home holds the lake {self.lake.catalog}: wait until it has "
                    "ended."
                )
            yield

    @contextmanager
    def open_build(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with lake.connected(self.lake, self.place.spill) as con:
            lake.attach_to_write(con, self.lake)
            con.execute(f"use {lake.NAME}")
            yield con

    @contextmanager
    def open_published(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with lake.explaining(self.lake), self._head() as con:
            recorded = _recorded(con)
            if not recorded:
                raise WarehouseError(
                    f"Nothing is published in the lake {self.lake.catalog} yet: run `rotation "
                    "nightly` first."
                )
            con.execute("use memory")
            con.execute(f"detach {lake.NAME}")
            lake.attach(con, self.lake, snapshot=recorded[0][1])
            con.execute(f"use {lake.NAME}")
            # Read even where a connection may reach nothing else.
            con.execute(f"set allowed_directories = [{literal(self.lake.data_path)}]")
            yield con

    def attach_published(self, con: duckdb.DuckDBPyConnection) -> None:
        lake.attach(con, self.lake, "published", _recorded(con)[0][1])

    def published_record(self, con: duckdb.DuckDBPyConnection | None = None) -> dict[str, Any]:
        with lake.explaining(self.lake), nullcontext(con) if con else self._head() as head:
            recorded = _recorded(head)
            return read_runs(head, [recorded[0][0]])[0] if recorded else {}

    def kept_records(self) -> list[dict[str, Any]]:
        with lake.explaining(self.lake), self._head() as con:
            return read_runs(con, [run_id for run_id, _ in _recorded(con)])

    def has_published(self, run_id: str) -> bool:
        folder = self.place.published / run_id
        try:
            if self.published_record().get("run_id") != run_id:
                return False
        except (WarehouseError, duckdb.Error):  # nor can it be said: the run's own error says more
            return False
        if folder.exists():
            point_current(self.place, folder)
        return True

    def damage(self, run_id: str) -> str:
        try:
            with lake.explaining(self.lake), self._head() as con:
                recorded = dict(_recorded(con))
                if run_id not in recorded:
                    return ""
                con.execute("use memory")
                con.execute(f"detach {lake.NAME}")
                lake.attach(con, self.lake, snapshot=recorded[run_id])
                read_all(con)
        except WarehouseError as error:
            return str(error)
        return ""

    def load_records(self, con: duckdb.DuckDBPyConnection, run: Run) -> None:
        """One commit, of this home's runs: those of other homes are left as they are.

        A session that is new gets its row, without a snapshot; what readers are sent to stays.
        """
        con.begin()
        insert_runs(con, [*read_records(self.place), run.record()])
        con.execute("delete from ops.published where snapshot_id is null")
        if run.status == "published":
            con.execute(
                """
                insert into ops.published by name
                select $session as session, $run_id as run_id, $published_at as published_at
                where $session not in (select session from ops.published)
                """,
                {
                    "session": run.session,
                    "run_id": run.run_id,
                    "published_at": run.finished_at,
                },
            )
        con.commit()

    def publish(self, con: duckdb.DuckDBPyConnection, run: Run, pages: Mapping[str, str]) -> Path:
        """What is committed is the publication's snapshot; that it is one is the next commit."""
        folder = write_folder(self.place, run, pages)
        snapshot = con.execute(f"from {lake.NAME}.current_snapshot()").fetchone()
        assert snapshot
        _record(con, run.session, run.run_id, snapshot[0])
        point_current(self.place, folder)
        prune(self.place)
        try:
            _tidy(con)
        except duckdb.Error as error:  # what is published stays so; the next night tidies
            log.warning("old snapshots of the lake stay: %s", " ".join(str(error).split()))
        return folder

    def restore(self, run_id: str, run: Run) -> None:
        with lake.explaining(self.lake), lake.connected(self.lake, self.place.spill) as con:
            lake.attach_to_write(con, self.lake)
            con.execute(f"use {lake.NAME}")
            _record(con, run.session, run_id, dict(_recorded(con))[run_id])
        if (self.place.published / run_id).exists():
            point_current(self.place, self.place.published / run_id)

    def explain(self, error: Exception) -> Exception | None:
        return lake.explain(self.lake, error)

    @contextmanager
    def _head(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The lake as it is, read-only; nothing attached where no run has been in it."""
        with (
            TemporaryDirectory(prefix="rotation-") as spill,
            lake.connected(self.lake, Path(spill)) as con,
        ):
            try:
                lake.attach(con, self.lake)
                con.execute(f"use {lake.NAME}")
            except duckdb.InvalidInputException as error:
                if lake.NEVER_MADE not in str(error):
                    raise
            yield con


def _recorded(con: duckdb.DuckDBPyConnection) -> list[tuple[str, int]]:
    """The run and snapshot of each publication that is kept, the one that readers see first."""
    try:
        return con.execute(RECORDED).fetchall()
    except (duckdb.CatalogException, duckdb.BinderException):  # a lake that no run has been in
        return []


def _record(con: duckdb.DuckDBPyConnection, session: date, run_id: str, snapshot: int) -> None:
    """Let readers see a snapshot from one moment to the next, whatever other homes' clocks say."""
    newest = con.execute("select max(published_at) from ops.published").fetchone()
    assert newest
    con.execute(
        """
        update ops.published
        set run_id = $run_id, snapshot_id = $snapshot, published_at = $now
        where session = $session
        """,
        {
            "run_id": run_id,
            "snapshot": snapshot,
            "now": max(calendar.now(), newest[0] + timedelta(microseconds=1)),
            "session": session,
        },
    )


def _tidy(con: duckdb.DuckDBPyConnection) -> None:
    """Forget snapshots that are no kept publication, and put a table's many files together.

    Files that nothing needs any more go a day later: who reads an old snapshot may end in peace.
    """
    crowded = con.execute(
        f"""
        select s.schema_name, t.table_name
        from ducklake_table_info('{lake.NAME}') as t
        inner join __ducklake_metadata_{lake.NAME}.ducklake_schema as s using (schema_id)
        where s.end_snapshot is null and greatest(t.file_count, t.delete_file_count) > $most
        """,
        {"most": FILES},
    ).fetchall()
    for schema, table in crowded:
        of_table = f"'{lake.NAME}', '{table}', schema => '{schema}'"
        con.execute(f"call ducklake_rewrite_data_files({of_table}, delete_threshold => 0.0)")
        con.execute(f"call ducklake_merge_adjacent_files({of_table})")
    kept = [snapshot for _, snapshot in _recorded(con)[:KEPT]]
    old = con.execute(
        f"""
        select list(snapshot_id order by snapshot_id)
        from ducklake_snapshots('{lake.NAME}')
        where snapshot_id not in $kept
            and snapshot_id < (from {lake.NAME}.current_snapshot())
        """,
        {"kept": kept},
    ).fetchone()
    if old and old[0]:
        con.execute(f"call ducklake_expire_snapshots('{lake.NAME}', versions => {old[0]})")
    con.execute(
        f"call ducklake_cleanup_old_files('{lake.NAME}', "
        f"older_than => now() - interval {KEPT_DAYS} day)"
    )
