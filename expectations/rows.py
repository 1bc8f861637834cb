"""The Great Expectations type behind a suite's own SQL rules."""

from typing import Any, ClassVar

from great_expectations.expectations.core.unexpected_rows_expectation import (
    UnexpectedRowsExpectation,
)

ROWS = "unexpected_rows_query.table"
TOTAL = "rows_in_all"  # a column that each row carries


class RowsThatMustNotExist(UnexpectedRowsExpectation):
    """UnexpectedRowsExpectation that asks once, for rows and number together."""

    metric_dependencies: ClassVar[tuple[str, ...]] = (ROWS,)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> Any:
        rows = [dict(row) for row in metrics[ROWS]]
        totals = [row.pop(TOTAL) for row in rows]
        return {
            "success": not rows,
            "result": {
                "observed_value": totals[0] if totals else 0,
                "details": {"unexpected_rows": rows},
            },
        }


def rows_that_must_not_exist(rows: str, **arguments: Any) -> RowsThatMustNotExist:
    """The expectation for one SELECT, which is taken literally."""
    # Great Expectations formats the text (braces), SQLAlchemy binds `:name`
    escaped = rows.replace("{", "{{").replace("}", "}}")
    escaped = escaped.replace("::", "\0").replace(":", r"\:").replace("\0", "::")
    # without {batch}, Great Expectations prints a warning on the screen
    query = f"/* {{batch}} */ select *, count(*) over () as {TOTAL} from ({escaped}\n)"
    return RowsThatMustNotExist(unexpected_rows_query=query, **arguments)
