"""Comments of tables, views and macros, as far as the store of a connection keeps them."""

import duckdb

from warehouse.declaration import Declaration, literal


def comment_on(con: duckdb.DuckDBPyConnection, table: Declaration) -> None:
    """Say what a table or view and its columns are; DuckLake keeps nothing of a view's columns."""
    statements = table.comment_statements
    for statement in statements[:1] if table.is_view and _is_lake(con) else statements:
        con.execute(statement)


def comment_on_macro(con: duckdb.DuckDBPyConnection, name: str, words: str) -> None:
    """Say what a table macro is; DuckLake keeps nothing of it."""
    if not _is_lake(con):
        con.execute(f"comment on macro table {name} is {literal(words)}")


def _is_lake(con: duckdb.DuckDBPyConnection) -> bool:
    row = con.execute(
        "select type = 'ducklake' from duckdb_databases() where database_name = current_database()"
    ).fetchone()
    return bool(row and row[0])
