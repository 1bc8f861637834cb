"""Live nights in this process: through the real clients, found by the usual environment."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from vendors import Vendors, World

from flows.asking import ask, require_members
from flows.sources import DATASETS, Answer
from flows.sources.live import Live, asking
from flows.sources.live.settings import Settings
from warehouse import calendar
from warehouse.as_of import create_as_of_macros
from warehouse.catalog import write_catalog
from warehouse.land import land
from warehouse.materialize import Materializer
from warehouse.place import Place
from warehouse.run import Run
from warehouse.transform import Transform, read_transforms
from warehouse.writing import writing

CORE = [t for t in read_transforms() if t.declaration.schema == "core"]
QUOTES = [t for t in CORE if t.name in ("core.session", "core.quote")]


@contextmanager
def serving(world: World) -> Iterator[Vendors]:
    """Vendors that this process reaches; tries follow each other without much ado."""
    from yfinance.data import SingletonMeta, YfData

    with Vendors(world) as vendors, pytest.MonkeyPatch.context() as patch:
        for name, value in vendors.environment.items():
            patch.setenv(name, value)
        patch.setattr(asking, "FIRST_WAIT_SECONDS", 0.002)
        SingletonMeta._instances.pop(YfData, None)  # which trusts the certificates of its first use
        yield vendors


@dataclass
class Some(Live):
    """The live source, asked for a few symbols and series only: nights of a second."""

    names: Collection[str] = ()
    before: Callable[[str, pd.DataFrame], None] = lambda dataset, wanted: None

    def ask(
        self, dataset: str, wanted: pd.DataFrame, until: date, tell: Callable[[int, int], None]
    ) -> Answer:
        if self.names and dataset != "holding":
            wanted = wanted[wanted.iloc[:, 0].isin(self.names)]
        self.before(dataset, wanted)
        return super().ask(dataset, wanted, until, tell)


def sessions(first: date, count: int) -> list[date]:
    days = calendar.exchange().sessions_window(pd.Timestamp(first), count)
    return [day.date() for day in days]


def run_night(
    vendors: Vendors,
    home: Path,
    session: date,
    *,
    at: datetime | None = None,
    names: Collection[str] = (),
    datasets: Sequence[str] = DATASETS,
    tables: Sequence[Transform] = CORE,
    before: Callable[[str, pd.DataFrame], None] = lambda dataset, wanted: None,
    **settings: object,
) -> Run:
    """Ask, land and build `core` as a night does, but for the copy that readers open.

    `at` is the vendors' clock, by default the night's end. `names` are the only symbols and series
    asked for (none: all are); `before` is called before each dataset is. `tables` are built.
    """
    vendors.world.now = at or calendar.night_ends(session)
    place = Place(home)
    source = Some(Settings(**{"minutes": 2.0, **settings}), names=names, before=before)
    source.open(home / "cache", lambda vendor, count: None)
    now = vendors.world.now
    run = Run("nightly", "live", session, now, started_at=now)
    with writing(place, run) as con:
        news = {}
        for dataset in datasets:
            answer = ask(con, source, dataset, run)
            news[f"raw.{dataset}"] = land(con, dataset, answer.frame, run).since
            if dataset == "holding":
                require_members(con, answer.outcomes)
        materializer = Materializer(con, tables, news)
        list(materializer.run())
        create_as_of_macros(con, tables)
        write_catalog(con, tables, materializer.fingerprints)
        con.execute(
            "insert into ops.run by name select $1 as run_id, $2 as session", [run.run_id, session]
        )
        con.commit()
        run.finish("published", "")
    return run


@contextmanager
def reading(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(Place(home).build, read_only=True) as con:
        con.execute("set timezone = 'UTC'")
        yield con


def query(home: Path, sql: str, *parameters: object) -> pd.DataFrame:
    with reading(home) as con:
        return con.execute(sql, parameters).df()


def outcomes(home: Path, run: Run) -> dict[str, str]:
    """The word on each name of a run, by key."""
    rows = query(home, "select key, outcome from ops.source_outcome where run_id = $1", run.run_id)
    return dict(rows.itertuples(index=False))
