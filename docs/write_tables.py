"""Writes `tables.md`: every table with columns, origin and an example, from the `.yml` files."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from warehouse.connect import FOLDER
from warehouse.dictionary import Entry, read_entries
from warehouse.transform import read_transforms

PAGE = Path(__file__).with_name("tables.md")

SCHEMAS = {
    "rotation": "the metrics",
    "core": "what the sources say, conformed: the newest word on each key",
    "raw": "what each source (Yahoo Finance, FRED, iShares, a folder, the simulated market) said "
    "and when, append-only; all else can be rebuilt from it",
    "reference": "definitions and published facts, one CSV file each in `warehouse/reference/`",
    "ops": "runs, checks, rows set aside, what moved, the catalog",
}
HEAD = """\
# Tables

Written by `make docs` from the `.yml` files beside the tables' own; edit those. The same words
stand in the warehouse as comments (`duckdb_tables()`, `duckdb_columns()`), in `ops.table_catalog`,
and in `rotation explain NAME`.

Units stand in the names: `_pct` is percent or percent points, `_bp` basis points, `_usd` dollars.
Times are naive UTC. Too little history or a missing input is NULL, never 0.

Each table of `rotation` that is kept by session has a view of its newest session,
`rotation.latest_<table>`, with the same columns. Each table of `core` that is built from `raw` has
a macro that tells it as it was known at a moment: `from core.quote_as_of('2026-01-27 22:30')`.
"""


def page() -> str:
    """The whole page as Markdown."""
    entries = [entry for entry in read_entries(read_transforms()) if "latest" not in entry.built_by]
    known = {entry.name: entry for entry in entries}
    parts = [HEAD, *_index(entries), "## What is built from what\n", _graph(known)]
    for schema, what in SCHEMAS.items():
        parts.append(f"## {schema}\n\nSchema `{schema}`: {what}.\n")
        own = [entry for entry in entries if entry.declaration.schema == schema]
        parts += ["\n".join(_section(entry, known)) for entry in own]
    return "\n".join(parts)


def _index(entries: list[Entry]) -> Iterator[str]:
    lines = ["| table | one row per |", "| --- | --- |"]
    for entry in entries:
        grain = entry.declaration.description.rpartition("One row per ")[2].rstrip(".")
        lines.append(f"| {_link(entry.name)} | {_cell(grain)} |")
    yield "\n".join([*lines, ""])


def _graph(known: Mapping[str, Entry]) -> str:
    """The built tables, an arrow from each to those it is built from and not through another."""
    origins = {name: set(_origins(name, known)) for name in known}
    lines = ["```mermaid", "flowchart RL"]
    for name, entry in known.items():
        shown = [other for other in entry.upstream if not other.startswith("reference.")]
        lines += [
            f"    {name} --> {other}"
            for other in shown
            if not any(other in origins[between] for between in shown)
        ]
    return "\n".join(
        [*lines, "```", "", "Left out: reference tables, and arrows that others imply.", ""]
    )


def _origins(name: str, known: Mapping[str, Entry]) -> Iterator[str]:
    """The tables that `name` is built from, directly or not; some come twice."""
    for other in known[name].upstream:
        yield other
        yield from _origins(other, known)


def _section(entry: Entry, known: Mapping[str, Entry]) -> Iterator[str]:
    table = entry.declaration
    yield f"### {entry.name}\n"
    yield f"{table.description}\n"
    yield f"- Grain: {', '.join(f'`{name}`' for name in table.grain)}"
    if table.source:
        yield f"- Formula: {table.source}"
    if entry.upstream:
        yield f"- Built by [{entry.built_by}](../{entry.built_by}) from " + _links(entry.upstream)
        sources = {name for name in _origins(entry.name, known) if not known[name].upstream}
        if sources - set(entry.upstream):
            yield f"- Goes back to {_links(sorted(sources))}"
    elif table.path.with_suffix(".csv").exists():
        file = f"warehouse/{table.schema}/{table.table}.csv"
        yield f"- Lines of [{file}](../{file})"
    readers = sorted(other.name for other in known.values() if entry.name in other.upstream)
    if readers:
        yield f"- Read by {_links(readers)}"
    suite = f"expectations/{table.schema}/{table.table}.yml"
    if (FOLDER.parent / suite).exists():
        yield f"- Checked by [{suite}](../{suite})"
    yield "\n| column | type | unit | meaning |\n| --- | --- | --- | --- |"
    for column in table.columns:
        meaning = _cell(column.meaning)
        yield f"| `{column.name}` | {_cell(column.type)} | {_cell(column.unit)} | {meaning} |"
    yield f"\n```sql\n{table.example}\n```\n"


def _links(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(_link(name) for name in names)


def _link(name: str) -> str:
    return f"[{name}](#{name.replace('.', '')})"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("[]", "\\[\\]")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
