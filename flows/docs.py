"""A run's Data Docs: written with what is published, or beside the record of a run refused."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict

import duckdb

from expectations.docs import SetAside, data_docs
from expectations.quality import QualityResult
from warehouse.place import DOCS, Place
from warehouse.run import Refused, Run


@contextmanager
def refusal_shown(con: duckdb.DuckDBPyConnection, place: Place, run: Run) -> Iterator[None]:
    """Leave a refused run's Data Docs under `runs/<run_id>/`, since nothing of it is published."""
    try:
        yield
    except Refused as refusal:
        with suppress(OSError):  # on a full disk the refusal still says itself
            page = place.runs / run.run_id / DOCS
            page.parent.mkdir(parents=True)
            page.write_text(docs_of(con, run, "refused", str(refusal)), encoding="utf-8")
        raise


def docs_of(con: duckdb.DuckDBPyConnection, run: Run, status: str, message: str) -> str:
    """The Data Docs of a run, from what `ops` keeps of it."""
    found = con.execute(
        """
        select
            table_name, expectation, column_name, severity, success, observed_value,
            unexpected_count, detail
        from ops.quality_result
        where run_id = ?
        order by table_name, rowid
        """,
        [run.run_id],
    ).fetchall()
    aside = con.execute(
        """
        select dataset, reason, count(*), min_by(row, row_number)::varchar
        from ops.quarantine
        where run_id = ?
        group by all
        order by dataset, count(*) desc
        """,
        [run.run_id],
    ).fetchall()
    about = asdict(run) | {"status": status, "message": message}
    return data_docs(
        about, [QualityResult(*row) for row in found], [SetAside(*row) for row in aside]
    )
