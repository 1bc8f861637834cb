"""Answers to `rotation query`: read-only SQL on the published warehouse, shown or written."""

import csv
import io
import json
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from flows.question import QueryError, only_select, open_for_questions
from warehouse.place import Place
from warehouse.run import published_record

if TYPE_CHECKING:
    import pyarrow
    from rich.text import Text

SHOWN_ROWS = 40
WIDE = 500  # columns of a table that is not on a terminal


def answer(place: Place, sql: str, format_: str, output: Path | None) -> None:
    """Run one SELECT and write its rows as table, csv, json or parquet.

    A file is written whole or not at all. Raises QueryError or WarehouseError.
    """
    if output and output.resolve().is_relative_to(place.home.resolve()):
        raise QueryError(
            f"{output} lies in the home {place.home}, which only runs write: name a file elsewhere."
        )
    if format_ == "parquet" and output is None:
        raise QueryError("Parquet is no text for a screen: name a file with --output.")
    if published_record(place).get("is_simulated"):
        print("SIMULATED market: no number here is real.", file=sys.stderr)
    with open_for_questions(place) as con:
        try:
            relation = con.execute(only_select(con, sql))
            with _whole(output) as file:
                if format_ == "table":
                    _show(relation, file)
                else:
                    _write(relation.to_arrow_table(), format_, file)
        except duckdb.Error as error:
            raise QueryError(" ".join(str(error).split("\n\n")[0].split())) from None
        except BrokenPipeError:  # as in `| head`: whoever read has had enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except OSError as error:
            raise QueryError(f"{output} cannot be written: {error.strerror or error}.") from None


@contextmanager
def _whole(output: Path | None) -> Iterator[Path | None]:
    """Where to write: beside `output`, whose place the file takes when it is whole."""
    if output is None or output.is_char_device() or output.is_fifo():  # as /dev/stdout
        yield output
        return
    file = output.resolve()
    partial = file.with_name(f".{file.name}.partial")
    try:
        yield partial
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def _write(table: "pyarrow.Table", format_: str, output: Path | None) -> None:
    if format_ == "parquet":
        import pyarrow.parquet

        pyarrow.parquet.write_table(table, output)
        return
    if format_ == "csv":
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(table.column_names)
        for batch in table.to_batches():
            columns = (map(_field, column.to_pylist()) for column in batch.columns)
            writer.writerows(zip(*columns, strict=True))
        text = buffer.getvalue()
    else:
        text = json.dumps(_finite(table.to_pylist()), default=_number_or_text, indent=2) + "\n"
    if output:
        output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
        sys.stdout.flush()


def _field(value: object) -> object:
    """A value as CSV has it: truth in lower case, lists and structs as JSON."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, dict)):
        return json.dumps(_finite(value), default=_number_or_text)
    return value


def _finite(value: object) -> object:
    """The same with null for numbers that JSON cannot write: NaN and the infinities."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return value


def _number_or_text(value: object) -> object:
    """What JSON has no word for; a decimal, such as a sum of whole numbers, is a number."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)


def _show(relation: duckdb.DuckDBPyConnection, output: Path | None) -> None:
    from rich.console import Console

    from flows.listing import listing

    names = [_plain(column[0]) for column in relation.description or []]
    fetched = relation.fetchmany(SHOWN_ROWS + 1)
    rows = [[_plain(_cell(value)) for value in row] for row in fetched[:SHOWN_ROWS]]
    if output:
        with output.open("w", encoding="utf-8") as file:
            Console(file=file, width=WIDE).print(listing(names, rows, WIDE))
        return
    console = Console()
    if not console.is_terminal:
        console.width = WIDE
    console.print(listing(names, rows, console.width))
    if len(fetched) > SHOWN_ROWS:
        console.print(f"… more than {SHOWN_ROWS} rows: use --format csv for all.", style="dim")


def _plain(text: str) -> "Text":
    """Text as it is: no markup, nothing that a terminal would obey."""
    from rich.text import Text

    return Text("".join(c if c.isprintable() else repr(c)[1:-1] for c in text))


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return json.dumps(value, default=str) if isinstance(value, (list, dict)) else str(value)
