"""What may be asked of the published warehouse, and the connection that it is asked of."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb

from warehouse.connect import open_published
from warehouse.declaration import literal
from warehouse.place import Place

ONLY_SELECT = "Only one SELECT (or EXPLAIN of one) can be asked."
# They write, switch something (logging ends the process), or run text that nobody has looked at.
REFUSED = {
    *("enable_logging", "disable_logging", "truncate_duckdb_logs", "write_log"),
    *("enable_profiling", "disable_profiling", "checkpoint", "force_checkpoint"),
    *("query", "json_execute_serialized_sql"),
    # A lake's: text for its catalog's server, any table there, the keys of its object store.
    *("postgres_query", "postgres_execute", "postgres_scan", "postgres_scan_pushdown"),
    *("postgres_attach", "postgres_configure_pool", "pg_clear_cache", "read_postgres_binary"),
    *("ducklake_add_data_files", "ducklake_cleanup_old_files", "ducklake_commit"),
    *("ducklake_delete_orphaned_files", "ducklake_expire_snapshots", "ducklake_set_option"),
    *("ducklake_flush_inlined_data", "ducklake_merge_adjacent_files"),
    *("ducklake_rewrite_data_files", "ducklake_set_commit_message"),
    *("duckdb_secrets", "which_secret"),
}
CATALOG = "__ducklake_metadata"  # the database that DuckLake attaches for itself


class QueryError(Exception):
    """The query cannot be answered; the sentence says why."""


@contextmanager
def open_for_questions(place: Place) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the newest publication so that SQL can neither write nor reach files or the network.

    Raises WarehouseError where nothing is published.
    """
    with open_published(place) as con:
        con.execute("set timezone = 'UTC'")
        con.execute("set autoinstall_known_extensions = false")
        con.execute("set autoload_known_extensions = false")
        con.execute("set python_enable_replacements = false")
        con.execute("set enable_external_access = false")
        con.execute("set lock_configuration = true")
        yield con


def only_select(con: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    """The one SELECT (or EXPLAIN of one) in `sql`, by DuckDB's own parser; else QueryError."""
    statements = con.extract_statements(sql)
    asked = sql
    if [statement.type for statement in statements] == [duckdb.StatementType.EXPLAIN]:
        asked = _explained(con, sql)
    types = [statement.type for statement in con.extract_statements(asked)]
    if types != [duckdb.StatementType.SELECT]:
        raise QueryError(ONLY_SELECT)
    if refused := REFUSED.intersection(_functions(con, asked)):
        raise QueryError(f"The function {min(refused)} cannot be used here: it does not only read.")
    return statements[0]


def _is_spelled(arguments: object) -> bool:
    """Whether arguments are texts, or lists of texts, as they stand."""
    return isinstance(arguments, list) and all(
        argument.get("class") == "CONSTANT"
        or (argument.get("function_name") == "list_value" and _is_spelled(argument["children"]))
        for argument in arguments
    )


def _explained(con: duckdb.DuckDBPyConnection, sql: str) -> str:
    """What an EXPLAIN explains: what comes after it and its options, which are no statement."""
    text = sql.encode()
    for start, _ in duckdb.tokenize(sql)[1:]:
        statement = text[start:].decode(errors="replace")
        with suppress(duckdb.ParserException):
            con.extract_statements(statement)
            return statement
    raise QueryError(ONLY_SELECT)


def _functions(con: duckdb.DuckDBPyConnection, select: str) -> set[str]:
    """The names of all functions in a SELECT, in lower case."""
    # A literal: for a parameter, DuckDB's client would import pandas first.
    rows = con.execute(f"select json_serialize_sql({literal(select)})").fetchall()
    found: set[str] = set()

    def note(branch: dict[str, object]) -> dict[str, object]:
        if branch.get("error"):  # a PIVOT, say, which DuckDB makes several statements of
            raise QueryError(ONLY_SELECT)
        found.add(str(branch.get("function_name", "")).lower())
        if branch.get("function_name") == "query_table" and not _is_spelled(branch["children"]):
            raise QueryError("Name the tables of query_table as they are, not put together.")
        if any(CATALOG in word.lower() for word in branch.values() if isinstance(word, str)):
            raise QueryError("The catalog of the lake cannot be asked here: ask its tables.")
        return branch

    try:
        json.loads(rows[0][0], object_hook=note)
    except RecursionError:
        raise QueryError("The query is nested too deeply.") from None
    return found
