"""The views `rotation.latest_<table>`: the newest session of each table keyed by session."""

from dataclasses import replace

import duckdb

from warehouse.comment import comment_on
from warehouse.declaration import Declaration
from warehouse.transform import Transform


def latest_view(table: Declaration) -> Declaration | None:
    """What the view of a table's newest session promises; None where a table has no such view."""
    if table.schema != "rotation" or table.dated != "session":
        return None
    name = f"latest_{table.table}"
    return replace(
        table,
        table=name,
        description=f"The newest session of {table.name}. {table.description}",
        is_view=True,
        example=f"from {table.schema}.{name}",
    )


def create_latest_views(con: duckdb.DuckDBPyConnection, transforms: list[Transform]) -> None:
    """Make one view per table of `rotation` whose grain has a session, with its comments."""
    for transform in transforms:
        table = transform.declaration
        if latest := latest_view(table):
            con.execute(
                f"create or replace view {latest.name} as "
                f"from {table.name} where session = (select max(session) from {table.name})"
            )
            comment_on(con, latest)
