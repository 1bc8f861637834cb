"""Refusing a batch: under the limit bad rows alone are set aside, beyond it nothing lands."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from warehouse.connect import open_build
from warehouse.land import land
from warehouse.outcome import note_outcome
from warehouse.place import Place
from warehouse.reference import load_reference
from warehouse.refuse import FEW
from warehouse.run import Refused, Run

DAY = "2026-01-05"


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A build file in the transaction that a run opens."""
    place = Place(tmp_path)
    place.make()
    with open_build(place) as connection:
        connection.begin()
        load_reference(connection)
        yield connection


def tonight(day: int = 6) -> Run:
    return Run("nightly", "files", date(2026, 1, day), datetime(2026, 1, day, 22, 30))


def quotes(sound: int, bad: int, **wrong: object) -> pd.DataFrame:
    """That many rows, of which the last `bad` have what `wrong` says."""
    frame = pd.DataFrame({"symbol": [f"S{n}" for n in range(sound + bad)], "session": DAY})
    frame["close"] = "100"
    for column, value in wrong.items():
        frame[column] = frame[column].where(frame.index < sound, value)
    return frame


def count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return con.execute(f"select count(*) from {table}").fetchall()[0][0]


@pytest.mark.parametrize(
    ("sound", "bad"),
    [
        (2, 1),  # one row says nothing of three
        (FEW, FEW - 1),
        (99 * FEW, FEW),  # 1 % sharp
    ],
)
def test_the_rest_of_a_batch_goes_on(con: duckdb.DuckDBPyConnection, sound: int, bad: int) -> None:
    landed = land(con, "quote", quotes(sound, bad, close="x"), tonight())
    assert (landed.landed, landed.quarantined) == (sound, bad)


def test_beyond_the_limit_nothing_lands_and_the_rows_are_kept(
    con: duckdb.DuckDBPyConnection,
) -> None:
    # given rates that have landed in the same run
    run = tonight()
    rates = pd.DataFrame({"series_id": ["DGS10"], "observation_date": ["2026-01-02"]})
    note_outcome(con, run, land(con, "rate", rates.assign(value_pct="4.1"), run))
    frame = quotes(1000, 15, close="x")
    frame.loc[0, "close"] = "-1"

    # when 16 of 1,015 quotes are bad
    with pytest.raises(Refused) as refusal:
        land(con, "quote", frame, run)

    # then the sentence says so, and whatever comes next, nothing of the run is in raw
    assert str(refusal.value).startswith(
        "The batch of dataset quote is refused whole and the last publication stays: 16 of 1,015 "
        "rows are bad on their own (1.6 %, the limit is 1 %), most often because close is not a "
        "double (15 rows); they are in ops.quarantine"
    )
    assert (count(con, "raw.quote"), count(con, "raw.rate")) == (0, 0)
    assert con.execute("select distinct run_id, dataset from ops.quarantine").fetchall() == [
        (run.run_id, "quote")
    ]
    assert count(con, "ops.quarantine") == 16
    outcomes = "select key, outcome, rows, detail from ops.source_outcome order by key"
    assert con.execute(outcomes).fetchall() == [
        (
            "quote",
            "refused",
            1015,
            "16 of 1,015 rows are bad on their own: the batch is refused whole",
        ),
        ("rate", "ok", 1, "1 new, 0 set aside; not kept: the run ended early"),
    ]
    assert (run.rows_landed, run.rows_quarantined) == (0, 16)


def test_the_same_batch_is_refused_again_and_a_mended_one_lands(
    con: duckdb.DuckDBPyConnection,
) -> None:
    for day in (6, 7):
        with pytest.raises(Refused):
            land(con, "quote", quotes(100, 50, close="x"), tonight(day))
        con.begin()
        load_reference(con)
    assert count(con, "ops.quarantine") == 50

    assert land(con, "quote", quotes(150, 0), tonight(8)).landed == 150


def test_what_a_sound_answer_has_too_does_not_count(con: duckdb.DuckDBPyConnection) -> None:
    # given an index's bars since 1962, and a fund's lines without a ticker
    days = pd.bdate_range("1962-01-01", "1962-12-31").strftime("%Y-%m-%d")
    old = pd.DataFrame({"symbol": "^GSPC", "session": days, "close": "100"})
    lines = pd.DataFrame({"fund": "IWM", "holdings_date": DAY, "ticker": ["A", *["-"] * 20]})

    assert land(con, "quote", pd.concat([old, quotes(5, 0)]), tonight()).landed == 5
    assert land(con, "holding", lines, tonight()).landed == 1


@pytest.mark.parametrize(("bad", "refused"), [(40, False), (60, True)])
def test_estimates_have_a_limit_of_their_own(
    con: duckdb.DuckDBPyConnection, bad: int, refused: bool
) -> None:
    frame = quotes(1000 - bad, bad, close="x").rename(
        columns={"close": "eps_avg", "session": "snapshot_date"}
    )
    frame["horizon"] = "0y"
    if refused:
        with pytest.raises(Refused, match="the limit is 5 %"):
            land(con, "estimate", frame, tonight())
    else:
        assert land(con, "estimate", frame, tonight()).quarantined == bad
