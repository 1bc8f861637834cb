"""The Great Expectations type behind a suite's own SQL rules."""

from typing import Any

from great_expectations.expectations.core.unexpected_rows_expectation import (
    UnexpectedRowsExpectation,
)


class RowsThatMustNotExist(UnexpectedRowsExpectation):
    """UnexpectedRowsExpectation that keeps its first rows in every result format."""

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> Any:
        return super()._validate(metrics, {"result_format": "COMPLETE"}, execution_engine)


def rows_that_must_not_exist(rows: str, **arguments: Any) -> RowsThatMustNotExist:
    """The expectation for one SELECT, which is taken literally."""
    # Great Expectations formats the text (braces), SQLAlchemy binds `:name`
    escaped = rows.replace("{", "{{").replace("}", "}}")
    escaped = escaped.replace("::", "\0").replace(":", r"\:").replace("\0", "::")
    # without {batch}, Great Expectations prints a warning on the screen
    query = f"/* {{batch}} */ {escaped}"
    return RowsThatMustNotExist(unexpected_rows_query=query, **arguments)
