"""Runs in shares: worked at in turn here, and by two worker processes of a Dask cluster."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pandas as pd
import pytest
from distributed import Client, LocalCluster
from hypothesis import given
from hypothesis import strategies as st
from kills import contents, difference
from lakes import SECRETS, needs_postgres
from night import FIRST, REPOSITORY, SECOND, THIRD, all_transforms, bars, run_night
from vendors import Vendors, demo_world

from flows import workers as flows_workers
from flows.sources import DATASETS
from flows.sources.demo import Demo
from flows.workers import WorkersError, workers
from warehouse.calendar import night_ends
from warehouse.catalog import write_catalog
from warehouse.connect import open_build, open_published
from warehouse.dataset import Dataset
from warehouse.land import land
from warehouse.materialize import Materializer
from warehouse.outcome import note_outcome
from warehouse.place import Place, PlaceError
from warehouse.run import Refused, Run
from warehouse.share import (
    News,
    Share,
    Shares,
    build_parts,
    build_share,
    dealt,
    find_share_of_news,
    open_share,
)
from warehouse.transform import Transform
from warehouse.writing import writing

T = TypeVar("T")
DEMO = Demo.parse("demo:60x1")
TABLES = (
    "core.session",
    "core.cohort_member",
    "core.cohort_file",
    "core.quote",
    "core.benchmark_quote",
    "rotation.breadth_count",
)
SHARES = 2
ROTATION = Path(sys.executable).parent / "rotation"


class TestDealing:
    @given(st.lists(st.text(max_size=6)), st.integers(1, 9))
    def test_every_row_falls_to_one_share(self, names: list[str], count: int) -> None:
        answer = pd.DataFrame({"symbol": pd.Series(names, dtype="str")})
        run = Run("nightly", "files", FIRST, night_ends(FIRST))
        rows = [Share(number, count, run, 1, "").of(answer) for number in range(count)]
        assert sorted(number for part in rows for number in part["row_number"]) == [
            *range(1, len(names) + 1)
        ]

    def test_a_symbol_falls_to_one_share_whatever_stands_around_it(self) -> None:
        around = pd.Series(["AAPL", " AAPL", "AAPL ", "\tAAPL"])
        assert len(set(dealt(around, 97))) == 1
        everywhere = dealt(pd.Series(["AAPL", None, "MSFT", "IWM"]), 4)
        assert list(everywhere) == [0, 1, 3, 3]


class TestSettings:
    def test_workers_want_a_lake(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("ROTATION_WAREHOUSE", raising=False)
        monkeypatch.setenv("ROTATION_DASK", "local")
        with pytest.raises(PlaceError, match=r"^ROTATION_DASK .* which can only meet in a lake"):
            Place.of(None)


@pytest.fixture
def settings(settings: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """Those of a lake, and workers."""
    monkeypatch.setenv("ROTATION_DASK", "local")
    return {**settings, "ROTATION_DASK": "local"}


class InTurn:
    """Shares worked at one after the other, in this process; the first attempt at each is lost."""

    def __init__(self, con: duckdb.DuckDBPyConnection, place: Place, run: Run) -> None:
        assert place.lake
        self.shares = Shares(con, place.lake, run)
        self.lake = place.lake
        self.spill = place.spill

    def ingest(self, name: str, answer: pd.DataFrame) -> list[News]:
        return [
            self._twice(
                share,
                lambda con, s=share: find_share_of_news(con, self.lake, name, s.of(answer), s),
            )
            for share in self.shares.deal(SHARES)
        ]

    def build(self, transform: Transform, *, is_whole: bool) -> int:
        works = self.shares.works(transform, SHARES, is_whole=is_whole)
        built = [
            self._twice(work.share, lambda con, w=work: build_share(con, self.lake, w))
            for work in works
        ]
        return self.shares.take(transform, built, is_whole=is_whole)

    def parts(self, transform: Transform, since: date) -> list[Any]:
        works = self.shares.works(transform, SHARES, is_whole=True, since=since)
        shares = [
            self._twice(work.share, lambda con, w=work: build_parts(con, w)) for work in works
        ]
        return [part for parts in shares for part in parts]

    def _twice(self, share: Share, attempt: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        for _ in range(2):
            with open_share(self.lake, share, self.spill) as con:
                done = attempt(con)
        return done


def shared_night(
    place: Place,
    session: date,
    frames: Mapping[str, pd.DataFrame],
    names: Sequence[str] = (),
) -> dict[str, str]:
    """As `run_night`, up to the commit, with shares; says what became of the tables `names`."""
    run = Run("nightly", "files", session, night_ends(session))
    with writing(place, run) as con:
        workers, news = InTurn(con, place, run), {}
        for name, frame in frames.items():
            landed = (
                workers.shares.land(name, workers.ingest(name, frame))
                if Dataset.named(name).named_by == "symbol"
                else land(con, name, frame, run)
            )
            note_outcome(con, run, landed)
            news[f"raw.{name}"] = landed.since
        transforms = [t for t in all_transforms() if t.name in names]
        materializer = Materializer(con, transforms, news, workers=workers)
        done = {table.name: table.action for table in materializer.run()}
        write_catalog(con, transforms, materializer.fingerprints)
        con.commit()
    return done


def landed(con: duckdb.DuckDBPyConnection, *names: str) -> dict[str, pd.DataFrame]:
    """What landed and was noted, and tables of these names, without the runs' names."""
    noted = (*(f"raw.{name}" for name in DATASETS), "ops.quarantine", "ops.restatement")
    return {
        **{n: con.execute(f"select * exclude (run_id) from {n} order by all").df() for n in noted},
        **{n: con.execute(f"from {n} order by all").df() for n in names},
    }


