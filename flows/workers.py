"""Workers on a Dask cluster: each takes a share of a run's symbols, ingests and computes it."""

import logging
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
from prefect import Task, task
from prefect.cache_policies import NO_CACHE

from flows.asking import ask_for, names_wanted
from flows.batch import Batch
from flows.pace import shared_pace
from flows.secret import kept_secret
from flows.sources import BY_SYMBOL, OF_TODAY, Bulk, Outcome, Vendor, open_source
from warehouse.dataset import Dataset
from warehouse.place import Lake, Place
from warehouse.run import Run
from warehouse.share import (
    News,
    Share,
    Shares,
    Work,
    build_share,
    find_share_of_news,
    in_files,
    open_share,
)
from warehouse.transform import Transform
from warehouse.wanted import overlap_start

if TYPE_CHECKING:
    from prefect_dask.task_runners import DaskTaskRunner

LOCAL = "local"  # what ROTATION_DASK says for a cluster of this machine alone, for one run
WAIT_SECONDS = 60  # for the first worker of a scheduler that has none yet

Told = tuple[News, Sequence[Outcome]]
Span = tuple[date, date]

log = logging.getLogger("rotation")


class WorkersError(Exception):
    """No workers can be had, or they died; the sentence says which and what to do."""


@task(task_run_name="ingest share {share.number}", cache_policy=NO_CACHE)
def ingest_share(
    spec: str,
    share: Share,
    datasets: Sequence[str],
    names: Mapping[str, pd.DataFrame],
    since: date | None,
    span: Span | None,
    cache: Path,
) -> list[Told]:
    """Ingest a share of datasets; gives what is new, and what became of what a vendor was asked.

    `names` say by dataset what a vendor is asked for, `since` from when on another source's quotes
    are wanted.
    """
    source, told = open_source(spec), list[Told]()
    if isinstance(source, Vendor):
        source.open(cache, shared_pace(source.requests_per_second), kept_secret)
    with _opened(share) as (lake, con):
        for dataset in datasets:
            outcomes: Sequence[Outcome] = ()
            if isinstance(source, Vendor):
                answer = ask_for(con, source, dataset, names[dataset], share.run)
                batch, outcomes = Batch(answer.frame), answer.outcomes
            else:
                of_quotes = since if dataset == "quote" else None
                batch = Batch(share.of(source.fetch(dataset, of_quotes, share.run.session)))
                if span:
                    batch.restrict(Dataset.named(dataset).dated_by, span)
            told.append((find_share_of_news(con, lake, dataset, batch.take(), share), outcomes))
    return told


@task(task_run_name="build {work.transform.name} share {work.share.number}", cache_policy=NO_CACHE)
def build_work(work: Work) -> tuple[str, int]:
    """Build a share of one table; gives its file and how many rows it has."""
    with _opened(work.share) as (lake, con):
        return build_share(con, lake, work)


@contextmanager
def _opened(share: Share) -> Iterator[tuple[Lake, duckdb.DuckDBPyConnection]]:
    """The lake of a worker's own environment, opened for a share; it spills where Dask does."""
    from distributed import get_worker

    lake = Lake.of_environment()
    if lake is None:
        raise WorkersError(
            "A Dask worker does not know the lake: set ROTATION_WAREHOUSE, ROTATION_DATA_PATH and "
            "the keys in its environment too."
        )
    with open_share(lake, share, Path(get_worker().local_directory)) as con:
        yield lake, con


