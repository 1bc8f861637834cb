"""Refusing a batch whole: where too many of its rows are bad, the good ones are no better."""

from dataclasses import dataclass

import duckdb

from warehouse.judge import USUAL
from warehouse.run import Refused, Run

# The largest share of a batch, in percent, that is set aside while the rest goes on. Of the real
# files measured on 2026-11-22 none of quotes, rates and fundamentals was bad, 0.2 % of holdings.
LIMIT_PCT = 1.0
# A consensus file of November 2025 names 4 % of its companies twice, and the others are sound.
LIMITS_PCT = {"estimate": 5.0}
# Fewer bad rows say nothing of their batch: 2 of a file with 30 lines are 7 %.
FEW = 10


@dataclass(frozen=True)
class Verdict:
    """How many rows of a batch are bad, of how many, and why most of them are."""

    bad: int
    rows: int
    commonest: str
    times: int

    def is_beyond(self, limit_pct: float) -> bool:
        return self.bad >= FEW and 100 * self.bad > limit_pct * self.rows


def require_few_bad(con: duckdb.DuckDBPyConnection, dataset: str, run: Run) -> None:
    """Raise Refused where `typed` (of `judge`) has more bad rows than the dataset's limit.

    What `ops` knows of the run by then is kept, the bad rows among it; everything else that the
    transaction wrote, rows of earlier batches too, never was.
    """
    verdict = _count(con)
    limit_pct = LIMITS_PCT.get(dataset, LIMIT_PCT)
    if not verdict.is_beyond(limit_pct):
        return
    said = f"{verdict.bad:,} of {verdict.rows:,} rows are bad on their own"
    con.execute(
        """
        insert into ops.source_outcome
        values ($run_id, $source, $key, 'refused', 1, $rows, $said)
        """,
        {
            "run_id": run.run_id,
            "source": run.source,
            "key": dataset,
            "rows": verdict.rows,
            "said": f"{said}: the batch is refused whole",
        },
    )
    keep_only_ops(con, run)
    run.rows_quarantined = verdict.bad
    raise Refused(
        f"The batch of dataset {dataset} is refused whole and the last publication stays: {said} "
        f"({100 * verdict.bad / verdict.rows:.1f} %, the limit is {limit_pct:g} %), most often "
        f"because {verdict.commonest} ({verdict.times:,} rows); they are in ops.quarantine of "
        f"build.duckdb, and `rotation status` names a page that shows them: mend the source and "
        "run again."
    )


def _count(con: duckdb.DuckDBPyConnection) -> Verdict:
    counted = con.execute(
        """
        with bad as (
            select reason, count(*) as times
            from typed
            where reason is not null and not list_contains($usual, reason)
            group by reason
        )

        select
            coalesce(sum(times), 0)::bigint,
            (select count(*) from typed),
            coalesce(max_by(reason, times), ''),
            coalesce(max(times), 0)
        from bad
        """,
        {"usual": list(USUAL)},
    ).fetchone()
    assert counted
    return Verdict(*counted)


def keep_only_ops(con: duckdb.DuckDBPyConnection, run: Run) -> None:
    """Take back the transaction but for the run's rows of quarantine and outcomes.

    What a source gave is still said, and that it was not kept.
    """
    tables = ("ops.quarantine", "ops.source_outcome")
    kept = {
        table: con.execute(f"from {table} where run_id = ?", [run.run_id]).to_arrow_table()
        for table in tables
    }
    con.rollback()
    con.begin()
    for table, rows in kept.items():
        con.register("rows", rows)
        con.execute(f"insert into {table} from rows")
        con.unregister("rows")
    con.execute(
        """
        update ops.source_outcome
        set detail = ltrim(detail || '; not kept: the run ended early', '; ')
        where run_id = $run_id and outcome <> 'refused' and rows > 0
        """,
        {"run_id": run.run_id},
    )
    con.commit()
    run.rows_landed = 0