def require_equal(shared: Mapping[str, pd.DataFrame], alone: Mapping[str, pd.DataFrame]) -> None:
    for name, rows in alone.items():
        pd.testing.assert_frame_equal(shared[name], rows, rtol=1e-12, obj=name)


def answers(session: date) -> dict[str, pd.DataFrame]:
    return {name: DEMO.fetch(name, None, session) for name in DATASETS}


@needs_postgres
class TestShares:
    def test_add_up_to_what_one_run_finds_alone(
        self, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        frames = answers(FIRST), answers(SECOND)
        # A close that the vendor corrects, and a row that is no bar.
        corrected = frames[1]["quote"]
        corrected.loc[corrected["symbol"] == "AAPL", "close"] *= 1.01
        corrected.loc[corrected.index[-1], "high"] = 0.01
        did = shared_night(place, FIRST, frames[0], TABLES)
        assert did["core.quote"] == did["rotation.breadth_count"] == "rebuilt"
        did = shared_night(place, SECOND, frames[1], TABLES)
        assert did["core.quote"] == did["rotation.breadth_count"] == "extended"
        with open_build(place) as con:
            shared = landed(con, *TABLES)
            # A definition changes: what was only extended is read whole.
            con.execute(
                "update ops.table_catalog set fingerprint = '' where table_name = 'breadth_count'"
            )
        did = shared_night(place, THIRD, answers(THIRD), TABLES)
        assert (did["core.quote"], did["rotation.breadth_count"]) == ("extended", "rebuilt")
        with open_build(place) as con:
            redefined = landed(con, *TABLES)
        for name in ("ROTATION_WAREHOUSE", "ROTATION_DASK"):
            monkeypatch.delenv(name)
        alone = []
        for session, answer in zip((FIRST, SECOND, THIRD), (*frames, answers(THIRD)), strict=True):
            run_night(tmp_path / "alone", session, answer, TABLES)
            with open_published(Place.of(tmp_path / "alone")) as con:
                alone.append(landed(con, *TABLES))
        noted = ("ops.restatement", "ops.quarantine")
        assert all(len(alone[1][name]) for name in (*noted, *TABLES))
        require_equal(shared, alone[1])
        require_equal(redefined, alone[2])

    def test_bad_rows_count_in_the_batch_not_in_a_share(self, place: Place) -> None:
        frame = bars([f"S{number}" for number in range(300)], FIRST, 5)
        one_share = dealt(frame["symbol"], SHARES) == 1
        bad = frame.index[one_share][:12]  # 2 % of the share, not 1 % of the batch
        shared_night(place, FIRST, {"quote": frame.assign(high=1.0, low=0.5).drop(bad)})
        lines = frame.assign(high=1.0, low=0.5)
        lines.loc[bad, "high"] = 0.1
        shared_night(place, SECOND, {"quote": lines})
        with open_build(place) as con:
            assert con.execute("select count(*) from ops.quarantine").fetchall() == [(12,)]

    def test_a_batch_is_refused_whole(self, place: Place) -> None:
        frame = bars([f"S{number}" for number in range(30)], FIRST, 5)
        frame["close"] = frame["close"].where(frame.index % 10 > 0, -1.0)
        with pytest.raises(Refused, match=r"15 of 150 rows are bad on their own \(10.0 %"):
            shared_night(place, FIRST, {"quote": frame})
        with open_build(place) as con:
            counted = con.execute(
                "select (select count(*) from raw.quote), (select count(*) from ops.quarantine)"
            ).fetchall()
            assert counted == [(0, 15)]

    def test_a_run_that_ends_early_takes_nothing_over(self, place: Place) -> None:
        shared_night(place, FIRST, {"quote": bars(["IWM", "SPY"], FIRST, 5)})
        with open_build(place) as con:
            before = landed(con)
        with pytest.raises(FileNotFoundError):  # nothing lands as that
            shared_night(
                place, SECOND, {"quote": bars(["IWM", "SPY"], SECOND, 5), "x": pd.DataFrame()}
            )
        with open_build(place) as con:
            require_equal(landed(con), before)


@pytest.fixture
def cluster(settings: Mapping[str, str]) -> Iterator[LocalCluster]:
    with LocalCluster(
        n_workers=2, threads_per_worker=2, dashboard_address=None, silence_logs="CRITICAL"
    ) as cluster:
        yield cluster


def nightly(home: Path, environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [ROTATION, "nightly", "--source", "demo:60x1", "--session", "2026-01-27", "--home", home],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def kill_who_ingests(cluster: LocalCluster, killed: list[str]) -> None:
    """Kill the first worker that is seen with a share in hand."""
    with Client(cluster) as client:
        pids = client.run(os.getpid)
        while not killed:
            for address, keys in client.processing().items():
                if any(key.startswith("ingest_share") for key in keys) and not killed:
                    os.kill(pids[address], signal.SIGKILL)
                    killed.append(address)
            time.sleep(0.01)


@needs_postgres
class TestCluster:
    def test_a_worker_that_is_killed_loses_and_doubles_nothing(
        self, settings: Mapping[str, str], cluster: LocalCluster, tmp_path: Path
    ) -> None:
        homes = {"file": tmp_path / "file", "lake": tmp_path / "lake"}
        environments = {
            "file": {"ROTATION_WAREHOUSE": "", "ROTATION_DASK": ""},
            "lake": {"ROTATION_DASK": cluster.scheduler_address},
        }
        killed: list[str] = []
        killing = threading.Thread(target=kill_who_ingests, args=(cluster, killed), daemon=True)
        killing.start()
        for store, home in homes.items():
            process = nightly(home, environments[store])
            said, _ = process.communicate()
            assert process.returncode == 0, said
            assert said.endswith("Session 2026-01-27 is published.\n")
            assert not [secret for secret in SECRETS if secret in said]
        assert len(killed) == 1
        place = Place.of(homes["lake"])
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environments["file"].items():
                patch.setenv(name, value)
            alone = contents(Place.of(homes["file"]))
        assert difference(contents(place), alone) == ""
        texts = (path.read_bytes() for path in place.home.rglob("*") if path.is_file())
        assert not [secret for text in texts for secret in SECRETS if secret.encode() in text]

    def test_a_scheduler_that_is_not_there(self, place: Place) -> None:
        import dask

        away = Place(place.home, place.lake, "tcp://127.0.0.1:1")
        run = Run("nightly", "files", FIRST, night_ends(FIRST))
        with (
            dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
            pytest.raises(WorkersError, match=r"^The Dask scheduler tcp://127.0.0.1:1 cannot be"),
            writing(away, run) as con,
            workers(con, away, run),
        ):
            pass

    def test_a_scheduler_without_a_worker(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(flows_workers, "WAIT_SECONDS", 0.5)
        run = Run("nightly", "files", FIRST, night_ends(FIRST))
        with LocalCluster(n_workers=0, dashboard_address=None, processes=False) as idle:
            waiting = Place(place.home, place.lake, idle.scheduler_address)
            with writing(waiting, run) as con, workers(con, waiting, run) as idlers:
                assert idlers
                with pytest.raises(WorkersError, match=r"^The Dask scheduler .* has no worker"):
                    idlers.ingest(DEMO, "quote", None, None)


@needs_postgres
def test_workers_ask_vendors_what_one_run_asks_alone(
    settings: Mapping[str, str], tmp_path: Path
) -> None:
    stores = {"lake": settings, "file": {}}
    users = ("ROTATION_", "FRED_", "PREFECT_API_URL")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(users)}
    now = datetime(2025, 6, 12, 22, 30)
    hurried = {"ROTATION_LEAVE_OUT": "SMALL, LARGE", "ROTATION_REQUESTS_PER_SECOND": "50"}
    seen = {}
    for store, environment in stores.items():
        with Vendors(demo_world(first=date(2024, 9, 3), now=now)) as vendors:
            live = ("nightly", "--source", "live", "--session", "2025-06-12")
            said = subprocess.run(
                [ROTATION, *live, "--home", tmp_path / store],
                env=clean | vendors.environment | environment | hurried,
                capture_output=True,
                text=True,
                check=False,
            )
            assert said.returncode == 0, said.stderr
            assert "Traceback" not in said.stderr
        with pytest.MonkeyPatch.context() as patch:
            for name in settings:
                patch.setenv(name, environment.get(name, ""))
            with open_published(Place.of(tmp_path / store)) as con:
                seen[store] = landed(con, "core.quote", "rotation.breadth_count")
    assert len(seen["file"]["rotation.breadth_count"]) > 0
    require_equal(seen["lake"], seen["file"])
