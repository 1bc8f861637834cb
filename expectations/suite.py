"""A table's suite: `<schema>/<table>.yml`, read and filled with the run's parameters."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from string import Template
from typing import Any, Literal

import yaml

FOLDER = Path(__file__).parent

Severity = Literal["critical", "warning"]


class SuiteError(Exception):
    """A suite cannot be used as written; the sentence names file and entry."""


@dataclass(frozen=True)
class Check:
    """One entry of a suite.

    Either a Great Expectations type with its arguments (`expect`), where `since` names the column
    by which only rows from `$changed_since` on are looked at, or the SQL that selects the rows that
    must not exist (`rows`) under a name that says the rule (`rule`).
    """

    name: str
    severity: Severity
    reason: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    rows: str | None = None
    since: tuple[str, date] | None = None

    @property
    def column_name(self) -> str | None:
        return self.arguments.get("column")


def suite_tables() -> list[str]:
    """Every table that has a suite, as schema.table."""
    return sorted(f"{path.parent.name}.{path.stem}" for path in FOLDER.glob("*/*.yml"))


def read_suite(table: str, parameters: Mapping[str, object]) -> list[Check]:
    """The checks of schema.table in the order written, with each `$name` in SQL filled in.

    Parameters are dates, naive times, finite numbers and numbers by name (a MAP in SQL), written
    as literals; `$$` is a dollar. Raises SuiteError where the file or a parameter cannot be used.
    """
    schema, _, name = table.partition(".")
    path = FOLDER / schema / f"{name}.yml"
    where = f"expectations/{schema}/{name}.yml"
    if not path.is_file():
        raise SuiteError(f"{table} has no suite: write {where}.")
    try:
        entries = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise SuiteError(f"{where} is not YAML: {' '.join(str(error).split())}.") from error
    if not isinstance(entries, list) or not entries:
        raise SuiteError(f"{where} must be a list of checks.")
    checks = [
        _read_check(entry, parameters, f"{where}, entry {number}")
        for number, entry in enumerate(entries, 1)
    ]
    for (check, column), times in Counter((c.name, c.column_name) for c in checks).items():
        if times > 1:  # table, expectation and column are the key of ops.quality_result
            raise SuiteError(f"{where}: {check!r} of {column or 'the table'} stands {times} times.")
    return checks


def _read_check(entry: object, parameters: Mapping[str, object], where: str) -> Check:
    if not isinstance(entry, dict) or len(entry.keys() & {"expect", "rule"}) != 1:
        raise SuiteError(f"{where}: needs either `expect` or `rule`.")
    arguments = {str(key): value for key, value in entry.items()}
    severity = arguments.pop("severity", None)
    if severity not in ("critical", "warning"):
        raise SuiteError(f"{where}: severity must be critical or warning, not {severity!r}.")
    reason = " ".join(str(arguments.pop("reason", None) or "").split())
    if not reason:
        raise SuiteError(f"{where}: needs a reason.")
    try:
        if "expect" in arguments:
            since = _since(arguments.pop("since", None), parameters)
            return Check(str(arguments.pop("expect")), severity, reason, arguments, since=since)
        name, rows = str(arguments.pop("rule")), arguments.pop("rows", None)
        if not isinstance(rows, str) or arguments:
            raise ValueError("a rule has `rows` (SQL), severity and reason, nothing else.")
        return Check(name, severity, reason, rows=_fill(rows, parameters))
    except ValueError as error:
        raise SuiteError(f"{where}: {error}") from error


def _since(column: str | None, parameters: Mapping[str, object]) -> tuple[str, date] | None:
    if column is None:
        return None
    day = _given("changed_since", parameters)
    assert isinstance(day, date)
    return column, day


def _fill(rows: str, parameters: Mapping[str, object]) -> str:
    template = Template(rows)
    return template.substitute(
        {name: _literal(name, _given(name, parameters)) for name in template.get_identifiers()}
    )


def _given(name: str, parameters: Mapping[str, object]) -> object:
    if name not in parameters:
        raise ValueError(f"the audit was not given ${name}.")
    return parameters[name]


def _literal(name: str, value: object) -> str:
    if isinstance(value, datetime) and value.tzinfo is None:
        return f"timestamp '{value:%Y-%m-%d %H:%M:%S.%f}'"
    if isinstance(value, date) and not isinstance(value, datetime):
        return f"date '{value}'"
    if isinstance(value, int | float) and math.isfinite(value):
        return repr(value)
    if isinstance(value, Mapping):
        pairs = (f"{_text(key)}: {_literal(name, number)}" for key, number in value.items())
        return f"(map {{{', '.join(pairs)}}}::map(varchar, double))"
    raise ValueError(
        f"${name} must be a date, a naive time, a finite number or numbers by name, not {value!r}."
    )


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
