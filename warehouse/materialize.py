"""Each transform's result becomes its table, whole or from the earliest change on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import duckdb
import pyarrow as pa

from warehouse.comment import comment_on
from warehouse.connect import FOLDER
from warehouse.declaration import Declaration, read_declarations
from warehouse.transform import PART, Transform, TransformError, fingerprints

NEVER = date.max  # from when on a table has changed that has not
# What is kept by symbol and session: who builds such a table reads them from its look-back on.
HISTORIES = ("raw.quote", "core.quote", "rotation.trend")
CHANGED = "semi join changed as c on built.symbol = c.symbol and built.session >= c.session"


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

    def parts(self, transform: Transform, since: date) -> pa.Table:
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
            _widen_to_baskets(con)

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
        target = f"create or replace {declaration.kind} {name}"
        write_table(self.con, transform, target, self._parts(transform, date.min))
        require_grain(self.con, declaration, name)
        comment_on(self.con, declaration)
        return _count(self.con, name)

    def _parts(self, transform: Transform, since: date) -> dict[str, str]:
        """What stands in for the part of a table that workers have computed."""
        if self.workers and transform.declaration.shared:
            self.con.register("parts", self.workers.parts(transform, since))
            return {PART: "parts"}
        return {}

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
            target = "create or replace temp table fresh"
            write_table(con, transform, target, self._parts(transform, since), since_then)
            require_grain(con, declaration, "fresh")
            con.execute(f"delete from {name} {since_then}")
        con.execute(f"insert into {name} by name select * from fresh")
        rows = _count(con, "fresh")
        con.execute("drop table fresh")
        return rows


def make_fresh(
    con: duckdb.DuckDBPyConnection,
    transform: Transform,
    relations: Mapping[str, str],
    *,
    is_whole: bool = False,
) -> None:
    """Make the temporary table `fresh`: a history's rows of `changed` symbols since their change.

    Or all of their rows, where it `is_whole`. `relations` say, as SQL, where inputs are that are
    not in their tables alone.
    """
    if is_whole:
        read, kept = "semi join changed using (symbol)", ""
    else:
        _read_back(con, transform.declaration.lookback)
        read = "inner join reading using (symbol) where q.session >= reading.session"
        kept = CHANGED
    windows = {
        table: f"(select q.* from {relations.get(table, table)} as q {read})" for table in HISTORIES
    }
    target = "create or replace temp table fresh"
    write_table(con, transform, target, {**relations, **windows}, kept)
    require_grain(con, transform.declaration, "fresh")


def delete_changed(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Remove what `make_fresh` replaces."""
    con.execute(
        f"delete from {name} as t using changed as c "
        "where t.symbol = c.symbol and t.session >= c.session"
    )


def write_table(
    con: duckdb.DuckDBPyConnection,
    transform: Transform,
    target: str,
    relations: Mapping[str, str],
    kept: str = "",
) -> None:
    """Run the transform into `target`, its columns cast as declared, others refused.

    `relations` replace inputs, `kept` is a join on its rows, `built`, or a condition, that says
    which of them are wanted. Raises TransformError where columns or types are not as declared.
    """
    if transform.function is None:
        query = f"({transform.reading(relations)})"
    else:
        frames = {
            name.replace(".", "_", 1): con.execute(f"from {relations.get(name, name)}").df()
            for name in transform.inputs
        }
        con.register("result", transform.function(**frames))
        query = "result"
    built = {
        column: type_ for column, type_, *_ in con.execute(f"describe from {query}").fetchall()
    }
    _require_columns(transform, built)
    columns = ", ".join(
        f'"{c.name}"::{c.type} as "{c.name}"' for c in transform.declaration.columns
    )
    con.execute(f"{target} as select {columns} from {query} as built {kept}")
    if transform.function is not None:
        con.unregister("result")


def _landed_texts() -> dict[str, str]:
    """What defines each table that no transform builds: its declaration, and its CSV file."""
    texts = {}
    for schema in ("raw", "reference"):
        for declaration in read_declarations(FOLDER / schema):
            csv = declaration.path.with_suffix(".csv")
            rows = csv.read_text(encoding="utf-8") if csv.exists() else ""
            texts[declaration.name] = declaration.text + rows
    return texts


def _widen_to_baskets(con: duckdb.DuckDBPyConnection) -> None:
    """Let a basket change when a member does, from the session before: it may start there."""
    con.execute(
        """
        insert into changed
        select b.basket, min(coalesce(d.previous_session, c.session))
        from reference.basket_member as b
        inner join changed as c on c.symbol in (b.symbol, b.stand_in)
        inner join reference.calendar_day as d on c.session = d.day
        group by b.basket
        """
    )


def _read_back(con: duckdb.DuckDBPyConnection, lookback: int | str | None) -> None:
    """Make `reading(symbol, session)`: from where each changed symbol must be read.

    That is `lookback` quotes before its earliest change, looked for in a stretch that holds so many
    sessions amply; a symbol with fewer quotes there is read whole, and so is every member of a
    basket, whose index multiplies up from its first session.
    """
    beginning = "date '0001-01-01'"
    if lookback == "all":
        con.execute(
            f"create or replace temp table reading as "
            f"select symbol, {beginning} as session from changed"
        )
        return
    days = round(1.6 * int(lookback or 0)) + 30
    con.execute(
        f"""
        create or replace temp table reading as
        with before as (
            select q.symbol, max(q.session, {lookback}) as sessions
            from core.quote as q
            inner join changed as c using (symbol)
            where q.session < c.session and q.session >= c.session - {days}
            group by q.symbol
        )

        select
            c.symbol,
            case when len(b.sessions) = {lookback} then b.sessions[-1] else {beginning} end
                as session
        from changed as c
        left join before as b using (symbol)
        where c.symbol not in (
            select symbol from reference.basket_member
            union all
            select stand_in from reference.basket_member where stand_in is not null
        )
        union all
        select distinct unnest([symbol, stand_in]), {beginning}
        from reference.basket_member
        """
    )


def _require_columns(transform: Transform, built: dict[str, str]) -> None:
    declared = transform.declaration.column_names
    if missing := [name for name in declared if name not in built]:
        raise TransformError(f"{transform.name} declares {', '.join(missing)}, which is not built.")
    if extra := [name for name in built if name not in declared]:
        raise TransformError(f"{transform.name} builds {', '.join(extra)}, which is not declared.")
    if transform.function is not None:
        return
    for column in transform.declaration.columns:
        if built[column.name].lower() != column.type:
            raise TransformError(
                f"{transform.name}: column {column.name} is declared {column.type} "
                f"and built {built[column.name].lower()}."
            )


def require_grain(con: duckdb.DuckDBPyConnection, declaration: Declaration, relation: str) -> None:
    """Raise TransformError where a key of the grain is missing or comes twice."""
    keys = ", ".join(declaration.grain)
    missing = " or ".join(f"{name} is null" for name in declaration.grain)
    broken = con.execute(
        f"""
        select {keys}, count(*) as rows
        from {relation}
        group by {keys}
        having count(*) > 1 or {missing}
        limit 1
        """
    ).fetchone()
    if broken:
        key = ", ".join(
            f"{name} {value}" for name, value in zip(declaration.grain, broken, strict=False)
        )
        raise TransformError(
            f"{declaration.name}: the grain ({keys}) must be unique and not null, "
            f"but {broken[-1]} rows have {key}."
        )


def _count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = con.execute(f"select count(*) from {relation}").fetchone()
    assert row
    return int(row[0])
