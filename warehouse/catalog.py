"""`ops.table_catalog`: every table, what it is, how it came about, how fresh it is."""

import duckdb
import pandas as pd

from warehouse.connect import FOLDER
from warehouse.declaration import Declaration, read_declarations
from warehouse.transform import Transform

# The column that says how new a row is, the first that a table has.
NEWNESS = ("session", "observation_date", "snapshot_date", "holdings_date", "valid_from")


def write_catalog(
    con: duckdb.DuckDBPyConnection, transforms: list[Transform], fingerprints: dict[str, str]
) -> None:
    """Replace the rows of `ops.table_catalog` by what the warehouse holds now."""
    rows = [
        _entry(con, declaration, [], f"warehouse/{declaration.schema}", fingerprints)
        for schema in ("raw", "reference", "ops")
        for declaration in read_declarations(FOLDER / schema)
    ]
    rows += [
        _entry(
            con,
            transform.declaration,
            list(transform.inputs),
            f"transforms/{transform.declaration.schema}/{transform.path.name}",
            fingerprints,
        )
        for transform in transforms
    ]
    con.register("entries", pd.DataFrame(rows))
    con.execute("delete from ops.table_catalog")
    con.execute("insert into ops.table_catalog by name from entries")
    con.unregister("entries")


def _entry(
    con: duckdb.DuckDBPyConnection,
    declaration: Declaration,
    upstream: list[str],
    built_by: str,
    fingerprints: dict[str, str],
) -> dict[str, object]:
    dated = [name for name in NEWNESS if name in declaration.column_names]
    newest = f"max({dated[0]})::date" if dated else "null::date"
    counted = con.execute(f"select count(*), {newest} from {declaration.name}").fetchone()
    assert counted
    return {
        "schema_name": declaration.schema,
        "table_name": declaration.table,
        "grain": ", ".join(declaration.grain),
        "description": declaration.description,
        "row_count": counted[0],
        "newest": counted[1],
        "upstream": upstream,
        "built_by": built_by,
        "fingerprint": fingerprints.get(declaration.name, ""),
    }
