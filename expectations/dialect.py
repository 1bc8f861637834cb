"""SQLAlchemy's way into a DuckDB connection that is already open."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
from duckdb_engine import ConnectionWrapper, Dialect
from sqlalchemy.dialects import registry
from sqlalchemy.types import NullType

URL = "duckdb_audit://"


class AuditDialect(Dialect):
    """DuckDB without transactions: an audit only reads, and a rollback would end its results."""

    supports_statement_cache = False

    def get_columns(
        self, connection: Any, table_name: str, schema: str | None = None, **kw: Any
    ) -> Any:
        """Names alone: the inherited question joins PostgreSQL's catalogue, table by table."""
        rows = connection.exec_driver_sql(
            "select column_name from duckdb_columns() where database_name = current_database()"
            " and schema_name = ? and table_name = ? order by column_index",
            (schema, table_name),
        )
        return [{"name": name, "type": NullType(), "nullable": True} for (name,) in rows]

    def get_pk_constraint(
        self, connection: Any, table_name: str, schema: str | None = None, **kw: Any
    ) -> Any:
        """None: a suite's rules say what is unique, no table has a key of the database's."""
        return {"constrained_columns": [], "name": None}

    def do_begin(self, dbapi_connection: Any) -> None:
        pass

    def do_commit(self, dbapi_connection: Any) -> None:
        pass

    def do_rollback(self, dbapi_connection: Any) -> None:
        pass


registry.register("duckdb_audit", __name__, AuditDialect.__name__)


@contextmanager
def engine_arguments(con: duckdb.DuckDBPyConnection) -> Iterator[dict[str, Any]]:
    """Arguments of `sqlalchemy.create_engine(URL, ...)` that make it read through `con`.

    The engine gets cursors of `con`, which see what `con` has committed. They are closed on
    leaving, because an open one keeps the database file open.
    """
    row = con.execute("select current_database()").fetchone()
    database = str(row[0] if row else "").replace('"', '""')
    cursors: list[duckdb.DuckDBPyConnection] = []

    def connect() -> ConnectionWrapper:
        cursor = con.cursor()
        cursors.append(cursor)
        cursor.execute(f'use "{database}"')  # a cursor starts in the database first attached
        return ConnectionWrapper(cursor)

    try:
        yield {"creator": connect, "pool_reset_on_return": None}
    finally:
        for cursor in cursors:
            cursor.close()
