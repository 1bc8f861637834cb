"""`rotation explain`: the dictionary's entry of a table or column, from the declarations alone."""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows.answer import WIDE
from warehouse.declaration import Column, Declaration
from warehouse.dictionary import Entry, find_columns, find_tables, nearest, read_entries
from warehouse.transform import read_transforms


class UnknownNameError(Exception):
    """No table or column has that name; the sentence gives the nearest."""


def explain(name: str) -> None:
    """Print what a table or a column is; `name` may carry its schema, or its table.

    Raises UnknownNameError.
    """
    entries = read_entries(read_transforms())
    wanted = name.strip().lower().removesuffix("_as_of")
    tables, columns = find_tables(entries, wanted), find_columns(entries, wanted)
    if not tables and not columns:
        near = " or ".join(nearest(entries, wanted))
        hint = f"the nearest is {near}" if near else "docs/tables.md has all names"
        raise UnknownNameError(f"No table or column is called {name!r}: {hint}.")
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
    if tables:
        _show_table(console, tables[0])
    if columns:
        _show_columns(console, columns)
    if len(tables) > 1:
        others = ", ".join(entry.name for entry in tables[1:])
        console.print(f"[dim]Of the same name:[/dim] {others}")


def _show_table(console: Console, entry: Entry) -> None:
    table = entry.declaration
    console.print(f"[bold]{entry.name}[/bold]\n{escape(table.description)}\n")
    console.print(f"[dim]grain[/dim]       {', '.join(table.grain)}")
    console.print(f"[dim]built by[/dim]    {entry.built_by}")
    if entry.upstream:
        console.print(f"[dim]built from[/dim]  {', '.join(entry.upstream)}")
    if table.source:
        console.print(f"[dim]formula[/dim]     {escape(table.source)}")
    shown = _columns([(column.name, column) for column in table.columns])
    console.print("", shown, "", "[dim]example[/dim]", escape(table.example), sep="\n")


def _show_columns(console: Console, columns: Sequence[tuple[Declaration, Column]]) -> None:
    """Where a column stands; the views of newest sessions repeat their tables."""
    named = [(f"{table.name}.{column.name}", column) for table, column in columns]
    console.print(_columns([one for one in named if ".latest_" not in one[0]]))


def _columns(named: Sequence[tuple[str, Column]]) -> Table:
    """Names whole, so that they can be copied; what they mean takes the rest of the line."""
    shown = Table(box=None, header_style="dim")
    shown.add_column("column", no_wrap=True, min_width=max(len(name) for name, _ in named))
    for head in ("type", "unit", "meaning"):
        shown.add_column(head, overflow="fold")
    for name, column in named:
        shown.add_row(*map(escape, (name, column.type, column.unit, column.meaning)))
    return shown
