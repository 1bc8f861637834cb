"""Fixtures that several folders share: a warehouse to land in, and whole nights without Prefect."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

import duckdb
import pandas as pd
import pytest

from warehouse import calendar
from warehouse.as_of import create_as_of_macros
from warehouse.catalog import write_catalog
from warehouse.connect import open_build
from warehouse.land import Landed, land
from warehouse.materialize import Materializer
from warehouse.place import Place
from warehouse.publish import publish
from warehouse.reference import load_reference
from warehouse.run import Run
from warehouse.transform import Transform, read_transforms
from warehouse.writing import writing

Row = Mapping[str, object]
Frames = Mapping[str, pd.DataFrame]


class Tell(Protocol):
    """Lands rows of one dataset, as a night that knows what was known by a moment."""

    def __call__(
        self, dataset: str, rows: Sequence[Row] | pd.DataFrame, known_by: str = ...
    ) -> Landed: ...


class PublishNight(Protocol):
    """Runs a night from landing to publication; gives its run."""

    def __call__(
        self, home: Path, session: date, frames: Frames, tables: Iterable[str] = ...
    ) -> Run: ...


@pytest.fixture(scope="session")
def empty_warehouse(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A build file with its landed tables declared and the reference tables loaded."""
    place = Place(tmp_path_factory.mktemp("warehouse"))
    place.make()
    with open_build(place) as connection:
        load_reference(connection)
        yield connection


@pytest.fixture
def con(empty_warehouse: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """That warehouse in a transaction which the test's end takes back."""
    empty_warehouse.begin()
    yield empty_warehouse
    empty_warehouse.rollback()


@pytest.fixture
def tell(con: duckdb.DuckDBPyConnection) -> Tell:
    def tell(
        dataset: str, rows: Sequence[Row] | pd.DataFrame, known_by: str = "2026-06-30 22:30"
    ) -> Landed:
        frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(rows)
        moment = datetime.fromisoformat(known_by)
        return land(con, dataset, frame, Run("nightly", "files", moment.date(), moment))

    return tell


def run_night(home: Path, session: date, frames: Frames, tables: Iterable[str] = ()) -> Run:
    """Land, build `tables` (none: all) and publish `session`, as the flow does."""
    place = Place(home)
    run = Run("nightly", "files", session, calendar.night_ends(session))
    with writing(place, run) as con:
        news = {f"raw.{name}" for name, frame in frames.items() if land(con, name, frame, run)}
        build(con, news, tables)
        con.commit()
        run.finish("published", f"Session {session} is published.")
        publish(con, place, run)
    return run


def build(
    con: duckdb.DuckDBPyConnection, news: set[str], tables: Iterable[str] = (), **options: bool
) -> dict[str, str]:
    """Materialise `tables` (none: all) with macros and catalog; says what became of each."""
    wanted = set(tables)
    transforms: list[Transform] = [t for t in read_transforms() if not wanted or t.name in wanted]
    materializer = Materializer(con, transforms, news, **options)
    done = {table.name: table.action for table in materializer.run()}
    create_as_of_macros(con, transforms)
    write_catalog(con, transforms, materializer.fingerprints)
    return done


@pytest.fixture(scope="session")
def publish_night() -> PublishNight:
    return run_night


def bars(symbols: Iterable[str], last: date, sessions: int, **columns: object) -> pd.DataFrame:
    """The last `sessions` bars up to `last` of each symbol, closes of an uneven saw."""
    days = [day.date() for day in calendar.exchange().sessions if day.date() <= last][-sessions:]
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "symbol": symbol,
                    "session": days,
                    "close": [
                        100 + 10 * number + (day.toordinal() * (number + 3)) % 17 for day in days
                    ],
                }
            ).assign(**columns)
            for number, symbol in enumerate(symbols)
        ],
        ignore_index=True,
    )
