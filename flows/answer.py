"""Answers to `rotation query`: read-only SQL on the published warehouse, shown or written."""

import json
import sys
from pathlib import Path

import duckdb

from warehouse.connect import open_published
from warehouse.place import Place
from warehouse.run import published_record

SHOWN_ROWS = 40


class QueryError(Exception):
    """The query cannot be answered; the sentence says why."""


def answer(place: Place, sql: str, format_: str, output: Path | None) -> None:
    """Run one SELECT and write its rows as table, csv, json or parquet.

    The connection can neither write nor reach files or the network. Raises QueryError.
    """
    if format_ == "parquet" and output is None:
        raise QueryError("Parquet is no text for a screen: name a file with --output.")
    if published_record(place).get("is_simulated"):
        print("SIMULATED market: no number here is real.", file=sys.stderr)
    with open_published(place) as con:
        con.execute("set timezone = 'UTC'")
        con.execute("set enable_external_access = false")
        con.execute("set python_enable_replacements = false")
        con.execute("set lock_configuration = true")
        try:
            statements = con.extract_statements(sql)
            if len(statements) != 1 or statements[0].type not in (
                duckdb.StatementType.SELECT,
                duckdb.StatementType.EXPLAIN,
            ):
                raise QueryError("Only one SELECT (or EXPLAIN) can be asked.")
            relation = con.execute(statements[0])
            if format_ == "table":
                _show(relation, output)
            elif format_ == "parquet":
                import pyarrow.parquet

                pyarrow.parquet.write_table(relation.to_arrow_table(), output)
            else:
                _write(relation, format_, output)
        except duckdb.Error as error:
            raise QueryError(" ".join(str(error).split("\n\n")[0].split())) from None
        except OSError as error:
            raise QueryError(f"{output} cannot be written: {error.strerror}.") from None


def _write(relation: duckdb.DuckDBPyConnection, format_: str, output: Path | None) -> None:
    frame = relation.df()
    target = output or sys.stdout
    if format_ == "csv":
        frame.to_csv(target, index=False)
    else:
        frame.to_json(target, orient="records", date_format="iso", indent=2)
        if output is None:
            print()


def _show(relation: duckdb.DuckDBPyConnection, output: Path | None) -> None:
    from rich.console import Console
    from rich.table import Table

    names = [column[0] for column in relation.description or []]
    rows = relation.fetchmany(SHOWN_ROWS + 1)
    table = Table(*names, box=None, header_style="bold")
    for row in rows[:SHOWN_ROWS]:
        table.add_row(*map(_cell, row))
    if output:
        with output.open("w", encoding="utf-8") as file:
            Console(file=file, width=200).print(table)
        return
    console = Console()
    console.print(table)
    if len(rows) > SHOWN_ROWS:
        console.print(f"… more than {SHOWN_ROWS} rows: use --format csv for all.", style="dim")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return json.dumps(value, default=str) if isinstance(value, (list, dict)) else str(value)
