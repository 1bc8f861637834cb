"""`ops.table_catalog`: every table, what it is, how it came about, how fresh it is."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

import duckdb
import pandas as pd

from warehouse.dictionary import Entry, read_entries
from warehouse.latest import latest_view
from warehouse.transform import Transform

# The column that says how new a row is, the first that a table has.
NEWNESS = ("session", "observation_date", "snapshot_date", "holdings_date", "valid_from")


def write_catalog(
    con: duckdb.DuckDBPyConnection,
    transforms: list[Transform],
    fingerprints: Mapping[str, str],
    changed_since: Mapping[str, date] = MappingProxyType({}),
) -> None:
    """Replace the rows of `ops.table_catalog` by what the warehouse holds now.

    `changed_since` is the run's.
    """
    views = con.execute("select schema_name || '.' || view_name from duckdb_views()").fetchall()
    rows = [
        _row(con, entry, fingerprints, changed_since.get(entry.name, date.min))
        for entry in read_entries(transforms)
        if not entry.declaration.is_view or (entry.name,) in views
    ]
    con.register("entries", pd.DataFrame(rows))
    con.execute("delete from ops.table_catalog")
    con.execute("insert into ops.table_catalog by name from entries")
    con.unregister("entries")


def drop_former(con: duckdb.DuckDBPyConnection, transforms: list[Transform]) -> None:
    """Drop the tables and views that an earlier version built and this one does not, or not so."""
    tables = [transform.declaration for transform in transforms]
    views = [view for table in tables if (view := latest_view(table))]
    built = {declaration.name: declaration.is_view for declaration in tables + views}
    former = con.execute(
        """
        select c.schema_name || '.' || c.table_name, t.table_type = 'VIEW'
        from ops.table_catalog as c
        inner join information_schema.tables as t
            on
                c.schema_name = t.table_schema and c.table_name = t.table_name
                and t.table_catalog = current_database()
        where c.schema_name in ('core', 'rotation')
        """
    ).fetchall()
    for name, is_view in former:
        if built.get(name) != is_view:
            con.execute(f"drop {'view' if is_view else 'table'} {name}")


def _row(
    con: duckdb.DuckDBPyConnection,
    entry: Entry,
    fingerprints: Mapping[str, str],
    changed_since: date,
) -> dict[str, object]:
    table = entry.declaration
    dated = [name for name in NEWNESS if name in table.column_names]
    newest = f"max({dated[0]})::date" if dated else "null::date"
    counted = con.execute(f"select count(*), {newest} from {table.name}").fetchone()
    assert counted
    return {
        "schema_name": table.schema,
        "table_name": table.table,
        "grain": ", ".join(table.grain),
        "description": table.description,
        "row_count": counted[0],
        "newest": counted[1],
        "upstream": list(entry.upstream),
        "built_by": entry.built_by,
        "fingerprint": fingerprints.get(table.name, ""),
        "changed_since": changed_since if changed_since > date.min else None,
    }
