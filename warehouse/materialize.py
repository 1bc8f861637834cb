"""Each transform's result becomes its table, whole or from the earliest change on."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import duckdb

from warehouse.comment import comment_on
from warehouse.connect import FOLDER
from warehouse.declaration import read_declarations
from warehouse.history import delete_changed, make_fresh, rebuild_history, widen_to_baskets
from warehouse.land import NEVER
from warehouse.parts import parts
from warehouse.table import require_grain, write_fresh, write_table
from warehouse.transform import Transform, TransformError, fingerprints


@dataclass(frozen=True)
class Materialized:
    """What happened to one table: `extended`, `rebuilt` or `kept`, and the rows written."""

    name: str
    action: str
    rows: int


class Workers(Protocol):
    """Who brings tables that are kept by symbol and session up to date, share by share."""

    def build(self, transform: Transform, *, is_whole: bool) -> int:
        """Extend a history by what `changed` says, or rebuild it; gives the rows written."""

    def parts(self, transform: Transform, since: date) -> Iterable[Any]:
        """All shares' parts of a table, which add up, from a session on."""


class Materializer:
    """Brings the tables of `core` and `rotation` up to what landed.

    Wants the temporary table `changed(symbol, session)` that landing quotes leaves, unless
    everything is rebuilt. `landed` gives the `since` of what landed, by raw table. Where there are
    `workers`, they do what can be done by symbol.

    `since` says of each table from which day on it has changed, or NEVER.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        transforms: list[Transform],
        landed: Mapping[str, date],
        *,
        rebuild: bool = False,
        workers: Workers | None = None,
    ) -> None:
        self.con = con
        self.transforms = transforms
        self.workers = workers
        self.fingerprints = fingerprints(transforms, _landed_texts())
        inputs = {name for t in transforms for name in t.inputs if name.startswith("raw.")}
        tables = inputs.union(t.name for t in transforms)
        self.since = dict.fromkeys(tables, NEVER) | dict(landed)
        self.rebuild = rebuild
        self.built = dict(
            con.execute(
                "select schema_name || '.' || table_name, fingerprint from ops.table_catalog"
            ).fetchall()
        )
        existing = con.execute(
            "select table_schema || '.' || table_name from information_schema.tables"
        )
        self.existing = {name for (name,) in existing.fetchall()}
        if not rebuild:
            widen_to_baskets(con)

    def run(self) -> Iterator[Materialized]:
        """Materialise every table in order."""
        for transform in self.transforms:
            yield self.materialize(transform)

    def materialize(self, transform: Transform) -> Materialized:
        """Bring one table up to date, and say which later tables that makes stale.

        Raises TransformError where columns, types or grain are not as declared.
        """
        is_current = (
            not self.rebuild
            and transform.name in self.existing
            and self.built.get(transform.name) == self.fingerprints[transform.name]
        )
        inputs_since = min(
            (self.since.get(name, NEVER) for name in transform.inputs), default=NEVER
        )
        if is_current and inputs_since == NEVER:
            return Materialized(transform.name, "kept", 0)
        since = self._first_change(transform, inputs_since) if is_current else date.min
        self.since[transform.name] = since
        try:
            if since > date.min:
                return Materialized(transform.name, "extended", self._extend(transform, since))
            return Materialized(transform.name, "rebuilt", self._replace(transform))
        except (duckdb.ProgrammingError, duckdb.DataError) as error:
            words = " ".join(str(error).split("\n\n")[0].split())
            raise TransformError(f"{transform.name} cannot be built: {words}.") from error

    def _first_change(self, transform: Transform, inputs_since: date) -> date:
        """From which day on a table is to be written anew; date.min is all of it."""
        if transform.declaration.is_history:
            row = self.con.execute("select min(session) from changed").fetchone()
            return (row and row[0]) or NEVER
        return inputs_since if transform.declaration.dated else date.min

    def _replace(self, transform: Transform) -> int:
        declaration, name = transform.declaration, transform.name
        if declaration.is_history and self.workers:
            return self.workers.build(transform, is_whole=True)
        if declaration.is_history:
            rebuild_history(self.con, transform)
        else:
            statement = f"create or replace table {name} as"
            relations = transform.enough(date.min)
            added = self._parts(transform, date.min)
            write_table(self.con, transform, statement, relations, parts=added)
        require_grain(self.con, declaration, name)
        comment_on(self.con, declaration)
        return _count(self.con, name)

    def _parts(self, transform: Transform, since: date) -> Iterable[Any]:
        """What some symbols add, of a table that adds up."""
        if not transform.part:
            return ()
        if self.workers:
            return self.workers.parts(transform, since)
        return parts(self.con, transform, since, transform.enough(since))

    def _extend(self, transform: Transform, since: date) -> int:
        """Replace the rows of changed symbols, or of all, from their earliest change on."""
        con, name, declaration = self.con, transform.name, transform.declaration
        if declaration.is_history:
            if self.workers:
                return self.workers.build(transform, is_whole=False)
            make_fresh(con, transform, {})
            delete_changed(con, name)
        else:
            since_then = f"where {declaration.dated} >= date '{since}'"
            added = self._parts(transform, since)
            write_fresh(con, transform, transform.enough(since), since_then, added)
            con.execute(f"delete from {name} {since_then}")
        con.execute(f"insert into {name} by name select * from fresh")
        rows = _count(con, "fresh")
        con.execute("drop table fresh")
        return rows


def _landed_texts() -> dict[str, str]:
    """What defines each table that no transform builds: its declaration, and its CSV file."""
    texts = {}
    for schema in ("raw", "reference"):
        for declaration in read_declarations(FOLDER / schema):
            csv = declaration.path.with_suffix(".csv")
            rows = csv.read_text(encoding="utf-8") if csv.exists() else ""
            texts[declaration.name] = declaration.text + rows
    return texts


def _count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = con.execute(f"select count(*) from {relation}").fetchone()
    assert row
    return int(row[0])
