"""What moved: published values of past sessions that this run would publish differently."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from warehouse.connect import DAMAGE, columns_by_table
from warehouse.declaration import Declaration
from warehouse.place import Place
from warehouse.run import Run, published_record
from warehouse.transform import Transform

# Tables whose key says not when a row became past: of what was known none may move, but for these.
OTHERS: dict[str, tuple[str, ...]] = {
    "core.rate": (),
    "core.estimate": (),
    "core.fundamental": (),
    "rotation.policy_event": (),
    "rotation.episode": ("rank_by_gain",),
    "rotation.claim_check": ("actual_latest", "verdict_latest", "latest_session", "note"),
}
ABOUT = ("source", "known_at")  # who said it and when, which is no value
ROW = "row"  # in place of a column: the row came or went
SAME = 1e-9  # relative; two ways of summing differ by less
KEPT_PER_TABLE = 10_000  # the largest moves of a table; the sentence counts all

log = logging.getLogger("rotation")


@dataclass(frozen=True)
class Moved:
    """One table's values that differ from what was published.

    `move` is the largest relative change among its numbers, `largest` says which one that is;
    `rows` counts those of the past that came or went.
    """

    table: str
    values: int
    cause: str
    move: float
    largest: str
    rows: int = 0


def in_words(moved: Sequence[Moved]) -> str:
    """How many values and rows of the past moved, and the largest; empty where none did."""
    told = []
    if tables := [table for table in moved if table.values]:
        most = max(tables, key=lambda table: table.move)
        told.append(
            f"{sum(table.values for table in tables):,} published values of {len(tables)} tables "
            f"moved ({most.cause}), the largest: {most.largest}."
        )
    if tables := [table for table in moved if table.rows]:
        most = max(tables, key=lambda table: table.rows)
        rows = sum(table.rows for table in tables)
        told.append(f"{rows:,} rows of the past came or went ({most.cause}), most of {most.table}.")
    return " ".join(told)


def note_moves(
    con: duckdb.DuckDBPyConnection,
    place: Place,
    run: Run,
    transforms: Sequence[Transform],
    built: set[str],
) -> list[Moved]:
    """Compare the tables that were `built` with the publication that readers see.

    Every value of a row that is in both, and differs, goes to `ops.restatement` with its cause, and
    every row of the past that came or went. Compared are the tables of `rotation` that are dated,
    and OTHERS, as far as the run wrote them; what is kept by symbol and session moves with the
    quotes, whose restatements landing keeps. A publication that cannot be read is none, with a
    warning. Wants what was built committed.
    """
    before = published_record(place, con)
    if not before:
        return []
    try:
        return _compare(con, place, run, transforms, built, str(before["run_id"]))
    except DAMAGE:
        if not (words := place.store.damage(before["run_id"])):
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
    place.store.attach_published(con)
    con.begin()
    try:
        published = columns_by_table(con, "published")
        moved = []
        upstream: dict[str, set[str]] = {}
        for transform in transforms:
            table, inputs = transform.declaration, set(transform.inputs)
            upstream[table.name] = inputs.union(*(upstream.get(name, ()) for name in inputs))
            is_dated = table.schema == "rotation" and table.dated
            is_compared = table.name in built & published.keys() and (
                is_dated or table.name in OTHERS
            )
            if not is_compared:
                continue
            known = published[table.name]
            if found := _note_table(con, table, known, run, before, upstream[table.name]):
                moved.append(found)
        con.commit()
        return moved
    except BaseException:
        con.rollback()
        raise
    finally:
        con.execute("detach published")


def _note_table(
    con: duckdb.DuckDBPyConnection,
    table: Declaration,
    known: set[str],
    run: Run,
    before: str,
    upstream: set[str],
) -> Moved | None:
    skipped = {*table.grain, *ABOUT, *OTHERS.get(table.name, ())}
    shared = [c for c in table.columns if c.name in known - skipped]
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
    old, new = _sides(table, run)
    is_past = "true"
    if table.name in OTHERS:  # what was not known, or is not over, becomes so without moving
        is_past = "value.old is not null"
    is_over = "not o.is_open" if "is_open" in known else "true"
    con.execute(
        f"""
        create or replace temp table moved as
        select key, value.name as column_name, value.old, value.new, value.move
        from (
            select concat_ws(' ', {key}) as key, unnest([{pairs}]) as value
            from {old} as o
            inner join {new} as n on {keys}
            where hash({values["o"]}) <> hash({values["n"]}) and {is_over}
        )
        where value.move > {SAME} and {is_past}
        """
    )
    _add_rows(con, table, old, new)
    counted = con.execute(
        """
        with ranked as (
            select *, case when isfinite(move) then move else 0 end as size from moved
        )

        select
            count(*) filter (column_name <> $row),
            coalesce(max(size), 0),
            arg_max(concat(column_name, ' of ', key, ', ', old, ' to ', new), size),
            count(*) filter (column_name = $row)
        from ranked
        """,
        {"row": ROW},
    ).fetchone()
    assert counted
    values_moved, move, largest, rows = counted
    if not values_moved + rows:
        con.execute("drop table moved")
        return None
    cause = _cause(con, table, before, upstream)
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
    return Moved(table.name, values_moved, cause, move, f"{table.name}.{largest}", rows)


def _sides(table: Declaration, run: Run) -> tuple[str, str]:
    """What readers see of a table and what they are to see, as far as the run wrote it anew."""
    published, built = f"published.{table.name}", table.name
    since = run.changed_since.get(table.name, date.min)
    if not table.dated or since == date.min:
        return published, built
    written = f"where {table.dated} >= date '{since}'"
    return f"(from {published} {written})", f"(from {built} {written})"


def _add_rows(con: duckdb.DuckDBPyConnection, table: Declaration, old: str, new: str) -> None:
    """Add to `moved` the rows that went, and those that came where the key says they are past."""
    keys = ", ".join(f'"{name}"' for name in table.grain)
    con.execute(
        f"""
        insert into moved
        select concat_ws(' ', {keys}), '{ROW}', 'there', null, 0
        from {old} as o anti join {new} as n using ({keys})
        """
    )
    if table.name in OTHERS:
        return
    con.execute(
        f"""
        insert into moved
        select concat_ws(' ', {keys}), '{ROW}', null, 'there', 0
        from {new} as n anti join {old} as o using ({keys})
        where {table.dated} <= (select max({table.dated}) from published.{table.name})
        """
    )


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


def _cause(
    con: duckdb.DuckDBPyConnection, table: Declaration, before: str, upstream: set[str]
) -> str:
    """Why a table moved since run `before`: its definition, else the worst that came upstream."""
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
                where run_id > $before and list_contains($upstream, dataset)
            ) as causes
        """,
        {
            "schema": table.schema,
            "table": table.table,
            "before": before,
            "upstream": list(upstream),
        },
    ).fetchone()
    assert row
    if row[0] != row[1]:
        return "definition"
    if table.schema == "core":
        return "vendor"
    causes = row[2] or []
    return next((cause for cause in ("vendor", "split", "dividend") if cause in causes), "history")
