"""Everything in `core` and `rotation`, computed anew from `raw`."""

from pathlib import Path

from prefect import flow

from flows.docs import refusal_shown
from flows.gate import check_tables
from flows.plan import plan_rebuild
from flows.steps import (
    build_tables,
    compare_published,
    publish_run,
    run_name,
    summarise,
)
from flows.workers import workers
from warehouse.place import Place
from warehouse.transform import read_transforms
from warehouse.writing import writing


@flow(name="rebuild", flow_run_name=run_name)
def rebuild(home: Path | None = None) -> str:
    """Recompute and publish the newest session; errors as of `flows.nightly.nightly`."""
    place = Place.of(home)
    run = plan_rebuild(place)
    with (
        writing(place, run) as con,
        refusal_shown(con, place, run),
        workers(con, place, run) as shared,
    ):
        transforms = read_transforms()
        tables = build_tables(con, place, run, transforms, {}, rebuild=True, workers=shared)
        moved = compare_published(con, place, run, transforms, tables)
        results = check_tables(con, place, run)
        publish_run(con, place, run, moved)
    summarise(run, tables, results)
    return run.message
