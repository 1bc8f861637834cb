"""The steps that flows arrange, as Prefect tasks: one per dataset and stage, or per table."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import ParamSpec, TypeVar

import duckdb
from prefect import Task, task
from prefect.artifacts import create_markdown_artifact
from prefect.assets import Asset, AssetProperties
from prefect.assets.materialize import materialize
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from expectations.gate import QualityResult, sentence
from flows.asking import ask, counted, require_members
from flows.batch import Batch, Span
from flows.docs import docs_of
from flows.pace import shared_pace
from flows.report.page import build_page
from flows.secret import kept_secret
from flows.sources import DATASETS, OF_TODAY, Bulk, Outcome, SourceError, Vendor
from flows.workers import DaskWorkers
from warehouse.as_of import create_as_of_macros
from warehouse.catalog import drop_former, write_catalog
from warehouse.dataset import Dataset
from warehouse.declaration import Declaration
from warehouse.land import Landed, land
from warehouse.latest import create_latest_views
from warehouse.materialize import Materialized, Materializer
from warehouse.moved import Moved, in_words, note_moves
from warehouse.outcome import note_outcome, note_suspects, sources_in_words
from warehouse.place import DOCS, PAGE, Place
from warehouse.publish import publish
from warehouse.refuse import keep_only_ops
from warehouse.run import Refused, Run, is_ahead
from warehouse.share import News
from warehouse.transform import Transform
from warehouse.wanted import overlap_start
from warehouse.yardstick import stood_at_publication

P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger("rotation")


@task(task_run_name="ingest {dataset}", cache_policy=NO_CACHE)
def ingest(source: Bulk, dataset: str, since: date | None, until: date, span: Span | None) -> Batch:
    """Fetch one dataset; parameters and errors as of Batch.fetched."""
    log.debug("ingest %s", dataset)
    batch = Batch.fetched(source, dataset, since, until, span)
    log.info("ingest %-11s %11s rows", dataset, f"{batch.rows:,}")
    return batch


@task(task_run_name="ask {dataset}", cache_policy=NO_CACHE)
def ask_vendor(
    con: duckdb.DuckDBPyConnection,
    vendor: Vendor,
    dataset: str,
    run: Run,
    since: date | None,
) -> tuple[Batch, Sequence[Outcome]]:
    """Ask for what is wanted of one dataset; raises SourceError where no answer comes at all."""
    log.debug("ask    %s", dataset)
    answer = ask(con, vendor, dataset, run, since)
    batch = Batch(answer.frame)
    log.info("ask    %-11s %11s rows of %s", dataset, f"{batch.rows:,}", counted(answer.outcomes))
    return batch, answer.outcomes


@task(task_run_name="ingest {dataset}", cache_policy=NO_CACHE)
def ingest_shares(
    workers: DaskWorkers,
    source: Bulk,
    dataset: str,
    since: date | None,
    span: Span | None,
) -> Sequence[News]:
    """Let workers fetch one dataset, and find what is new of it."""
    log.debug("ingest %s by workers", dataset)
    told = workers.ingest(source, dataset, since, span)
    rows = sum(share.received for share in told)
    log.info("ingest %-11s %11s rows in %d shares", dataset, f"{rows:,}", len(told))
    return told


def land_batch(
    con: duckdb.DuckDBPyConnection,
    dataset: str,
    batch: Batch | Sequence[News],
    run: Run,
    workers: DaskWorkers | None = None,
) -> Landed:
    """Append what is news to `raw`, set bad rows aside, note the outcome."""
    log.debug("land %s", dataset)
    if isinstance(batch, Batch):
        landed = land(con, dataset, batch.take(), run)
    else:
        assert workers
        landed = workers.shares.land(dataset, batch)
    note_outcome(con, run, landed)
    news, aside = f"{landed.landed:,}", f"{landed.quarantined:,}"
    log.info("land   %-11s %11s new rows, %s set aside", dataset, news, aside)
    return landed


def build_table(transform: Transform, materializer: Materializer) -> Materialized:
    """Bring one table up to date."""
    log.debug("build %s", transform.name)
    done = materializer.materialize(transform)
    log.info("build  %-27s %11s rows %s", done.name, f"{done.rows:,}", done.action)
    return done


def asset_task(
    step: Callable[P, R], stage: str, declaration: Declaration, upstream: Sequence[str] = ()
) -> Task[P, R]:
    """`step` as a task that records its table as a Prefect asset, built from `upstream`."""
    asset = Asset(
        key=_asset_key(declaration.name),
        properties=AssetProperties(name=declaration.name, description=declaration.description),
    )
    return materialize(
        asset,
        by="duckdb",
        asset_deps=[_asset_key(name) for name in upstream],
        task_run_name=f"{stage} {declaration.name}",
        cache_policy=NO_CACHE,
    )(step)


def _asset_key(table: str) -> str:
    return f"duckdb://rotation/{table.replace('.', '/')}"


def land_source(
    con: duckdb.DuckDBPyConnection,
    source: Bulk | Vendor,
    run: Run,
    place: Place,
    span: Span | None = None,
    workers: DaskWorkers | None = None,
) -> dict[str, date]:
    """Ingest and land every dataset; gives the `since` of each raw table.

    A `span` takes only what is dated within it, and of a vendor's quotes all that it begins; what a
    vendor says of today alone is not asked for. Without, a vendor is asked for what is wanted, and
    of another source what `overlap_start` says. What is by symbol is for `workers`, where there are
    any.
    """
    news = {}
    if isinstance(source, Vendor):
        pace = shared_pace(source.requests_per_second)
        source.open(place.home / "cache", pace, kept_secret)
    for dataset in DATASETS:
        about = Dataset.named(dataset)
        by_workers = workers if about.named_by == "symbol" else None
        batch: Batch | Sequence[News]
        outcomes: Sequence[Outcome] = ()
        if isinstance(source, Vendor):
            if span and dataset in OF_TODAY:
                continue
            batch, outcomes = ask_vendor(con, source, dataset, run, span[0] if span else None)
            # All quotes are as of one split: a part of them would not fit what landed.
            if span and dataset != "quote":
                batch.restrict(dataset, span)
            if by_workers:  # who build on it read what is in files
                batch = [by_workers.shares.find_alone(dataset, batch.take())]
        else:
            since = span[0] if span else overlap_start(con, about)
            if by_workers:
                batch = ingest_shares(by_workers, source, dataset, since, span)
            else:
                batch = ingest(source, dataset, since, run.session, span)
        landing = asset_task(land_batch, "land", about.declaration)
        news[f"raw.{dataset}"] = landing(con, dataset, batch, run, by_workers).since
        if dataset == "holding":
            require_members(con, outcomes)
    return news


@contextmanager
def sources_told(con: duckdb.DuckDBPyConnection, run: Run) -> Iterator[None]:
    """Where a night is refused or a source fails: keep and say what became of each source."""
    try:
        yield
    except SourceError:
        keep_only_ops(con, run)
        _tell_sources(con, run)
        raise
    except Refused:
        _tell_sources(con, run)
        raise


def _tell_sources(con: duckdb.DuckDBPyConnection, run: Run) -> None:
    for dataset, words in sources_in_words(con, run.run_id).items():
        log.info("source %-11s %s", dataset, words)


def build_tables(
    con: duckdb.DuckDBPyConnection,
    place: Place,
    run: Run,
    transforms: list[Transform],
    news: Mapping[str, date],
    *,
    rebuild: bool = False,
    workers: DaskWorkers | None = None,
) -> list[Materialized]:
    """Bring `core`, `rotation`, macros, views and the catalog up to date, and commit."""
    drop_former(con, transforms)
    materializer = Materializer(con, transforms, news, rebuild=rebuild, workers=workers)
    done = [
        asset_task(build_table, "build", t.declaration, t.inputs)(t, materializer)
        for t in transforms
    ]
    note_suspects(con, run)
    create_as_of_macros(con, transforms)
    create_latest_views(con, transforms)
    if stood_at_publication(con, place, run):
        run.changed_since = materializer.since
    write_catalog(con, transforms, materializer.fingerprints, run.changed_since)
    con.commit()
    return done


@task(task_run_name="compare", cache_policy=NO_CACHE)
def compare_published(
    con: duckdb.DuckDBPyConnection,
    place: Place,
    run: Run,
    transforms: list[Transform],
    tables: Sequence[Materialized],
) -> list[Moved]:
    """Note what moved in past sessions since the last publication, with its cause."""
    log.debug("compare with the last publication")
    every = is_ahead(place, con)  # of what earlier runs built too, readers have seen nothing
    built = {table.name for table in tables if every or table.action != "kept"}
    moved = note_moves(con, place, run, transforms, built)
    if moved:
        log.info("moved  %s", in_words(moved))
    return moved


@task(task_run_name="publish {run.session}", cache_policy=NO_CACHE)
def publish_run(
    con: duckdb.DuckDBPyConnection, place: Place, run: Run, moved: Sequence[Moved] = ()
) -> None:
    """Close the build file and let readers see a copy of it, with its page and Data Docs."""
    log.debug("publish")
    _tell_sources(con, run)
    run.finish("published", f"Session {run.session} is published. {in_words(moved)}".rstrip())
    pages = {PAGE: build_page(con, run), DOCS: docs_of(con, run, run.status, run.message)}
    log.info("publish %s", publish(con, place, run, pages))


def summarise(run: Run, tables: Sequence[Materialized], results: Sequence[QualityResult]) -> None:
    """Leave the run's one artifact: what came, what was built, what the checks said."""
    built = "\n".join(f"| {t.name} | {t.action} | {t.rows:,} |" for t in tables)
    simulated = "**SIMULATED market.** " if run.is_simulated else ""
    create_markdown_artifact(
        key=f"{run.flow}-summary",
        description=run.message,
        markdown=(
            f"# {run.session}: {run.status}\n\n{simulated}{run.message}\n\n"
            f"{run.rows_landed:,} rows landed, {run.rows_quarantined:,} set aside. "
            f"{sentence(results)}\n\n| table | what | rows |\n| --- | --- | ---: |\n{built}\n"
        ),
    )


def run_name() -> str:
    """What a flow run is called in Prefect: flow, and session or span."""
    given = flow_run.parameters
    span = [str(given[name]) for name in ("session", "start", "end") if given.get(name)]
    return " ".join([flow_run.flow_name, *span])
