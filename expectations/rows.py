"""The Great Expectations type behind a suite's own SQL rules."""

from typing import Any, ClassVar

from great_expectations.compatibility.pydantic import PrivateAttr
from great_expectations.constants import MAX_RESULT_RECORDS
from great_expectations.expectations.core.unexpected_rows_expectation import (
    UnexpectedRowsExpectation,
)
from sqlalchemy import text

ROWS = "unexpected_rows_query.table"  # the first MAX_RESULT_RECORDS of them


class RowsThatMustNotExist(UnexpectedRowsExpectation):
    """UnexpectedRowsExpectation that asks a rule once, and again for a number only of many rows.

    It keeps its first rows in every result format.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = (ROWS,)
    _configuration: Any = PrivateAttr(None)

    @property
    def configuration(self) -> Any:
        """Made once: a validation asks for it dozens of times."""
        if self._configuration is None:
            self._configuration = super().configuration
        return self._configuration

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> Any:
        count = len(metrics[ROWS])
        if count == MAX_RESULT_RECORDS:
            rows = str(self.unexpected_rows_query).format(batch="")
            count = execution_engine.execute_query(text(f"select count(*) from ({rows})")).scalar()
        return super()._validate(
            {**metrics, "unexpected_rows_query.row_count": count},
            {"result_format": "COMPLETE"},
            execution_engine,
        )


def rows_that_must_not_exist(rows: str, **arguments: Any) -> RowsThatMustNotExist:
    """The expectation for one SELECT, which is taken literally."""
    # Great Expectations formats the text (braces), SQLAlchemy binds `:name`
    escaped = rows.replace("{", "{{").replace("}", "}}")
    escaped = escaped.replace("::", "\0").replace(":", r"\:").replace("\0", "::")
    # without {batch}, Great Expectations prints a warning on the screen
    query = f"/* {{batch}} */ {escaped}"
    return RowsThatMustNotExist(unexpected_rows_query=query, **arguments)
