"""The as-of macros: what was known before a restatement, also in the published copy."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from night import SECOND, THIRD, Tell, bars, build, run_night

from warehouse.connect import open_published
from warehouse.place import Place

MACROS = ["quote", "rate", "estimate", "fundamental", "cohort_member"]


@pytest.fixture
def restated(con: duckdb.DuckDBPyConnection, tell: Tell) -> duckdb.DuckDBPyConnection:
    """One key per dataset, said on the night of the 8th and restated on that of the 9th."""
    for night, word in (("2026-01-08", "1"), ("2026-01-09", "2")):
        known_by = f"{night} 22:30"
        quotes = [
            {"symbol": "AAA", "session": "2026-01-05", "close": "10"},
            {"symbol": "AAA", "session": "2026-01-06", "close": str(10 + int(word))},
        ]
        tell("quote", quotes, known_by)
        rates = [{"series_id": "DGS10", "observation_date": "2026-01-06", "value_pct": word}]
        tell("rate", rates, known_by)
        holdings = [{"fund": "IWM", "holdings_date": "2026-01-05", "ticker": "AAA"}]
        tell("holding", [row | {"weight_pct": word} for row in holdings], known_by)
        snapshot = {"symbol": "AAA", "snapshot_date": "2026-01-06"}
        tell("estimate", [snapshot | {"horizon": "0y", "eps_avg": word}], known_by)
        tell("fundamental", [snapshot | {"revenue_usd": word}], known_by)
    names = ("quote", "rate", "holding", "estimate", "fundamental")
    news = {f"raw.{name}": date(2026, 1, 5) for name in names}
    build(con, news, ["core.session", *(f"core.{name}" for name in MACROS)])
    return con


def ask(con: duckdb.DuckDBPyConnection, columns: str, macro: str, ts: str) -> list[Any]:
    query = f"select {columns} from core.{macro}_as_of(timestamp '{ts}')"
    return con.execute(query).fetchall()


@pytest.mark.parametrize(
    ("macro", "column"),
    [
        ("quote", "max(close) - 10"),
        ("rate", "max(value_pct)"),
        ("estimate", "max(eps_avg)"),
        ("fundamental", "max(revenue_usd)"),
        ("cohort_member", "max(weight_pct)"),
    ],
)
@pytest.mark.parametrize(
    ("ts", "word"), [("2026-01-08 22:30", 1), ("2026-01-09 22:29:59", 1), ("2026-01-09 22:30", 2)]
)
def test_a_restatement_is_known_from_its_moment(
    restated: duckdb.DuckDBPyConnection, macro: str, column: str, ts: str, word: float
) -> None:
    assert ask(restated, column, macro, ts) == [(word,)]


def test_returns_are_those_of_then(restated: duckdb.DuckDBPyConnection) -> None:
    then = ask(restated, "session, return_pct", "quote", "2026-01-08 22:30")
    assert dict(then)[date(2026, 1, 6)] == pytest.approx(10)
    now = ask(restated, "session, return_pct", "quote", "2026-01-09 22:30")
    assert dict(now)[date(2026, 1, 6)] == pytest.approx(20)


@pytest.mark.parametrize("macro", MACROS)
def test_before_everything_nothing_is_known(
    restated: duckdb.DuckDBPyConnection, macro: str
) -> None:
    known = ask(restated, "known_at, *", macro, "2026-01-05 12:00")
    # MAG7 is a definition, and known from the calendar's beginning on
    assert {row[0] for row in known} <= {datetime(1990, 1, 2)}
    assert (len(known) > 0) == (macro == "cohort_member")


@pytest.mark.parametrize("macro", MACROS)
def test_now_it_equals_the_table(restated: duckdb.DuckDBPyConnection, macro: str) -> None:
    table = restated.execute(f"from core.{macro} order by all").df()
    as_of = restated.execute(f"from core.{macro}_as_of('2100-01-01') order by all").df()
    pd.testing.assert_frame_equal(table, as_of)
    assert len(table)


def test_a_day_and_a_text_are_moments(restated: duckdb.DuckDBPyConnection) -> None:
    for moment in ("date '2026-01-09'", "'2026-01-09'", "'2026-01-09 00:00:00'"):
        rows = restated.execute(f"select max(close) from core.quote_as_of({moment})").fetchall()
        assert rows == [(11.0,)]


def test_a_corrected_file_keeps_its_first_day(restated: duckdb.DuckDBPyConnection) -> None:
    # the file of Monday the 5th was known at 13:00 UTC on Tuesday
    days = restated.execute("select valid_from from core.cohort_member where cohort = 'SMALL'")
    assert days.fetchall() == [(date(2026, 1, 6),)]


class TestPublished:
    @pytest.fixture(scope="class")
    @classmethod
    def reader(
        cls, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """A second publication, compacted, after a restatement of the first one's last bar."""
        home = tmp_path_factory.mktemp("home")
        quotes = bars(["IWM", "SPY"], SECOND, 5)
        tables = ["core.session", "core.quote"]
        run_night(home, SECOND, {"quote": quotes}, tables)
        waste(Place(home).build)
        last = quotes["session"] == SECOND
        quotes.loc[last, "close"] *= 2
        run_night(home, THIRD, {"quote": quotes}, tables)
        assert Place(home).build.stat().st_size < 12_000_000
        with open_published(Place(home)) as connection:
            yield connection

    def test_macros_answer_read_only(self, reader: duckdb.DuckDBPyConnection) -> None:
        old, new = (
            dict(ask(reader, "symbol || session, close", "quote", f"{day} 22:30"))
            for day in (SECOND, THIRD)
        )
        assert new[f"IWM{SECOND}"] == 2 * old[f"IWM{SECOND}"]
        assert ask(reader, "*", "quote", "2020-01-01") == []

    def test_macros_name_no_database(
        self, tmp_path: Path, reader: duckdb.DuckDBPyConnection
    ) -> None:
        definitions = reader.execute(
            "select macro_definition from duckdb_functions() where function_name like '%_as_of'"
        ).fetchall()
        assert definitions
        for (text,) in definitions:
            assert "build." not in text
            assert "warehouse." not in text


def waste(build_file: Path) -> None:
    """Leave most of a build file's blocks free."""
    with duckdb.connect(build_file) as con:
        con.execute("create table core.waste as select random() as x from range(2_000_000)")
        con.execute("checkpoint")
        con.execute("drop table core.waste")
        con.execute("checkpoint")
