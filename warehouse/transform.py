"""The transforms: one file per table, found in their folders, in the order their inputs give."""

import hashlib
import importlib.util
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from string import Template
from types import ModuleType
from typing import Any

import pandas as pd
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import traverse_scope

from warehouse.connect import FOLDER
from warehouse.declaration import Declaration, read_declaration

PART = "part"  # the function beside a table's own that gives what some symbols add to it
QUOTES = "core.quote"  # whose symbols are dealt out to parts
TRANSFORMS = FOLDER.parent / "transforms"


class TransformError(Exception):
    """A transform does not give what its declaration promises; the sentence says which."""


@dataclass(frozen=True)
class Transform:
    """One table of `core` or `rotation`: its declaration and the SQL or Python file that gives it.

    `inputs` are the tables that the SQL names, or the function's parameters: `core_quote` is
    `core.quote`. Where the file has a function `part`, that one takes the inputs, with some symbols
    of `core.quote` at a time, and `function` takes an iterable of what it gave.
    """

    declaration: Declaration
    path: Path
    text: str
    inputs: tuple[str, ...]
    function: Callable[..., pd.DataFrame] | None = None
    part: Callable[..., Any] | None = None

    @property
    def name(self) -> str:
        return self.declaration.name

    def reading(self, replacements: Mapping[str, str]) -> str:
        """The SQL with some of its input tables replaced by relations, given as SQL."""
        if not replacements.keys() & set(self.inputs):
            return self.text
        query = sqlglot.parse_one(self.text, dialect="duckdb")
        for table in list(query.find_all(exp.Table)):
            if relation := replacements.get(table_name(table)):
                reading = f"from {relation} as {table.alias or table.name}"
                clause = sqlglot.parse_one(reading, dialect="duckdb").find(exp.From)
                assert clause
                table.replace(clause.this)
        return query.sql(dialect="duckdb")

    def enough(self, since: date) -> dict[str, str]:
        """What of its inputs is enough for the rows from a day on, as relations, where declared."""
        day = f"date '{since}'"
        return {
            name: f"({Template(query).substitute(since=day)})"
            for name, query in self.declaration.reads.items()
        }


def table_name(table: exp.Table) -> str:
    return f"{table.db}.{table.name}"


def read_transforms(folder: Path = TRANSFORMS) -> list[Transform]:
    """All transforms below `folder`, each after the ones that it reads.

    Raises TransformError where a table lacks its declaration or tables read each other.
    """
    files = [path for path in sorted(folder.glob("*/*.*")) if path.suffix in (".sql", ".py")]
    transforms: dict[str, Transform] = {}
    for path in files:
        transform = _read(path)
        if transform.name in transforms:
            raise TransformError(
                f"{path} and {transforms[transform.name].path.name} are one table."
            )
        transforms[transform.name] = transform
    graph = {t.name: [i for i in t.inputs if i in transforms] for t in transforms.values()}
    try:
        return [transforms[name] for name in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        raise TransformError(
            f"These tables read each other: {' → '.join(error.args[1])}."
        ) from None


def _read(path: Path) -> Transform:
    declared = path.with_suffix(".yml")
    if not declared.exists():
        raise TransformError(f"{path} has no declaration {declared.name} beside it.")
    text = path.read_text(encoding="utf-8")
    declaration = read_declaration(declared)
    try:
        transform = _parsed(declaration, path, text)
    except (SqlglotError, SyntaxError, ImportError, AttributeError) as error:
        words = re.sub(r"\x1b\[\d+m", "", " ".join(str(error).split()))  # sqlglot underlines
        raise TransformError(f"{path} cannot be read: {words}.") from error
    if unknown := declaration.reads.keys() - set(transform.inputs):
        raise TransformError(f"{declared} reads {min(unknown)}, which is no input.")
    looks_back = declaration.lookback and declaration.dated
    if transform.part and not (QUOTES in transform.inputs and looks_back):
        raise TransformError(
            f"{path}: {PART}() takes core_quote, and {declared.name} says its lookback and what "
            "dates it."
        )
    return transform


def _parsed(declaration: Declaration, path: Path, text: str) -> Transform:
    if path.suffix == ".sql":
        return Transform(declaration, path, text, tuple(named_tables(text)))
    module = _module(path)
    function, part = getattr(module, path.stem), getattr(module, PART, None)
    parameters = inspect.signature(part or function).parameters
    inputs = tuple(parameter.replace("_", ".", 1) for parameter in parameters)
    return Transform(declaration, path, text, inputs, function, part)


def named_tables(query: str) -> Iterable[str]:
    """The tables that a query names, as schema.table, sorted."""
    return sorted(
        {
            table_name(source)
            for scope in traverse_scope(sqlglot.parse_one(query, dialect="duckdb"))
            for source in scope.sources.values()
            if isinstance(source, exp.Table) and source.db
        }
    )


def _module(path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(
        f"transforms.{path.parent.name}.{path.stem}", path
    )
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def fingerprints(transforms: list[Transform], landed: dict[str, str]) -> dict[str, str]:
    """A hash per table of its own definition and of all that it is built from.

    `landed` gives the texts that define the tables which no transform builds.
    """
    known = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in landed.items()}
    for t in transforms:
        parts = [t.text, t.declaration.text, *(known.get(name, "") for name in t.inputs)]
        known[t.name] = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return known
