"""A transform's result becomes a table, or rows of one, as its declaration promises."""

from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
import pandas as pd

from warehouse.declaration import Declaration
from warehouse.transform import Transform, TransformError


def write_table(
    con: duckdb.DuckDBPyConnection,
    transform: Transform,
    statement: str,
    relations: Mapping[str, str],
    tail: str = "",
    parts: Iterable[Any] = (),
) -> None:
    """Give the transform's rows to a `statement` that takes a query, cast as declared.

    `relations` replace inputs, `parts` are those of a table that adds up of them, `tail` is what
    follows its rows, `built`: a join or a condition that says which of them are wanted, or their
    order. Raises TransformError where columns or types are not as declared.
    """
    if transform.function is None:
        query = f"({transform.reading(relations)})"
    elif transform.part:
        con.register("result", transform.function(parts))
        query = "result"
    else:
        con.register("result", transform.function(**frames(con, transform.inputs, relations)))
        query = "result"
    built = {
        column: type_ for column, type_, *_ in con.execute(f"describe from {query}").fetchall()
    }
    _require_columns(transform, built)
    columns = ", ".join(
        f'"{c.name}"::{c.type} as "{c.name}"' for c in transform.declaration.columns
    )
    con.execute(f"{statement} select {columns} from {query} as built {tail}")
    if transform.function is not None:
        con.unregister("result")


def frames(
    con: duckdb.DuckDBPyConnection, names: Iterable[str], relations: Mapping[str, str]
) -> dict[str, pd.DataFrame]:
    """Tables, or the `relations` that replace them, by the parameter that a function takes."""
    return {
        name.replace(".", "_", 1): con.execute(f"from {relations.get(name, name)}").df()
        for name in names
    }


def write_fresh(
    con: duckdb.DuckDBPyConnection,
    transform: Transform,
    relations: Mapping[str, str],
    tail: str,
    parts: Iterable[Any] = (),
) -> None:
    """Make the temporary table `fresh` of some of the transform's rows; as of `write_table`."""
    write_table(con, transform, "create or replace temp table fresh as", relations, tail, parts)
    require_grain(con, transform.declaration, "fresh")


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
