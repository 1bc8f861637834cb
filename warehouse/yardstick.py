"""What a night is held against: the last publication, measured before another takes its place."""

import logging
from dataclasses import dataclass, field
from datetime import date

import duckdb

from warehouse.connect import DAMAGE, WarehouseError, open_published
from warehouse.place import Place
from warehouse.run import Run, is_ahead, published_record

log = logging.getLogger("rotation")


@dataclass(frozen=True)
class Yardstick:
    """Measures of the last publication; empty where nothing is published.

    `coverage_pct` is the share of each cohort's members that are quoted for the published session,
    in percent; `row_count` the rows of each table, by schema.table.
    """

    coverage_pct: dict[str, float] = field(default_factory=dict)
    row_count: dict[str, float] = field(default_factory=dict)


def last_publication(place: Place) -> Yardstick:
    """Measure what readers see now; a publication that cannot be read is none, with a warning."""
    published = published_record(place)
    if not published:
        return Yardstick()
    session = date.fromisoformat(published["session"])
    try:
        with open_published(place) as con:
            coverage = con.execute(
                """
                select cohort, coverage_pct
                from rotation.breadth
                where session = $session and coverage_pct is not null
                """,
                {"session": session},
            ).fetchall()
            rows = con.execute(
                "select schema_name || '.' || table_name, row_count from ops.table_catalog"
            ).fetchall()
    except duckdb.CatalogException:  # published by a version that had other tables
        return Yardstick()
    except (WarehouseError, *DAMAGE):
        if not (words := place.store.damage(published["run_id"])):
            raise
        log.warning("the last publication is damaged (%s): nothing is held against it", words)
        return Yardstick()
    return Yardstick(dict(coverage), dict(rows))


def stood_at_publication(con: duckdb.DuckDBPyConnection, place: Place, run: Run) -> bool:
    """Whether `run` found in the build file what the last publication holds, and no more."""
    before = con.execute(
        "select max(run_id) from ops.source_outcome where run_id <> $run_id",
        {"run_id": run.run_id},
    ).fetchone()
    published = published_record(place, con).get("run_id")
    return before == (published,) and not is_ahead(place, con)


def suite_parameters(
    run: Run, before: Yardstick, *, accept_coverage_fall: bool = False
) -> dict[str, object]:
    """What the suites name: the run's session, horizon; the last publication's measures."""
    return {
        "session": run.session,
        "known_by": run.known_by,
        "published_coverage_pct": before.coverage_pct,
        "published_row_count": before.row_count,
        "is_fall_accepted": accept_coverage_fall,
    }
