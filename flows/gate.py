"""The gate of a run: its tables audited against every suite, the results kept."""

import logging

import duckdb
from prefect import task
from prefect.cache_policies import NO_CACHE

from expectations.gate import QualityResult, audit, critical_failures, sentence
from warehouse.outcome import note_quality
from warehouse.place import Place
from warehouse.publish import load_records
from warehouse.run import Refused, Run
from warehouse.yardstick import last_publication, suite_parameters

log = logging.getLogger("rotation")

COVERAGE_FALL = "coverage of no cohort falls by more than 20 points"


@task(task_run_name="check", cache_policy=NO_CACHE)
def check_tables(
    con: duckdb.DuckDBPyConnection, place: Place, run: Run, accept_coverage_fall: bool = False
) -> list[QualityResult]:
    """Run every suite and keep the results; raises Refused where a critical check fails.

    Coverage is held against the last publication, so a fall that is real stays one every night
    until it is published: `accept_coverage_fall` lets it through, with its warning.
    """
    log.debug("check  tables")
    load_records(con, place, run)  # suites ask which runs were for this session
    before = last_publication(place)
    parameters = suite_parameters(run, before, accept_coverage_fall=accept_coverage_fall)
    results = audit(con, parameters=parameters, changed_since=run.changed_since)
    note_quality(con, run, results)
    log.info("check  %s", sentence(results))
    if critical := critical_failures(results):
        accept = ""
        if any(result.expectation == COVERAGE_FALL for result in critical):
            accept = (
                ", or, where the fall of coverage is real, publish it with "
                "`rotation nightly --accept-coverage-fall`"
            )
        raise Refused(
            f"Session {run.session} is refused and the last publication stays: "
            f"{sentence(critical)} Mend the source and run again{accept}."
        )
    return results
