"""What `ops` keeps of a run while it goes on: what sources gave, what checks said."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd

from warehouse.land import Landed
from warehouse.run import Run

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def note_outcome(con: duckdb.DuckDBPyConnection, run: Run, landed: Landed) -> None:
    """Add one dataset's row to `ops.source_outcome`."""
    con.execute(
        "insert into ops.source_outcome values ($run_id, $source, $key, $outcome, 1, $rows, $said)",
        {
            "run_id": run.run_id,
            "source": run.source,
            "key": landed.dataset,
            "outcome": "ok" if landed.received else "empty",
            "rows": landed.received,
            "said": f"{landed.landed} new, {landed.quarantined} set aside",
        },
    )


def note_outcomes(
    con: duckdb.DuckDBPyConnection, run: Run, outcomes: "Sequence[DataclassInstance]"
) -> None:
    """Add a vendor's outcomes; their fields are columns of `ops.source_outcome`."""
    if outcomes:
        rows = [{"run_id": run.run_id, "source": run.source, **asdict(o)} for o in outcomes]
        _append(con, "ops.source_outcome", rows)


def sources_in_words(con: duckdb.DuckDBPyConnection, run_id: str) -> dict[str, str]:
    """By dataset what a run's vendor gave: "2,690 fresh, 9 stale, 2 failed, 1 row set aside".

    Empty where the source was no vendor.
    """
    told = con.execute(
        """
        with name as (
            select
                split_part(key, ' ', 1) as dataset,
                if(outcome = 'ok', 'fresh', replace(outcome, '_', ' ')) as word,
                count(*) as names
            from ops.source_outcome
            where run_id = $run_id and contains(key, ' ')
            group by all
        ),

        aside as (
            select dataset, count(*) as rows
            from ops.quarantine
            where run_id = $run_id
            group by dataset
        )

        select
            dataset,
            string_agg(format('{:,} {}', names, word), ', ' order by names desc, word)
            || coalesce(
                any_value(format(', {:,} {} set aside', rows, if(rows = 1, 'row', 'rows'))), ''
            )
        from name
        left join aside using (dataset)
        group by dataset
        order by dataset
        """,
        {"run_id": run_id},
    ).fetchall()
    return dict(told)


def note_suspects(con: duckdb.DuckDBPyConnection, run: Run) -> None:
    """Add to `ops.quarantine` the estimates that no sum uses, each by the run that saw it first.

    A consensus of more than half the market value is one in another currency.
    """
    con.execute(
        """
        insert into ops.quarantine
        select
            $run_id,
            'estimate',
            row_number() over (order by suspect.row->>'$') + coalesce(
                (select max(row_number) from ops.quarantine where run_id = $run_id), 0
            ),
            $reason,
            suspect.row
        from (
            select to_json(e) as row
            from rotation.member_estimate as e
            where e.is_suspect and e.estimate_date = e.snapshot_date
        ) as suspect
        anti join ops.quarantine as seen
            on seen.reason = $reason and (seen.row->>'$') = (suspect.row->>'$')
        """,
        {
            "run_id": run.run_id,
            "reason": "earnings above half the market value in an unknown currency",
        },
    )


def note_quality(
    con: duckdb.DuckDBPyConnection, run: Run, results: "Sequence[DataclassInstance]"
) -> None:
    """Add a run's results to `ops.quality_result`; their fields are that table's columns."""
    _append(con, "ops.quality_result", [{"run_id": run.run_id, **asdict(r)} for r in results])


def _append(con: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]]) -> None:
    con.register("rows", pd.DataFrame(rows))
    con.execute(f"insert into {table} by name from rows")
    con.unregister("rows")
