"""Refusing a batch whole: where too many of its rows are bad, the good ones are no better."""

from collections import Counter
from dataclasses import dataclass, field

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
class Tally:
    """How many rows an answer has, and how many are bad for which reason; shares add up."""

    rows: int = 0
    bad: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.rows + other.rows, self.bad + other.bad)

    @property
    def unusual(self) -> Counter[str]:
        return Counter({reason: n for reason, n in self.bad.items() if reason not in USUAL})


def tally(con: duckdb.DuckDBPyConnection) -> Tally:
    """Count `typed` (of `judge`)."""
    counted = con.execute("select reason, count(*) from typed group by reason").fetchall()
    bad = {reason: times for reason, times in counted if reason is not None}
    return Tally(sum(times for _, times in counted), Counter(bad))


def require_few_bad(con: duckdb.DuckDBPyConnection, dataset: str, counted: Tally, run: Run) -> None:
    """Raise Refused where a batch has more bad rows than the dataset's limit.

    What `ops` knows of the run by then is kept, the bad rows among it; everything else that the
    transaction wrote, rows of earlier batches too, never was.
    """
    bad, rows = counted.unusual.total(), counted.rows
    limit_pct = LIMITS_PCT.get(dataset, LIMIT_PCT)
    if bad < FEW or 100 * bad <= limit_pct * rows:
        return
    said = f"{bad:,} of {rows:,} rows are bad on their own"
    con.execute(
        """
        insert into ops.source_outcome
        values ($run_id, $source, $key, 'refused', 1, $rows, $said)
        """,
        {
            "run_id": run.run_id,
            "source": run.source,
            "key": dataset,
            "rows": rows,
            "said": f"{said}: the batch is refused whole",
        },
    )
    keep_only_ops(con, run)
    run.rows_quarantined = bad
    commonest, times = min(counted.unusual.items(), key=lambda item: (-item[1], item[0]))
    raise Refused(
        f"The batch of dataset {dataset} is refused whole and the last publication stays: {said} "
        f"({100 * bad / rows:.1f} %, the limit is {limit_pct:g} %), most often because "
        f"{commonest} ({times:,} rows); they are in ops.quarantine of build.duckdb, and `rotation "
        "status` names a page that shows them: mend the source and run again."
    )


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
