"""Tries the Python clients that are installed; prints a row of bi.md's table for each.

Each connects, lists the schemas, asks for the score over time, draws it, is published under, asks
again on the connection it has, and connects anew. The home is only read: what is published under
them is a link in a folder of the script's own, replaced as a nightly run replaces `current`.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

SCORE = "select session, score from rotation.scorecard order by session"
SCHEMAS = "select distinct schema_name from duckdb_tables()"
PUBLISHED = {"raw", "reference", "core", "rotation", "ops"}


class Connection(NamedTuple):
    """What an analyst does with it: list the schemas, ask for the score as a frame."""

    schemas: Callable[[], Sequence[str]]
    score: Callable[[], Any]


def connect_duckdb(current: Path) -> Connection:
    import duckdb

    con = duckdb.connect(current / "warehouse.duckdb", read_only=True)
    return Connection(
        lambda: [name for (name,) in con.sql(SCHEMAS).fetchall()],
        lambda: con.sql(SCORE).df(),
    )


def engine(current: Path) -> Any:
    import sqlalchemy

    return sqlalchemy.create_engine(
        f"duckdb:///{current / 'warehouse.duckdb'}",
        connect_args={"read_only": True},
        poolclass=sqlalchemy.pool.NullPool,
    )


def dated(frame: Any) -> Any:
    """The frame with sessions that charts take: these clients give days as Python's dates."""
    return frame.astype({"session": "datetime64[s]"})


def connect_sqlalchemy(current: Path) -> Connection:
    import pandas as pd
    import sqlalchemy

    database = engine(current)

    def schemas() -> list[str]:
        inspector = sqlalchemy.inspect(database)
        assert "scorecard" in inspector.get_table_names(schema="rotation")
        assert inspector.get_columns("scorecard", schema="rotation")
        return [name.rpartition(".")[2] for name in inspector.get_schema_names()]

    def score() -> pd.DataFrame:
        with database.connect() as con:
            return dated(pd.DataFrame(con.execute(sqlalchemy.text(SCORE))))

    return Connection(schemas, score)


def connect_pandas(current: Path) -> Connection:
    import pandas as pd

    database = engine(current)
    return Connection(
        lambda: list(pd.read_sql(SCHEMAS, database)["schema_name"]),
        lambda: dated(pd.read_sql(SCORE, database)),
    )


def connect_polars(current: Path) -> Connection:
    import duckdb
    import polars as pl

    con = duckdb.connect(current / "warehouse.duckdb", read_only=True)
    return Connection(
        lambda: list(pl.read_database(SCHEMAS, con)["schema_name"]),
        lambda: pl.read_database(SCORE, con),
    )


def connect_ibis(current: Path) -> Connection:
    import ibis

    con = ibis.duckdb.connect(current / "warehouse.duckdb", read_only=True)

    def schemas() -> list[str]:
        assert "scorecard" in con.list_tables(database="rotation")
        return con.list_databases()

    def score() -> Any:
        table = con.table("scorecard", database="rotation")
        return table.select("session", "score").order_by("session").to_pandas()

    return Connection(schemas, score)


def folders(current: Path) -> list[str]:
    return [folder.name for folder in (current / "export").iterdir() if folder.is_dir()]


def scan_pandas(current: Path) -> Connection:
    import pandas as pd

    twin = current / "export" / "rotation" / "scorecard.parquet"
    return Connection(
        lambda: folders(current),
        lambda: dated(pd.read_parquet(twin, columns=["session", "score"])),
    )


def scan_polars(current: Path) -> Connection:
    import polars as pl

    twin = current / "export" / "rotation" / "scorecard.parquet"
    return Connection(lambda: folders(current), lambda: pl.scan_parquet(twin).collect())


CLIENTS: dict[str, tuple[Callable[[Path], Connection], list[str]]] = {
    "DuckDB's Python client": (connect_duckdb, ["duckdb"]),
    "SQLAlchemy": (connect_sqlalchemy, ["sqlalchemy", "duckdb-engine", "duckdb"]),
    "ibis": (connect_ibis, ["ibis-framework", "duckdb"]),
    "pandas, by SQLAlchemy": (connect_pandas, ["pandas", "sqlalchemy", "duckdb"]),
    "polars, by DuckDB": (connect_polars, ["polars", "duckdb"]),
    "pandas, Parquet twins": (scan_pandas, ["pandas", "pyarrow"]),
    "polars, Parquet twins": (scan_polars, ["polars"]),
}


def try_client(connect: Callable[[Path], Connection], older: Path, newer: Path) -> tuple[str, str]:
    """The result in words, and when the newer publication is seen."""
    with tempfile.TemporaryDirectory() as folder:
        current = Path(folder) / "current"
        current.symlink_to(older)
        step = "connecting"
        try:
            connection = connect(current)
            step = "listing"
            assert set(connection.schemas()) >= PUBLISHED, "a schema is missing"
            step = "the query"
            frame = connection.score()
            before = newest(frame)
            step = "drawing"
            draw(frame, Path(folder) / "score.svg")
            step = "the query after a publication"
            (Path(folder) / "next").symlink_to(newer)
            (Path(folder) / "next").replace(current)
            kept = newest(connection.score())
            step = "connecting anew"
            anew = newest(connect(current).score())
        except Exception as error:
            return f"{step} fails: {type(error).__name__}: {str(error).splitlines()[0]}", ""
    if kept > before:
        return "works", "on the next query"
    return "works", "on the next connect" if anew > before else "not yet on the next connect"


def newest(frame: Any) -> str:
    return str(frame["session"].max())[:10]


def draw(frame: Any, path: Path) -> None:
    """Write the chart as SVG; AssertionError where it has no line."""
    import altair as alt

    alt.Chart(frame, width=600).mark_line().encode(x="session:T", y="score:Q").save(path)
    assert 'aria-roledescription="line mark"' in path.read_text(encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--home", type=Path, default="data", help="holds two publications or more")
    published = sorted((parser.parse_args().home.resolve() / "published").glob("*/"))
    if len(published) < 2:
        parser.error("two publications are needed: run `rotation nightly` for two sessions")
    for client, (connect, packages) in CLIENTS.items():
        try:
            versions = ", ".join(f"{package} {version(package)}" for package in packages)
        except PackageNotFoundError as missing:
            print(f"| {client} | | not tried: {missing.name} is not installed | |")
            continue
        result, seen = try_client(connect, *published[-2:])
        print(f"| {client} | {versions} | {result} | {seen} |")


if __name__ == "__main__":
    main()
