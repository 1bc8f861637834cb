"""What a table promises: its `.yml` beside its SQL, Python, CSV or, for landed tables, alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

import yaml


class DeclarationError(Exception):
    """A declaration is incomplete; the sentence names file and entry."""


@dataclass(frozen=True)
class Column:
    """One declared column; `type` is DuckDB's, `unit` and `meaning` go into its comment.

    `rules`, of a reference table alone: what a cell must be, in words and as a condition in SQL.
    """

    name: str
    type: str
    unit: str
    meaning: str
    optional: bool = False
    rules: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def comment(self) -> str:
        return f"{self.meaning} [{self.unit}]"


@dataclass(frozen=True)
class Declaration:
    """One table: description ending in its grain, key columns, look-back and columns in order.

    `lookback` counts the quotes of a symbol read before its first changed session. `dated` names
    the key that is a row's day, where a row follows from inputs up to its day: from the day on that
    these changed, the table is written anew. One that looks back and is not dated is kept by symbol
    and session; one that does neither is rebuilt whole. `reads` says of an input, as SQL, what of
    it is enough for the rows from the day `$since` on. `example` is a query that shows what the
    table answers, `source` where the formula of a metric is from.
    """

    path: Path
    schema: str
    table: str
    description: str
    grain: tuple[str, ...]
    columns: tuple[Column, ...]
    lookback: int | None = None
    dated: str = ""
    reads: Mapping[str, str] = field(default_factory=dict, hash=False)
    is_view: bool = False
    example: str = ""
    source: str = ""
    text: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.table}"

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def is_history(self) -> bool:
        """Whether it is kept by symbol and session, and extended."""
        return self.lookback is not None and not self.dated

    @property
    def create_statement(self) -> str:
        columns = ", ".join(f'"{column.name}" {column.type}' for column in self.columns)
        return f"create table if not exists {self.name} ({columns})"

    @property
    def kind(self) -> str:
        return "view" if self.is_view else "table"

    @property
    def comment_statements(self) -> list[str]:
        statements = [f"comment on {self.kind} {self.name} is {literal(self.description)}"]
        return statements + [
            f'comment on column {self.name}."{column.name}" is {literal(column.comment)}'
            for column in self.columns
        ]


def read_declaration(path: Path) -> Declaration:
    """Read `<schema>/<table>.yml`.

    Raises DeclarationError where the description does not end in the grain ("One row per …"),
    or a column lacks type, unit or meaning.
    """
    text = path.read_text(encoding="utf-8")
    try:
        content = yaml.load(text, yaml.CSafeLoader)
        description = " ".join(str(content["description"]).split())
        grain = tuple(content["grain"])
        columns = tuple(
            Column(
                name=name,
                type=str(entry.get("type", "")),
                unit=str(entry.get("unit", "")),
                meaning=" ".join(str(entry.get("meaning", "")).split()),
                optional=bool(entry.get("optional", False)),
                rules=_rules(name, entry),
            )
            for name, entry in content["columns"].items()
        )
        reads = {name: str(query) for name, query in content.get("reads", {}).items()}
    except (yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        words = " ".join(str(error).split())
        raise DeclarationError(
            f"{path} must be YAML with description, grain and columns: {words}."
        ) from None
    if "One row per " not in description.split(". ")[-1]:
        raise DeclarationError(f'{path}: the description must end in its grain: "One row per …".')
    for column in columns:
        if not (column.type and column.unit and column.meaning):
            raise DeclarationError(f"{path}: column {column.name} needs type, unit and meaning.")
    if unknown := set(grain) - {column.name for column in columns}:
        raise DeclarationError(f"{path}: the grain names no column: {', '.join(sorted(unknown))}.")
    if (dated := content.get("dated", "")) not in ("", *grain):
        raise DeclarationError(f"{path}: `dated` must be a key of the grain, not {dated}.")
    lookback = content.get("lookback")
    if lookback is not None and not (isinstance(lookback, int) and lookback > 0):
        raise DeclarationError(f"{path}: `lookback` must be a number of quotes, not {lookback}.")
    named = {name for query in reads.values() for name in Template(query).get_identifiers()}
    if unknown := named - {"since"}:
        raise DeclarationError(f"{path}: `reads` knows $since alone, not ${min(unknown)}.")
    return Declaration(
        path=path,
        schema=path.parent.name,
        table=path.stem,
        description=description,
        grain=grain,
        columns=columns,
        lookback=lookback,
        dated=dated,
        reads=reads,
        example=str(content.get("example", "")),
        source=" ".join(str(content.get("source", "")).split()),
        text=text,
    )


def read_declarations(folder: Path) -> list[Declaration]:
    """All declarations of one schema's folder, by name."""
    return [read_declaration(path) for path in sorted(folder.glob("*.yml"))]


def _rules(name: str, entry: dict[str, Any]) -> dict[str, str]:
    """What `allowed`, `references` (table.column) and `must_be` (words: SQL) ask of a cell."""
    rules = {}
    if allowed := [str(value) for value in entry.get("allowed", ())]:
        values = ", ".join(literal(value) for value in allowed)
        rules["one of " + ", ".join(allowed)] = f"{name}::varchar in ({values})"
    if "references" in entry:
        table, column = entry["references"].split(".")
        words = f"in column {column} of {table}.csv; add a line there or mend the spelling"
        rules[words] = f"{name} in (select r.{column} from reference.{table} as r)"
    return rules | dict(entry.get("must_be", {}))


def literal(text: str) -> str:
    """Text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
