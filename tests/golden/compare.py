"""A built table beside a second computation of it."""

import duckdb
import pandas as pd

RELATIVE = 1e-7  # tolerated difference of a number; below 0.01 in absolute terms


def differences(
    con: duckdb.DuckDBPyConnection, table: str, key: list[str], expected: pd.DataFrame
) -> dict[str, tuple[object, ...]]:
    """What differs, each with its first example: keys on one side alone, and columns.

    Labels and NULLs must be equal, numbers within RELATIVE.
    """
    con.register("expected", expected)
    types = {name: type_ for name, type_, *_ in con.execute(f"describe {table}").fetchall()}
    tests = {"only in the warehouse": "not coalesce(e.here, false)"}
    tests |= {"only expected": "not coalesce(b.here, false)"}
    for name in expected.columns.difference(key):
        tests[name] = f"b.{name} is distinct from e.{name}::{types[name]}"
        if types[name] == "DOUBLE":
            margin = f"{RELATIVE} * greatest(abs(e.{name}), 0.01)"
            tests[name] += f" and not coalesce(abs(b.{name} - e.{name}) <= {margin}, false)"
    examples = {}
    for what, test in tests.items():
        shown = [*key, f"b.{what}", f"e.{what}"] if what in types else key
        example = con.execute(
            f"""
            select {", ".join(shown)}
            from (select *, true as here from {table}) as b
            full join (select *, true as here from expected) as e using ({", ".join(key)})
            where {test}
            order by {", ".join(key)}
            limit 1
            """
        ).fetchone()
        if example:
            examples[what] = example
    con.unregister("expected")
    return examples


def uncompared(con: duckdb.DuckDBPyConnection, table: str, expected: pd.DataFrame) -> set[str]:
    """Columns that the table has and the second computation has not."""
    names = {name for name, *_ in con.execute(f"describe {table}").fetchall()}
    return names - set(expected.columns)
