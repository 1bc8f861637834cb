"""Workers on a Dask cluster: each takes a share of a run's symbols, ingests and computes it."""

import logging
import multiprocessing.resource_tracker
import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from contextvars import copy_context
from datetime import date
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import duckdb
from prefect import Task, task
from prefect.cache_policies import NO_CACHE

from flows.batch import Batch, Span
from flows.sources import Bulk
from warehouse.place import Lake, Place
from warehouse.run import Run
from warehouse.share import (
    News,
    Share,
    Shares,
    Work,
    build_parts,
    build_share,
    find_share_of_news,
    open_share,
)
from warehouse.transform import Transform

if TYPE_CHECKING:
    from prefect_dask.task_runners import DaskTaskRunner

LOCAL = "local"  # what ROTATION_DASK says for a cluster of this machine alone, for one run
WAIT_SECONDS = 60  # for a worker, where a scheduler has none
WORKER_BYTES = 2**30


class WorkersError(Exception):
    """No workers can be had, or they died; the sentence says which and what to do."""


@task(task_run_name="ingest {dataset} share {share.number}", cache_policy=NO_CACHE)
def ingest_share(
    source: Bulk, dataset: str, since: date | None, span: Span | None, share: Share
) -> News:
    """Fetch a dataset, keep what falls to the share (and is dated in the span), find its news."""
    batch = Batch.fetched(source, dataset, since, share.run.session, span)
    with _opened(share) as (lake, con):
        return find_share_of_news(con, lake, dataset, share.of(batch.take()), share)


@task(task_run_name="build {work.transform.name} share {work.share.number}", cache_policy=NO_CACHE)
def build_history(work: Work) -> tuple[str, int]:
    """Build a share of a history; gives its file and how many rows it has."""
    with _opened(work.share) as (lake, con):
        return build_share(con, lake, work)


@task(task_run_name="count {work.transform.name} share {work.share.number}", cache_policy=NO_CACHE)
def count_parts(work: Work) -> list[Any]:
    """A share's sums and counts of a table."""
    with _opened(work.share) as (_, con):
        return build_parts(con, work)


@contextmanager
def _opened(share: Share) -> Iterator[tuple[Lake, duckdb.DuckDBPyConnection]]:
    """The lake of a worker's own environment, opened for a share; it spills where Dask does."""
    from distributed import get_worker

    lake = Lake.of_environment()
    if lake is None or lake.data_path != share.data_path:
        raise WorkersError(
            "A Dask worker does not know the lake: set ROTATION_WAREHOUSE, ROTATION_DATA_PATH and "
            "the keys in its environment as in the run's."
        )
    with (
        TemporaryDirectory(dir=get_worker().local_directory) as spill,
        open_share(lake, share, Path(spill)) as con,
    ):
        yield lake, con


class DaskWorkers:
    """The workers of one run."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, lake: Lake, run: Run, runner: "DaskTaskRunner"
    ) -> None:
        self.shares = Shares(con, lake, run)
        self.runner = runner
        # A task takes the context along in which it is submitted: a step's would have `con` in it.
        self.flow = copy_context()

    def ingest(
        self, source: Bulk, dataset: str, since: date | None, span: Span | None
    ) -> list[News]:
        """What is new in each share of a dataset; raises SourceError and WorkersError."""
        given = {"source": source, "dataset": dataset, "since": since, "span": span}
        shares = self.shares.deal(self._count())
        return self._all(ingest_share, [given | {"share": share} for share in shares])

    def build(self, transform: Transform, *, is_whole: bool) -> int:
        works = self.shares.works(transform, self._count(), is_whole=is_whole)
        built = self._all(build_history, [{"work": work} for work in works])
        return self.shares.take(transform, built, is_whole=is_whole)

    def parts(self, transform: Transform, since: date) -> Iterable[Any]:
        works = self.shares.works(transform, self._count(), is_whole=True, since=since)
        return chain.from_iterable(self._all(count_parts, [{"work": work} for work in works]))

    def _count(self) -> int:
        """How many shares are worked at at once; waits for a worker where there is none."""
        from distributed import TimeoutError as NoWorkerError

        client = self.runner.client
        try:
            client.wait_for_workers(1, WAIT_SECONDS)
        except NoWorkerError:
            raise WorkersError(
                "The Dask scheduler of ROTATION_DASK has no worker: start some, with the lake's "
                "settings in their environment."
            ) from None
        threads: dict[str, int] = client.nthreads()  # type: ignore[no-untyped-call]
        return sum(threads.values())

    def _all(self, work: Task[..., Any], parameters: Sequence[dict[str, Any]]) -> list[Any]:
        """What the task gives with each of `parameters`; a worker that dies is replaced."""
        from distributed import KilledWorker

        submit = self.runner.submit
        futures = [self.flow.run(submit, work, parameters=given) for given in parameters]
        try:
            return [self._result(future) for future in futures]
        except KilledWorker as error:
            raise WorkersError(
                f"Several workers died over one share ({error.last_worker.address}): see their "
                "logs; most often the memory ran out."
            ) from None
        except CancelledError:
            raise WorkersError("The Dask scheduler is lost: start it and run again.") from None

    def _result(self, future: Any) -> Any:
        """A share's result, however long it takes while there is somebody to work at it."""
        while True:
            try:
                return future.result(timeout=WAIT_SECONDS)
            except TimeoutError:
                self._count()


@contextmanager
def workers(con: duckdb.DuckDBPyConnection, place: Place, run: Run) -> Iterator[DaskWorkers | None]:
    """The workers that `$ROTATION_DASK` names; None where a run does all itself.

    Raises WorkersError.
    """
    if not (place.dask and place.lake):
        yield None
        return
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError:
        raise WorkersError(
            "ROTATION_DASK needs prefect-dask, which is not installed: install it with "
            '`pip install "rotation[lake]"`.'
        ) from None
    if place.dask == LOCAL:
        runner = DaskTaskRunner(cluster_kwargs=_local_cluster(place))
    else:
        runner = DaskTaskRunner(address=place.dask)
    with runner:
        _reach(runner, place)
        yield DaskWorkers(con, place.lake, run, runner)


def _local_cluster(place: Place) -> dict[str, Any]:
    """A worker per core, as far as the memory goes, that nobody else on the machine can talk to."""
    from distributed.system import MEMORY_LIMIT

    return {
        "n_workers": max(1, min(len(os.sched_getaffinity(0)), MEMORY_LIMIT // WORKER_BYTES - 1)),
        "threads_per_worker": 1,
        "host": "127.0.0.1",
        "security": True,
        "dashboard_address": None,
        "local_directory": place.spill,
        "memory_limit": 0,  # DuckDB has a limit of its own, and spills
        "silence_logs": logging.CRITICAL,
    }


def _reach(runner: "DaskTaskRunner", place: Place) -> None:
    """Start or find the cluster; raises WorkersError where that fails.

    Ctrl-C is for the run, which ends its workers: threads and processes that start here never hear
    of it.
    """
    multiprocessing.resource_tracker.ensure_running()  # which lets signals through in its thread
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        assert runner.client
    except (OSError, RuntimeError, ValueError) as error:
        if place.dask == LOCAL:
            raise WorkersError(f"No Dask cluster starts here: {error}.") from error
        raise WorkersError(
            f"The Dask scheduler {place.dask} cannot be reached: start it, or set ROTATION_DASK to "
            "its address, such as tcp://127.0.0.1:8786, or to local."
        ) from None
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
