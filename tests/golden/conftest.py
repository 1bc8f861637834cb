"""The real input, landed and built once for all tests here, and a simulated market beside it."""

import fcntl
import os
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from damage import damage

from flows.sources import DATASETS, open_source
from flows.sources.demo import Demo
from warehouse.connect import open_build
from warehouse.land import land
from warehouse.materialize import Materializer
from warehouse.place import Place
from warehouse.reference import load_reference
from warehouse.run import Run
from warehouse.transform import read_transforms

DROP = Path(__file__).parents[2].parent / "shared/data/drop"
NEWEST = date(2026, 7, 2)
SIMULATED_UNTIL = date(2026, 6, 30)


@pytest.fixture(scope="session")
def build_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build file of a night that knows all of the drop; copy it before writing."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # which the workers share
    place = Place(folder / "drop")
    place.make()
    with (folder / "drop.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "drop.built").exists():
            build(place)
            (folder / "drop.built").touch()
    return place.build


@pytest.fixture(scope="session")
def built(build_file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """That file, read-only."""
    with duckdb.connect(build_file, read_only=True) as con:
        con.execute("set timezone = 'UTC'")
        yield con


@pytest.fixture(scope="session")
def simulated_frames() -> dict[str, pd.DataFrame]:
    """Three years of a small simulated market with the faults of real data, by dataset."""
    demo = Demo(symbols=120, years=3)
    return damage({name: demo.fetch(name, None, SIMULATED_UNTIL) for name in DATASETS})


@pytest.fixture(scope="session")
def simulated(
    simulated_frames: dict[str, pd.DataFrame], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """What the product builds of `simulated_frames`, read-only."""
    place = Place(tmp_path_factory.mktemp("simulated"))
    place.make()
    run = Run("nightly", "demo", SIMULATED_UNTIL, datetime(2026, 7, 31), is_simulated=True)
    build_from(simulated_frames.__getitem__, run, place)
    with duckdb.connect(place.build, read_only=True) as con:
        con.execute("set timezone = 'UTC'")
        yield con


def build(place: Place) -> None:
    source = open_source(str(DROP))
    run = Run("nightly", source.name, NEWEST, known_by=datetime(2026, 7, 31))
    build_from(lambda dataset: source.fetch(dataset, None, NEWEST), run, place)


def build_from(fetch: Callable[[str], pd.DataFrame], run: Run, place: Place) -> None:
    place.build.unlink(missing_ok=True)
    with open_build(place) as con:
        load_reference(con)
        for dataset in DATASETS:
            land(con, dataset, fetch(dataset), run)
        list(Materializer(con, read_transforms(), {}, rebuild=True).run())
