"""The views `rotation.latest_<table>`: the newest session of each table keyed by session."""

from dataclasses import replace

import duckdb

from warehouse.transform import Transform


def create_latest_views(con: duckdb.DuckDBPyConnection, transforms: list[Transform]) -> None:
    """Make one view per table of `rotation` whose grain has a session, with its comments."""
    for transform in transforms:
        table = transform.declaration
        if table.schema != "rotation" or table.is_view or "session" not in table.grain:
            continue
        latest = replace(
            table,
            table=f"latest_{table.table}",
            description=f"The newest session of {table.name}. {table.description}",
            is_view=True,
        )
        con.execute(
            f"create or replace view {latest.name} as "
            f"from {table.name} where session = (select max(session) from {table.name})"
        )
        for statement in latest.comment_statements:
            con.execute(statement)
