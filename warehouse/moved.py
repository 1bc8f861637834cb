"""What moved: published values of past sessions that this run would publish differently."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from warehouse.connect import DAMAGE, damage_of
from warehouse.declaration import Declaration
from warehouse.place import Place
from warehouse.run import Run, published_record
from warehouse.transform import Transform

DATES = ("session", "snapshot_date")  # of the tables whose past must not move
SAME = 1e-9  # relative; two ways of summing differ by less
KEPT_PER_TABLE = 10_000  # the largest moves of a table; the sentence counts all

log = logging.getLogger("rotation")


@dataclass(frozen=True)
class Moved:
    """One table's values that differ from what was published.

    `move` is the largest relative change among its numbers, `largest` says which one that is.
    """

    table: str
    values: int
    cause: str
    move: float
    largest: str


def in_words(moved: Sequence[Moved]) -> str:
    """One sentence: how many values of the past moved, and the largest; empty where none did."""
    if not moved:
        return ""
    values, most = sum(table.values for table in moved), max(moved, key=lambda table: table.move)
    return (
        f"{values:,} published values of {len(moved)} tables moved ({most.cause}), the largest: "
        f"{most.largest}."
    )


def note_moves(
    con: duckdb.DuckDBPyConnection,
    place: Place,
    run: Run,
    transforms: Sequence[Transform],
    built: set[str],
) -> list[Moved]:
    """Compare the tables that were `built` with the publication that readers see.

    Every value of a row that is in both, and differs, goes to `ops.restatement` with its cause.
    Tables of `rotation` keyed by a date and rebuilt whole are compared; what is extended moves
    with the quotes, whose restatements landing keeps. A publication that cannot be read is none,
    with a warning. Wants what was built committed.
    """
    before = published_record(place)
    if not before:
        return []
    try:
        return _compare(con, place, run, transforms, built, str(before["run_id"]))
    except DAMAGE:
        if not (words := damage_of(place.warehouse.resolve())):
            raise
        log.warning("the last publication is damaged (%s): nothing is compared with it", words)
        return []


def _compare(
    con: duckdb.DuckDBPyConnection,
    place: Place,
    run: Run,
    transforms: Sequence[Transform],
    built: set[str],
    before: str,
) -> list[Moved]:
    path = str(place.warehouse.resolve()).replace("'", "''")
    con.execute(f"attach '{path}' as published (read_only)")
    con.begin()
    try:
        tables = {
            name
            for (name,) in con.execute(
                "select schema_name || '.' || table_name from duckdb_tables() "
                "where database_name = 'published'"
            ).fetchall()
        }
        moved = []
        for transform in transforms:
            table = transform.declaration
            is_compared = (
                table.schema == "rotation"
                and table.name in built & tables
                and table.lookback is None
                and not table.is_view
                and any(name in table.grain for name in DATES)
            )
            if is_compared and (found := _note_table(con, table, run, before)):
                moved.append(found)
        con.commit()
        return moved
    except BaseException:
        con.rollback()
        raise
    finally:
        con.execute("detach published")


def _note_table(
    con: duckdb.DuckDBPyConnection, table: Declaration, run: Run, before: str
) -> Moved | None:
    known = {
        name
        for (name,) in con.execute(
            "select column_name from duckdb_columns() where database_name = 'published' "
            "and schema_name = ? and table_name = ?",
            [table.schema, table.table],
        ).fetchall()
    }
    shared = [c for c in table.columns if c.name in known and c.name not in table.grain]
    if not shared or not known.issuperset(table.grain):
        return None
    keys = " and ".join(f'o."{key}" = n."{key}"' for key in table.grain)
    key = ", ".join(f'n."{name}"' for name in table.grain)
    values = {side: ", ".join(f'{side}."{c.name}"' for c in shared) for side in ("o", "n")}
    pairs = ", ".join(
        f"{{'name': '{c.name}', 'old': o.\"{c.name}\"::varchar, 'new': n.\"{c.name}\"::varchar, "
        f"'move': {_move(c.name, c.type)}}}"
        for c in shared
    )
    con.execute(
        f"""
        create or replace temp table moved as
        select key, value.name as column_name, value.old, value.new, value.move
        from (
            select concat_ws(' ', {key}) as key, unnest([{pairs}]) as value
            from published.{table.name} as o
            inner join {table.name} as n on {keys}
            where hash({values["o"]}) <> hash({values["n"]})
        )
        where value.move > {SAME}
        """
    )
    counted = con.execute(
        """
        with ranked as (
            select *, case when isfinite(move) then move else 0 end as size from moved
        )

        select
            count(*),
            max(size),
            arg_max(concat(column_name, ' of ', key, ', ', old, ' to ', new), size)
        from ranked
        """
    ).fetchone()
    assert counted
    values_moved, move, largest = counted
    if not values_moved:
        con.execute("drop table moved")
        return None
    cause = _cause(con, table, before)
    con.execute(
        f"""
        insert into ops.restatement
        select $run_id, $dataset, key, column_name, old, new, $cause
        from moved
        order by move desc, key, column_name
        limit {KEPT_PER_TABLE}
        """,
        {"run_id": run.run_id, "dataset": table.name, "cause": cause},
    )
    con.execute("drop table moved")
    return Moved(table.name, values_moved, cause, move, f"{table.name}.{largest}")


def _move(name: str, type_: str) -> str:
    """How far a value moved, as SQL: relative for numbers; infinitely where it is another word."""
    old, new = f'o."{name}"', f'n."{name}"'
    if type_ not in ("double", "bigint", "integer"):
        return f"case when {old} is distinct from {new} then 'infinity'::double else 0 end"
    return (
        f"case when {old} is null and {new} is null then 0 "
        f"when {old} is null or {new} is null then 'infinity'::double "
        f"else abs({new} - {old}) / greatest(abs({old}), 1) end"
    )


def _cause(con: duckdb.DuckDBPyConnection, table: Declaration, before: str) -> str:
    """Why a table moved since run `before`: its definition, else the worst that landed since."""
    row = con.execute(
        """
        select
            (
                select fingerprint from published.ops.table_catalog
                where schema_name = $schema and table_name = $table
            ) as published_fingerprint,
            (
                select fingerprint from ops.table_catalog
                where schema_name = $schema and table_name = $table
            ) as fingerprint,
            (
                select list_sort(list(distinct cause)) from ops.restatement
                where run_id > $before and dataset like 'raw.%'
            ) as causes
        """,
        {"schema": table.schema, "table": table.table, "before": before},
    ).fetchone()
    assert row
    if row[0] != row[1]:
        return "definition"
    causes = row[2] or []
    return next((cause for cause in ("vendor", "split", "dividend") if cause in causes), "history")
