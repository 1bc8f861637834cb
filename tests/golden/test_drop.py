"""A night on the real input gives what a second computation from the contract gives."""

import shutil
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import recompute
from compare import differences

from flows.freshness import stopped_funds
from warehouse.connect import FOLDER, open_build
from warehouse.latest import create_latest_views, latest_view
from warehouse.outcome import note_suspects
from warehouse.place import Place
from warehouse.run import Run
from warehouse.transform import read_transforms

DROP = Path(__file__).parents[2].parent / "shared/data/drop"
REFERENCE = FOLDER / "reference"
NEWEST = date(2026, 7, 2)

pytestmark = pytest.mark.skipif(not DROP.exists(), reason=f"{DROP} is absent")


@pytest.fixture(scope="module")
def quotes() -> pd.DataFrame:
    members = recompute.read_reference(REFERENCE, "basket_member")
    return recompute.quote(recompute.read_quotes(DROP), members)


@pytest.fixture(scope="module")
def strength(quotes: pd.DataFrame) -> pd.DataFrame:
    return recompute.relative_strength(quotes, recompute.read_reference(REFERENCE, "pair"))


@pytest.fixture(scope="module")
def members() -> pd.DataFrame:
    return recompute.cohort_member(DROP, REFERENCE)


def test_every_quote_has_the_returns_of_the_contract(
    built: duckdb.DuckDBPyConnection, quotes: pd.DataFrame
) -> None:
    assert differences(built, "core.quote", ["symbol", "session"], quotes) == {}


def test_cohorts_have_the_members_of_their_files(
    built: duckdb.DuckDBPyConnection, members: pd.DataFrame
) -> None:
    key = ["cohort", "symbol", "valid_from"]
    assert differences(built, "core.cohort_member", key, members) == {}


def test_every_pair_has_the_relative_strength_of_the_contract(
    built: duckdb.DuckDBPyConnection, strength: pd.DataFrame
) -> None:
    key = ["session", "pair", "basis"]
    assert differences(built, "rotation.relative_strength", key, strength) == {}


def test_every_pair_has_the_streaks_of_the_contract(
    built: duckdb.DuckDBPyConnection, strength: pd.DataFrame
) -> None:
    key = ["session", "pair", "basis"]
    assert differences(built, "rotation.streak", key, recompute.streak(strength)) == {}


def test_every_cohort_has_the_breadth_of_the_contract(
    built: duckdb.DuckDBPyConnection, quotes: pd.DataFrame, members: pd.DataFrame
) -> None:
    cohorts = recompute.read_reference(REFERENCE, "cohort")
    benchmarks = dict(zip(cohorts["cohort"], cohorts["benchmark_symbol"], strict=True))
    expected = recompute.breadth(quotes, members, benchmarks)
    # What the contract does not name only served to get there.
    expected = expected.drop(columns=["covered_weight_pct", "weight_pct"])
    assert differences(built, "rotation.breadth", ["session", "cohort"], expected) == {}


def test_every_fund_has_the_quadrant_of_the_contract(
    built: duckdb.DuckDBPyConnection, quotes: pd.DataFrame
) -> None:
    placed = recompute.read_reference(REFERENCE, "quadrant_member")
    expected = recompute.quadrant(quotes, placed)
    key = ["session", "symbol", "benchmark"]
    assert differences(built, "rotation.quadrant", key, expected) == {}


def test_every_row_of_the_quote_files_lands(built: duckdb.DuckDBPyConnection) -> None:
    count = built.execute("select count(*) from raw.quote").fetchone()
    assert count == (266_874 + 1_349_421,)


@pytest.mark.parametrize(
    ("symbol", "return_pct"),
    [
        ("IWM", 7.54),
        ("SPY", 1.99),
        ("QQQ", 2.74),
        ("^RUT", 7.45),
        ("^GSPC", 1.94),
        ("RSP", 3.85),
    ],
)
def test_year_to_2026_01_27(
    built: duckdb.DuckDBPyConnection, symbol: str, return_pct: float
) -> None:
    rows = built.execute(
        """
        select distinct
            round(case $symbol when long_symbol then long_ytd_pct else short_ytd_pct end, 2)
        from rotation.relative_strength
        where
            session = date '2026-01-27'
            and basis = 'price'
            and $symbol in (long_symbol, short_symbol)
        """,
        {"symbol": symbol},
    ).fetchall()
    assert rows == [(return_pct,)]


