"""Live nights against stand-in vendors, through the real clients and the usual environment."""

import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from vendors import Vendors, demo_world

from flows.asking import ask
from flows.sources import DATASETS
from flows.sources.live import Live, asking
from flows.sources.live.settings import Settings
from warehouse import calendar
from warehouse.catalog import write_catalog
from warehouse.connect import open_published
from warehouse.land import land
from warehouse.materialize import Materializer
from warehouse.outcome import note_outcomes
from warehouse.place import Place
from warehouse.publish import publish
from warehouse.run import Run
from warehouse.transform import read_transforms
from warehouse.writing import writing

NIGHTS = int(os.environ.get("LIVE_NIGHTS", "4"))  # `make faults` runs more
FIRST = date(2025, 6, 11)  # QALM splits 4:1 on the 16th, the third night after it
CORE = [t for t in read_transforms() if t.declaration.schema == "core"]
QUOTED = "symbol, session, open, high, low, close, volume, dividend, split_ratio"


@pytest.fixture(scope="module")
def vendors() -> Iterator[Vendors]:
    with Vendors(demo_world()) as vendors:
        yield vendors


@pytest.fixture(autouse=True)
def reached(vendors: Vendors, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in vendors.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(asking, "FIRST_WAIT_SECONDS", 0.01)
    vendors.requests.clear()
    yield
    vendors.heal()


def sessions(count: int, first: date = FIRST) -> list[date]:
    days = calendar.exchange().sessions_window(pd.Timestamp(first), count)
    return [day.date() for day in days]


def run_night(vendors: Vendors, home: Path, session: date, **settings: object) -> Run:
    """Ask, land, build `core` and publish, an hour after the session's night has ended."""
    vendors.world.now = calendar.night_ends(session)
    place = Place(home)
    source = Live(Settings(**{"minutes": 2.0, **settings}))
    source.open(home / "cache", lambda vendor, count: None)
    run = Run("nightly", "live", session, calendar.night_ends(session))
    with writing(place, run) as con:
        news = set()
        for dataset in DATASETS:
            answer = ask(con, source, dataset, run)
            note_outcomes(con, run, answer.outcomes)
            if land(con, dataset, answer.frame, run).landed:
                news.add(f"raw.{dataset}")
        materializer = Materializer(con, CORE, news)
        list(materializer.run())
        write_catalog(con, CORE, materializer.fingerprints)
        con.commit()
        run.finish("published", "")
        publish(con, place, run)
    return run


def published(home: Path, query: str) -> pd.DataFrame:
    with open_published(Place(home)) as con:
        return con.execute(query).df()


def core_tables(home: Path) -> dict[str, pd.DataFrame]:
    """All of `core`, without when it became known."""
    with open_published(Place(home)) as con:
        return {
            t.name: con.execute(
                f"select * exclude (known_at) from {t.name} order by all"
                if "known_at" in t.declaration.column_names
                else f"from {t.name} order by all"
            ).df()
            for t in CORE
        }


@pytest.fixture(scope="module")
def undisturbed(vendors: Vendors, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """A home after a first run and so many further nights without any fault."""
    home = tmp_path_factory.mktemp("undisturbed")
    done: list[date] = []

    def run() -> Path:
        if not done:
            done.extend(sessions(1 + NIGHTS))
            for session in done:
                run_night(vendors, home, session)
        return home

    return run


def test_nights_full_of_faults_end_with_the_same_core(
    vendors: Vendors, undisturbed: Callable[[], Path], tmp_path: Path
) -> None:
    expected = core_tables(undisturbed())
    vendors.fail_randomly(share=0.2, seed=20260702, seconds=0.2)

    for session in sessions(1 + NIGHTS):
        run_night(vendors, tmp_path, session)

    assert sum(bool(request.fault) for request in vendors.requests) > 50
    for name, table in core_tables(tmp_path).items():
        pd.testing.assert_frame_equal(table, expected[name], obj=name)
    twice = published(
        tmp_path, "select 1 from core.quote group by symbol, session having count(*) > 1"
    )
    assert twice.empty
