"""A range of history, landed in one go and built once."""

from datetime import date
from pathlib import Path

from prefect import flow

from flows.docs import refusal_shown
from flows.gate import check_tables
from flows.plan import plan_backfill
from flows.sources import open_source
from flows.steps import (
    build_tables,
    compare_published,
    land_source,
    publish_run,
    run_name,
    sources_told,
    summarise,
)
from flows.workers import workers
from warehouse.place import Place
from warehouse.transform import read_transforms
from warehouse.writing import writing


@flow(name="backfill", flow_run_name=run_name)
def backfill(start: date, end: date, source: str | None = None, home: Path | None = None) -> str:
    """Land what `source` has dated from `start` to `end`, build and publish.

    Parameters and errors as of `flows.nightly.nightly`; gives the sentence that sums it up.
    """
    place = Place.of(home)
    plan = plan_backfill(open_source(source), start, end, place)
    run = plan.run
    with (
        writing(place, run) as con,
        refusal_shown(con, place, run),
        sources_told(con, run),
        workers(con, place, run) as shared,
    ):
        transforms = read_transforms()
        news = land_source(con, plan.source, run, place, (start, end), shared)
        tables = build_tables(con, place, run, transforms, news, workers=shared)
        moved = compare_published(con, place, run, transforms, tables)
        results = check_tables(con, place, run)
        publish_run(con, place, run, moved)
    summarise(run, tables, results)
    return run.message