class Workers:
    """The workers of one run."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        place: Place,
        run: Run,
        spec: str,
        runner: "DaskTaskRunner",
    ) -> None:
        self.con = con
        self.place = place
        self.run = run
        self.spec = spec
        self.runner = runner
        self.shares = Shares(con, run)
        # A task takes the context along in which it is submitted: a step's would have `con` in it.
        self.flow = copy_context()

    def ingest(self, source: Bulk | Vendor, span: Span | None) -> dict[str, list[Told]]:
        """What is new, and what was asked, of each dataset that is by symbol, share by share.

        Raises SourceError and WorkersError.
        """
        first = span[0] if span else None
        datasets, names = list(BY_SYMBOL), {}
        if isinstance(source, Vendor):
            datasets = [name for name in datasets if not (span and name in OF_TODAY)]
            names = {
                name: names_wanted(self.con, source, name, self.run, first) for name in datasets
            }
        shares = self.shares.deal(self.count)
        told = self._all(
            ingest_share,
            [
                {
                    "spec": self.spec,
                    "share": share,
                    "datasets": datasets,
                    "names": {name: share.named(rows) for name, rows in names.items()},
                    "since": first or overlap_start(self.con),
                    "span": span,
                    "cache": self.place.home / "cache",
                }
                for share in shares
            ],
        )
        return {name: [share[i] for share in told] for i, name in enumerate(datasets)}

    def build(self, transform: Transform, *, is_whole: bool) -> int:
        works = self.shares.works(transform, self.count, is_whole=is_whole)
        built = self._all(build_work, [{"work": work} for work in works])
        return self.shares.take(transform, built, is_whole=is_whole)

    def add_up(self, transform: Transform, since: date) -> str:
        works = self.shares.parts(transform, self.count, since)
        built = self._all(build_work, [{"work": work} for work in works])
        return in_files(file for file, _ in built)

    @property
    def count(self) -> int:
        """How many shares are worked at at once."""
        threads: dict[str, int] = self.runner.client.nthreads()  # type: ignore[no-untyped-call]
        return max(1, sum(threads.values()))

    def _all(self, work: Task[..., Any], parameters: Sequence[dict[str, Any]]) -> list[Any]:
        """What the task gives with each of `parameters`; a worker that dies is replaced."""
        from distributed import KilledWorker

        futures = [
            self.flow.run(self.runner.submit, work, parameters=given) for given in parameters
        ]
        try:
            return [future.result() for future in futures]
        except KilledWorker as error:
            raise WorkersError(
                f"Several workers died over one share ({error.last_worker.address}): see their "
                "logs, most often the memory ran out."
            ) from None


@contextmanager
def workers(
    con: duckdb.DuckDBPyConnection, place: Place, run: Run, spec: str = ""
) -> Iterator[Workers | None]:
    """The workers that `$ROTATION_DASK` names; None where a run does all itself.

    `spec` names the source, as each worker will open it. Raises WorkersError.
    """
    if not place.dask:
        yield None
        return
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError:
        raise WorkersError(
            "ROTATION_DASK needs prefect-dask, which is not installed: install it with "
            '`pip install "rotation[lake]"`.'
        ) from None
    local = {
        "n_workers": len(os.sched_getaffinity(0)),
        "threads_per_worker": 1,
        "host": "127.0.0.1",
        "dashboard_address": None,
        "local_directory": place.spill,
        "memory_limit": 0,  # DuckDB has a limit of its own, and spills
        "silence_logs": logging.CRITICAL,
    }
    is_local = place.dask == LOCAL
    runner = DaskTaskRunner(
        cluster_kwargs=local if is_local else None, address=None if is_local else place.dask
    )
    if Path(spec).is_dir():
        spec = str(Path(spec).absolute())
    with runner:
        _reach(runner, place)
        yield Workers(con, place, run, spec, runner)


def _reach(runner: "DaskTaskRunner", place: Place) -> None:
    """Start or find the cluster. Raises WorkersError where there is none, or nobody in it."""
    from distributed import TimeoutError as NoWorkerError

    # Ctrl-C is for the run, which ends its workers: what starts now never hears of it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        runner.client.wait_for_workers(1, WAIT_SECONDS)
    except NoWorkerError:
        raise WorkersError(
            f"The Dask scheduler {place.dask} has no worker: start some, with the lake's settings "
            "in their environment."
        ) from None
    except (OSError, ValueError):
        raise WorkersError(
            f"The Dask scheduler {place.dask} cannot be reached: start it, or set ROTATION_DASK to "
            "its address, such as tcp://127.0.0.1:8786, or to local."
        ) from None
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
