"""The dictionary: what each table is and what it comes from, as the `.yml` files tell it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from warehouse.connect import FOLDER
from warehouse.declaration import Column, Declaration, read_declarations
from warehouse.latest import latest_view
from warehouse.transform import Transform


@dataclass(frozen=True)
class Entry:
    """One table or view: what it promises, the file that builds it, the tables it is built from."""

    declaration: Declaration
    built_by: str
    upstream: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.declaration.name


def read_entries(transforms: Iterable[Transform]) -> list[Entry]:
    """What `transforms` build, with the views on it, and every other table that is declared.

    Ordered by what a reader looks for first: metrics, then what they are built from.
    """
    built, views = [], []
    for transform in transforms:
        table = transform.declaration
        path = f"transforms/{table.schema}/{transform.path.name}"
        built.append(Entry(table, path, transform.inputs))
        if view := latest_view(table):
            views.append(Entry(view, "warehouse/latest.py", (table.name,)))
    declared = [
        Entry(table, f"warehouse/{schema}")
        for schema in ("raw", "reference", "ops")
        for table in read_declarations(FOLDER / schema)
    ]
    built.sort(key=lambda entry: (entry.declaration.schema == "core", entry.name))
    return built + declared + sorted(views, key=lambda entry: entry.name)


def find_tables(entries: Sequence[Entry], name: str) -> list[Entry]:
    """The tables of a name, with or without its schema."""
    return [entry for entry in entries if name in (entry.name, entry.declaration.table)]


def find_columns(entries: Sequence[Entry], name: str) -> list[tuple[Declaration, Column]]:
    """The columns of a name, which may have its table before it, and that its schema."""
    return [
        (entry.declaration, column)
        for entry in entries
        for column in entry.declaration.columns
        if name in _spellings(entry.declaration, column)
    ]


def nearest(entries: Sequence[Entry], name: str) -> list[str]:
    """Up to two names of tables or columns that have `name` as a word, or else are spelt alike."""
    owner, _, column = name.rpartition(".")
    if tables := find_tables(entries, owner):
        near = get_close_matches(column, tables[0].declaration.column_names, n=2)
        return [f"{owner}.{one}" for one in near]
    known = {word for entry in entries for word in (entry.name, entry.declaration.table)}
    known.update(column for entry in entries for column in entry.declaration.column_names)
    with_word = [one for one in known if name in one.split("_")]
    return sorted(with_word, key=len)[:2] or get_close_matches(name, sorted(known), n=2)


def _spellings(table: Declaration, column: Column) -> tuple[str, str, str]:
    return column.name, f"{table.table}.{column.name}", f"{table.name}.{column.name}"