@pytest.mark.parametrize(
    ("pair", "min_margin_bp"), [("small_vs_large", 8.80), ("russell_vs_sp500", 5.44)]
)
def test_small_companies_won_on_the_first_14_sessions_of_2026(
    built: duckdb.DuckDBPyConnection, pair: str, min_margin_bp: float
) -> None:
    rows = built.execute(
        """
        select session, streak_sessions, streak_start, round(min_margin_bp, 2)
        from rotation.streak
        where pair = $pair and basis = 'price' and session between '2026-01-22' and '2026-01-23'
        order by session
        """,
        {"pair": pair},
    ).fetchall()
    assert rows[0] == (date(2026, 1, 22), 14, date(2026, 1, 2), min_margin_bp)
    assert rows[1][:3] == (date(2026, 1, 23), -1, date(2026, 1, 23))


@pytest.mark.parametrize(
    ("session", "member_count", "covered_count", "coverage_pct", "is_low"),
    [
        # of the file of 2025-11-11, then of the one of 2026-05-05, of which more have quotes
        (date(2026, 5, 5), 1955, 1526, 78.1, False),
        (date(2026, 5, 6), 1918, 1563, 81.5, False),
        (date(2026, 6, 22), 1918, 1561, 81.4, False),
        (date(2026, 6, 23), 1918, 851, 44.4, True),
        (date(2026, 7, 2), 1918, 704, 36.7, True),
    ],
)
def test_coverage_of_small_companies_falls_in_late_june(
    built: duckdb.DuckDBPyConnection,
    session: date,
    member_count: int,
    covered_count: int,
    coverage_pct: float,
    *,
    is_low: bool,
) -> None:
    row = built.execute(
        """
        select member_count, covered_count, round(coverage_pct, 1), is_low_coverage
        from rotation.breadth
        where cohort = 'SMALL' and session = $session
        """,
        {"session": session},
    ).fetchone()
    assert row == (member_count, covered_count, coverage_pct, is_low)


def test_stocks_whose_quotes_stop_are_named_and_carried_nowhere(
    built: duckdb.DuckDBPyConnection,
) -> None:
    # 919 stocks in June and July, most of them on the 22nd and 23rd, and 30 funds in May
    stopped = built.execute(
        """
        select kind, count(*), min(newest_session), max(newest_session)
        from core.instrument
        where is_stopped
        group by kind
        order by kind
        """
    ).fetchall()
    assert stopped == [
        ("etf", 30, date(2026, 5, 1), date(2026, 5, 1)),
        ("stock", 919, date(2026, 6, 12), date(2026, 7, 1)),
    ]
    words = stopped_funds(built)
    assert words.startswith("No quotes of AGG, HYG, IBB, ")
    assert words.endswith(" since 2026-05-01.")
    carried = built.execute(
        """
        select count(*)
        from core.quote as t
        inner join core.instrument as i on t.symbol = i.symbol and t.session > i.newest_session
        """
    ).fetchone()
    assert carried == (0,)


def test_no_claim_is_judged_on_low_coverage(built: duckdb.DuckDBPyConnection) -> None:
    latest = built.execute(
        """
        select symbol_or_pair, max(latest_session)
        from rotation.claim_check
        where metric like 'breadth.%'
        group by all
        """
    ).fetchall()
    assert latest == [("SMALL", date(2026, 6, 22))]


@pytest.fixture(scope="module")
def copy(
    build_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the build file, to write to."""
    place = Place(tmp_path_factory.mktemp("copy"))
    shutil.copyfile(build_file, place.build)
    with open_build(place) as con:
        yield con


def test_every_table_by_session_has_a_view_of_the_newest(copy: duckdb.DuckDBPyConnection) -> None:
    # when
    create_latest_views(copy, read_transforms())

    # then each gives the rows of its table's newest session
    tables = [t.declaration for t in read_transforms() if latest_view(t.declaration)]
    assert "streak" in {table.table for table in tables}
    for table in tables:
        rows = f"from rotation.latest_{table.table}"
        sessions = copy.execute(f"select distinct session {rows}").fetchall()
        newest = copy.execute(f"select max(session) from {table.name}").fetchall()
        assert sessions == newest, table.name
        assert copy.execute(rows).description == copy.execute(f"from {table.name}").description


def test_suspect_estimates_are_set_aside_once(copy: duckdb.DuckDBPyConnection) -> None:
    # when two nights see them
    for name in ("one", "two"):
        note_suspects(copy, Run(name, "files", NEWEST, datetime(2026, 7, 31)))

    # then
    noted = copy.execute(
        "select count(*), count(distinct run_id), min(row->>'symbol') from ops.quarantine"
        " where reason like 'earnings above half%'"
    ).fetchone()
    suspects = copy.execute(
        "select count(*), 1, min(symbol) from rotation.member_estimate where is_suspect"
    ).fetchone()
    assert noted == suspects
    assert noted[0] > 0
