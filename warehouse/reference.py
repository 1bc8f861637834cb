"""Reference tables: the facts and definitions in `reference/*.csv`, checked line by line."""

import csv

import duckdb
import pandas as pd

from warehouse.calendar import calendar_days
from warehouse.comment import comment_on
from warehouse.connect import FOLDER
from warehouse.declaration import Column, Declaration, read_declarations

LINE = "line_number"


class ReferenceFileError(Exception):
    """A reference file has a wrong line; the sentence names file, line and column."""


def load_reference(con: duckdb.DuckDBPyConnection) -> None:
    """Replace every `reference.<name>` by its CSV file, the calendar by the exchange's.

    Raises ReferenceFileError on a wrong line.
    """
    tables = [(found, _read(found)) for found in read_declarations(FOLDER / "reference")]
    for declaration, lines in tables:
        con.register("lines", lines)
        _check_types(con, declaration)
        con.execute(f"create or replace table {declaration.name} as select {_typed(declaration)}")
        comment_on(con, declaration)
    for declaration, lines in tables:  # once all are there, because a line may name another's
        con.register("lines", lines)
        _check_rules(con, declaration)
    con.unregister("lines")


def _read(declaration: Declaration) -> pd.DataFrame:
    """The lines as text, blank ones left out, each with its number in the file."""
    if declaration.table == "calendar_day":
        days = calendar_days()
        return days.assign(**{LINE: range(len(days))})
    file = declaration.path.with_suffix(".csv")
    names = list(declaration.column_names)
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            rows = [(reader.line_num, cells) for cells in reader if any(cells)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ReferenceFileError(f"{file.name}: {' '.join(str(error).split())}.") from None
    if not rows or rows[0][1] != names:
        raise ReferenceFileError(f"{file.name} line 1: the columns must be {', '.join(names)}.")
    for number, cells in rows[1:]:
        if len(cells) != len(names):
            last = names[min(len(cells), len(names)) - 1]
            raise ReferenceFileError(
                f"{file.name} line {number}, column {last}: the line has {len(cells)} cells instead"
                f" of {len(names)}; put a cell that has a comma in quotes."
            )
    table = [[cell or None for cell in cells] + [number] for number, cells in rows[1:]]
    return pd.DataFrame(table, columns=[*names, LINE]).astype(dict.fromkeys(names, "str"))


def _typed(declaration: Declaration) -> str:
    """What a table selects of its lines."""
    columns = ", ".join(f"{c.name}::{c.type} as {c.name}" for c in declaration.columns)
    return f"{columns} from lines"


def _check_types(con: duckdb.DuckDBPyConnection, declaration: Declaration) -> None:
    """Raise ReferenceFileError for a cell that is empty or of another type, or a key twice."""
    wrongs = []
    for column in declaration.columns:
        is_right = f"try_cast({column.name} as {column.type}) is not null"
        if column.optional:
            is_right += f" or {column.name} is null"
        wrongs.append((column, f"not ({is_right})", f"a {column.type}"))
    _refuse(con, declaration, "lines", wrongs)
    keys = ", ".join(declaration.grain)
    twice = con.execute(
        f"select max({LINE}) from lines group by {keys} having count(*) > 1 order by 1 limit 1"
    ).fetchone()
    if twice:
        file = declaration.path.with_suffix(".csv").name
        raise ReferenceFileError(f"{file} line {twice[0]}, column {keys}: this key stands twice.")


def _check_rules(con: duckdb.DuckDBPyConnection, declaration: Declaration) -> None:
    """Raise ReferenceFileError for a cell that breaks a rule of its column."""
    rules = [
        (column, words, condition)
        for column in declaration.columns
        for words, condition in column.rules.items()
    ]
    judged = [f"{condition} as rule_{n}" for n, (*_, condition) in enumerate(rules)]
    lines = f"(select *, {', '.join(judged)} from (select {LINE}, {_typed(declaration)}) as lines)"
    wrongs = [(column, f"not rule_{n}", words) for n, (column, words, _) in enumerate(rules)]
    if wrongs:
        _refuse(con, declaration, lines, wrongs)


def _refuse(
    con: duckdb.DuckDBPyConnection,
    declaration: Declaration,
    lines: str,
    wrongs: list[tuple[Column, str, str]],
) -> None:
    """Raise ReferenceFileError for the first line where a column's condition holds.

    Each stands with what the cell must be, in words.
    """
    branches = " ".join(
        f"when {condition} then [{n}::varchar, {column.name}::varchar]"
        for n, (column, condition, _) in enumerate(wrongs)
    )
    wrong = con.execute(
        f"""
        select {LINE}, case {branches} end as wrong
        from {lines}
        where wrong is not null
        order by {LINE}
        limit 1
        """
    ).fetchone()
    if wrong:
        number, (place, cell) = wrong
        column, _, words = wrongs[int(place)]
        file = declaration.path.with_suffix(".csv").name
        what = "must not be empty" if cell is None else f"{cell!r} must be {words}"
        raise ReferenceFileError(f"{file} line {number}, column {column.name}: {what}.")
