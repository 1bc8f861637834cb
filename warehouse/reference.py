"""Reference tables: the facts and definitions in `reference/*.csv`, checked line by line."""

import duckdb
import pandas as pd

from warehouse.calendar import calendar_days
from warehouse.connect import FOLDER
from warehouse.declaration import Declaration, read_declarations


class ReferenceFileError(Exception):
    """A reference file has a wrong line; the sentence names file, line and column."""


def load_reference(con: duckdb.DuckDBPyConnection) -> None:
    """Replace every `reference.<name>` by its CSV file, the calendar by the exchange's.

    Raises ReferenceFileError on a wrong line.
    """
    for declaration in read_declarations(FOLDER / "reference"):
        _check(con, declaration, _read(declaration))
        columns = ", ".join(f"{c.name}::{c.type} as {c.name}" for c in declaration.columns)
        con.execute(f"create or replace table {declaration.name} as select {columns} from lines")
        con.unregister("lines")
        for statement in declaration.comment_statements:
            con.execute(statement)


def _read(declaration: Declaration) -> pd.DataFrame:
    if declaration.table == "calendar_day":
        return calendar_days()
    file = declaration.path.with_suffix(".csv")
    try:
        lines = pd.read_csv(file, dtype=str, keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        raise ReferenceFileError(f"{file.name}: {' '.join(str(error).split())}.") from None
    if tuple(lines.columns) != declaration.column_names:
        raise ReferenceFileError(
            f"{file.name} line 1: the columns must be {', '.join(declaration.column_names)}."
        )
    return lines


def _check(con: duckdb.DuckDBPyConnection, declaration: Declaration, lines: pd.DataFrame) -> None:
    """Raise ReferenceFileError for a cell that is empty or of another type, or a key twice."""
    con.register("lines", lines.assign(line_number=range(2, len(lines) + 2)))
    file = declaration.path.with_suffix(".csv").name
    for column in declaration.columns:
        empty = "false" if column.optional else f"{column.name} is null"
        wrong = con.execute(
            f"""
            select line_number, {column.name}
            from lines
            where
                {empty}
                or ({column.name} is not null and try_cast({column.name} as {column.type}) is null)
            order by line_number
            limit 1
            """
        ).fetchone()
        if wrong:
            what = f"{wrong[1]!r} is not a {column.type}" if wrong[1] else "is empty"
            raise ReferenceFileError(f"{file} line {wrong[0]}, column {column.name}: {what}.")
    keys = ", ".join(declaration.grain)
    twice = con.execute(
        f"select max(line_number) from lines group by {keys} having count(*) > 1 limit 1"
    ).fetchone()
    if twice:
        raise ReferenceFileError(f"{file} line {twice[0]}, column {keys}: this key stands twice.")
