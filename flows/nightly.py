"""One night: ingest, check what came, land, build, check, publish."""

from datetime import date
from pathlib import Path

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.docs import refusal_shown
from flows.gate import check_tables
from flows.plan import NothingToDo, plan_night
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


@flow(name="nightly", flow_run_name=run_name)
def nightly(
    source: str | None = None,
    session: date | None = None,
    home: Path | None = None,
    accept_coverage_fall: bool = False,
) -> "State[str] | str":
    """Bring the warehouse to one session and publish it; gives the sentence that sums it up.

    `source` is demo, demo:NxY, live or a folder (by default `$ROTATION_SOURCE`), `session` the
    night to run as (by default the newest), `home` the installation (by default
    `$ROTATION_HOME`), `accept_coverage_fall` what `flows.gate.check_tables` says. Raises what
    `plan_night`, landing, transforms and checks raise; then nothing is published.
    """
    place = Place.of(home)
    try:
        plan = plan_night(open_source(source), session, place)
    except NothingToDo as nothing:
        return Completed(message=str(nothing), name="Skipped")
    run = plan.run
    with (
        writing(place, run) as con,
        refusal_shown(con, place, run),
        sources_told(con, run),
        workers(con, place, run) as shared,
    ):
        transforms = read_transforms()
        news = land_source(con, plan.source, run, place, workers=shared)
        tables = build_tables(con, place, run, transforms, news, workers=shared)
        moved = compare_published(con, place, run, transforms, tables)
        results = check_tables(con, place, run, accept_coverage_fall)
        publish_run(con, place, run, moved)
    summarise(run, tables, results)
    return run.message
