"""Fixtures that several folders share: a warehouse to land in."""

import signal
from collections.abc import Iterator, Sequence
from datetime import datetime

import duckdb
import pandas as pd
import pytest
from night import Row, Tell

from warehouse.connect import open_build
from warehouse.land import Landed, land
from warehouse.place import Place
from warehouse.reference import load_reference
from warehouse.run import Run

# What a shell starts in the background ignores Ctrl-C, and so would all that tests start and stop.
signal.signal(signal.SIGINT, signal.default_int_handler)


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
