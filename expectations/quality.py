"""What a check found: one row of `ops.quality_result`, read from Great Expectations' answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from expectations.suite import Check, Severity

LONGEST_TEXT = 500  # characters of a stored value: a vendor's string may be a megabyte


@dataclass(frozen=True)
class QualityResult:
    """One row of `ops.quality_result` without its run.

    `unexpected_count` counts the rows that broke it, None where it is not about rows or could
    not be checked. `detail` is the reason of the bound where it held, else what was seen and
    that reason, else why it could not be checked.
    """

    table_name: str
    expectation: str
    column_name: str | None
    severity: Severity
    success: bool
    observed_value: str | None
    unexpected_count: int | None
    detail: str


def missing_table(table: str) -> QualityResult:
    """The one, critical, result of a table that is not there."""
    detail = f"{table} does not exist; build it with 'rotation rebuild'."
    return QualityResult(table, "table exists", None, "critical", False, None, None, detail)


def quality_result(table: str, check: Check, answer: Any) -> QualityResult:
    """Read one ExpectationValidationResult; None, or one that raised, is a failure."""
    found: Mapping[str, Any] = answer.result if answer is not None else {}
    if found.get("element_count") == 0:  # where Great Expectations succeeds and counts nothing
        found = {**found, "unexpected_count": 0}
    problem = _problem(answer, found)
    success = problem is None and bool(answer.success)
    count = found.get("observed_value") if check.rows else found.get("unexpected_count")
    if problem is not None:
        detail = problem
    else:
        detail = check.reason if success else f"{_seen(found, check)}; {check.reason}"
    return QualityResult(
        table_name=table,
        expectation=check.name,
        column_name=check.column_name,
        severity=check.severity,
        success=success,
        observed_value=_observed(found, check),
        unexpected_count=None if count is None else int(count),
        detail=_one_line(detail),
    )


def _problem(answer: Any, found: Mapping[str, Any]) -> str | None:
    if answer is None:
        return "Great Expectations gave no result."
    errors = answer.exception_info or {}
    if "raised_exception" in errors:
        errors = {"": errors}  # one error of the expectation, else one per metric
    for error in errors.values():
        if error["raised_exception"]:
            line = str(error["exception_message"]).strip().partition("\n")[0]
            return re.sub(r"^\(_?duckdb\.\w+\) |^Error: | in BatchData", "", line)
    if found.get("element_count") and found.get("unexpected_count") is None:
        return "Great Expectations did not count the rows."  # which it takes for a success
    return None


def _observed(found: Mapping[str, Any], check: Check) -> str | None:
    if "element_count" in found:
        seen = f"{found['unexpected_count']} of {found['element_count']} rows"
        if check.since and date.min < check.since[1] < date.max:
            seen += f" since {check.since[1]}"
        return seen
    observed = found.get("observed_value")
    if isinstance(observed, list):
        observed = ", ".join(map(str, observed))
    return None if observed is None else _one_line(str(observed))


def _seen(found: Mapping[str, Any], check: Check) -> str:
    details = found.get("details") or {}
    if rows := details.get("unexpected_rows"):
        return "first row: " + ", ".join(f"{name} {value}" for name, value in rows[0].items())
    if missing := (details.get("mismatched") or {}).get("missing"):
        return f"missing: {', '.join(missing)}"
    if values := [
        value for value in found.get("partial_unexpected_list") or [] if value is not None
    ]:
        return f"such as {', '.join(map(str, values))}"
    observed = _observed(found, check)
    return "not so" if observed is None else f"seen: {observed}"


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_TEXT else f"{line[: LONGEST_TEXT - 1]}…"
