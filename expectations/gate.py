"""Decides whether a warehouse is fit to publish: runs each table's suite inside DuckDB."""

import logging
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from types import MappingProxyType
from typing import Any

import duckdb

from expectations.quality import QualityResult, missing_table, quality_result
from expectations.suite import Check, SuiteError, read_suite, suite_tables

__all__ = ["QualityResult", "SuiteError", "audit", "critical_failures", "sentence"]


def audit(
    con: duckdb.DuckDBPyConnection,
    tables: Sequence[str] | None = None,
    *,
    parameters: Mapping[str, object],
    changed_since: Mapping[str, date] = MappingProxyType({}),
) -> list[QualityResult]:
    """Check `tables` (schema.table; None is every table with a suite) as `con` has committed them.

    `parameters` are the dates and numbers that the suites name, such as `session`; `$changed_since`
    is the table's own: rows dated before it were checked with the publication before. What cannot
    be checked (no such table, no such column, an error in DuckDB) is a failed result. Raises
    SuiteError where a suite or a parameter cannot be used.
    """
    names = suite_tables() if tables is None else tables
    suites = {
        table: read_suite(
            table, {**parameters, "changed_since": changed_since.get(table, date.min)}
        )
        for table in names
    }
    results: list[QualityResult] = []
    with _quiet():
        from expectations.dialect import engine_arguments

        with engine_arguments(con) as arguments:
            present = _existing(con).intersection(suites)
            source = _data_source(arguments, present)
            for table, checks in suites.items():
                if table in present:
                    results += _check_table(source.get_asset(table), table, checks)
                else:
                    results.append(missing_table(table))
    return results


def critical_failures(results: Sequence[QualityResult]) -> list[QualityResult]:
    """The results that forbid publishing."""
    return [result for result in results if not result.success and result.severity == "critical"]


def sentence(results: Sequence[QualityResult]) -> str:
    """What a person reads first: which checks failed, critical ones before warnings."""
    critical = critical_failures(results)
    warned = [result for result in results if not result.success and result.severity == "warning"]
    parts = []
    if critical:
        parts.append(f"{_number(len(critical), 'critical check')} failed: {_list(critical)}")
    if warned:
        parts.append(f"{_number(len(warned), 'warning')}: {_list(warned)}")
    return f"{'; and '.join(parts)}." if parts else f"{_number(len(results), 'check')} passed."


@contextmanager
def _quiet() -> Iterator[None]:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # what it logs as an error comes back as a failed result
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _data_source(engine_arguments: dict[str, Any], tables: Iterable[str]) -> Any:
    import great_expectations
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.datasource.fluent.sql_datasource import TableAsset

    from expectations.dialect import URL

    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    sources: Any = context.data_sources  # its stub knows no `kwargs`
    assets = []  # all at once: each that is added later writes the whole configuration again
    for table in tables:
        schema, name = table.split(".")
        assets.append(TableAsset(name=table, table_name=name, schema_name=schema))
    return sources.add_sql(
        "warehouse", connection_string=URL, kwargs=engine_arguments, assets=assets
    )


def _existing(con: duckdb.DuckDBPyConnection) -> set[str]:
    found = con.execute(
        "select table_schema || '.' || table_name from information_schema.tables"
        " where table_catalog = current_database()"
    )
    return {name for (name,) in found.fetchall()}


def _check_table(asset: Any, table: str, checks: Sequence[Check]) -> list[QualityResult]:
    # one batch and one suite: all simple counts of the table then go into one query
    from great_expectations import ExpectationSuite

    batch = asset.get_batch(asset.build_batch_request())
    expectations = [_expectation(table, check, number) for number, check in enumerate(checks)]
    outcome = batch.validate(
        ExpectationSuite(name=table, expectations=expectations),
        result_format={"result_format": "BASIC", "partial_unexpected_count": 3},
    )
    answers = {answer.expectation_config.meta["number"]: answer for answer in outcome.results}
    return [quality_result(table, check, answers.get(n)) for n, check in enumerate(checks)]


def _expectation(table: str, check: Check, number: int) -> Any:
    from great_expectations.exceptions.exceptions import ExpectationNotFoundError
    from great_expectations.expectations.registry import get_expectation_impl
    from great_expectations.expectations.row_conditions import Column

    from expectations.rows import rows_that_must_not_exist

    about: dict[str, Any] = {
        "severity": check.severity,
        "notes": check.reason,
        "meta": {"number": number, "rule": check.name},  # results come back in another order
    }
    if check.rows is not None:
        return rows_that_must_not_exist(check.rows, **about)
    if check.since:
        column, day = check.since
        about["row_condition"] = Column(column) >= day
    try:
        return get_expectation_impl(check.name)(**check.arguments, **about)
    except (ExpectationNotFoundError, ValueError, TypeError) as error:  # pydantic's is a ValueError
        reason = " ".join(str(error).split())
        raise SuiteError(f"The suite of {table} cannot use {check.name}: {reason}") from error


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _list(results: Sequence[QualityResult], most: int = 5) -> str:
    named = [_name(result) for result in results[:most]]
    return "; ".join(named + ([f"{len(results) - most} more"] if len(results) > most else []))


def _name(result: QualityResult) -> str:
    where = ".".join(filter(None, (result.table_name, result.column_name)))
    rule = result.expectation.removeprefix("expect_").replace("_", " ")
    if result.unexpected_count is None:
        return f"{where}: {rule} ({result.detail.rstrip('.')})"
    return f"{where}: {rule} ({_number(result.unexpected_count, 'row')})"
