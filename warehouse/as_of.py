"""The as-of macros: each core table's own SQL, reading only what was known by a moment."""

import duckdb
import sqlglot
from sqlglot import exp

from warehouse.comment import comment_on_macro
from warehouse.transform import Transform


def create_as_of_macros(con: duckdb.DuckDBPyConnection, transforms: list[Transform]) -> list[str]:
    """Make `core.<table>_as_of(ts)` for every core table that SQL builds from `raw`.

    `ts` is a naive UTC timestamp. Returns the names made.
    """
    made: list[str] = []
    for transform in transforms:
        description = transform.declaration.description
        if transform.declaration.schema != "core" or transform.function is not None:
            continue
        known = {
            name: f"(select * from {name} where known_at <= ts)"
            for name in transform.inputs
            if name.startswith("raw.")
        }
        known |= {name: f"{name}_as_of(ts)" for name in transform.inputs if name in made}
        if not known:
            continue
        con.execute(
            f"create or replace macro {transform.name}_as_of(ts) as table "
            f"{_inlined(transform.reading(known))}"
        )
        comment_on_macro(
            con,
            f"{transform.name}_as_of",
            f"{transform.name} as it was known at ts, a moment in UTC. {description}",
        )
        made.append(transform.name)
    return [f"{name}_as_of" for name in made]


def _inlined(sql: str) -> str:
    """The query with its CTEs that are not materialized written out where they are named.

    DuckDB's file forgets these words in a macro, and a question about one symbol computed all.
    """
    query = sqlglot.parse_one(sql, dialect="duckdb")
    ctes = [cte for cte in query.find_all(exp.CTE) if cte.args.get("materialized") is False]
    sources = {cte.alias: cte.this for cte in ctes}
    for cte in ctes:
        cte.pop()
    return exp.expand(query, sources, dialect="duckdb").sql(dialect="duckdb")
