"""Earnings, valuation and concentration of the real input on its newest session."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from flows.sources import open_source
from warehouse.connect import open_build
from warehouse.land import land
from warehouse.materialize import Materializer
from warehouse.place import Place
from warehouse.reference import load_reference
from warehouse.run import Run
from warehouse.transform import Transform, read_transforms

DROP = Path(__file__).parents[2].parent / "shared/data/drop"
NEWEST = date(2026, 7, 2)
TABLES = (
    "rotation.earnings_growth",
    "rotation.earnings_handoff",
    "rotation.estimate_revision",
    "rotation.valuation",
    "rotation.concentration",
)

pytestmark = pytest.mark.skipif(not DROP.exists(), reason=f"{DROP} is absent")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables as of a night that knows every holdings file of the drop; quotes of June on."""
    place = Place.of(tmp_path_factory.mktemp("home"))
    place.make()
    source = open_source(str(DROP))
    run = Run("nightly", source.name, NEWEST, known_by=datetime(2026, 7, 31))
    with open_build(place) as con:
        load_reference(con)
        quotes = source.fetch("quote", None, NEWEST)
        land(con, "quote", quotes[quotes["session"].astype(str) >= "2026-06-01"], run)
        for dataset in ("holding", "estimate", "fundamental"):
            land(con, dataset, source.fetch(dataset, None, NEWEST), run)
        transforms = read_transforms()
        materializer = Materializer(con, transforms, set(), rebuild=True)
        for transform in needed(transforms):
            materializer.materialize(transform)
        yield con


def needed(transforms: list[Transform]) -> list[Transform]:
    """TABLES and what they are built from, in order."""
    wanted = set(TABLES)
    for transform in reversed(transforms):
        if transform.name in wanted:
            wanted.update(transform.inputs)
    return [transform for transform in transforms if transform.name in wanted]


@pytest.mark.parametrize(
    ("cohort", "growth_pct", "ex_losses_pct"), [("SMALL", 42.0, 16.6), ("MAG7", 17.9, 17.9)]
)
def test_growth_of_the_next_fiscal_year(
    built: duckdb.DuckDBPyConnection, cohort: str, growth_pct: float, ex_losses_pct: float
) -> None:
    row = built.execute(
        """
        select earnings_growth_pct, earnings_growth_ex_losses_pct
        from rotation.earnings_growth
        where snapshot_date = $day and cohort = $cohort and horizon = '+1y'
        """,
        {"day": NEWEST, "cohort": cohort},
    ).fetchone()
    assert row == pytest.approx((growth_pct, ex_losses_pct), abs=0.05)


def test_about_1450_small_companies_are_covered(built: duckdb.DuckDBPyConnection) -> None:
    row = built.execute(
        """
        select member_count, covered_count, is_low_coverage
        from rotation.earnings_growth
        where snapshot_date = $day and cohort = 'SMALL' and horizon = '+1y'
        """,
        {"day": NEWEST},
    ).fetchone()
    assert row == (1912, 1451, False)


def test_handoff_by_one_reading_and_none_by_the_other(built: duckdb.DuckDBPyConnection) -> None:
    rows = built.execute(
        """
        select is_handoff, is_handoff_ex_losses, handoff_since
        from rotation.earnings_handoff
        where snapshot_date = $day and horizon = '+1y'
        """,
        {"day": NEWEST},
    ).fetchall()
    assert rows == [(True, False, NEWEST)]


def test_nobody_derives_a_year_ago(built: duckdb.DuckDBPyConnection) -> None:
    rows = built.execute(
        """
        select count(*), sum(covered_count), count(earnings_growth_pct), count(base_earnings_usd)
        from rotation.earnings_growth
        where horizon in ('0y', 'CY2026')
        """
    ).fetchall()
    assert rows == [(40, 0, 0, 0)]


def test_shares_unknown_before_the_newest_snapshot(built: duckdb.DuckDBPyConnection) -> None:
    rows = built.execute(
        """
        select sum(covered_count), count(ntm_pe)
        from rotation.valuation
        where snapshot_date < $day
        """,
        {"day": NEWEST},
    ).fetchall()
    assert rows == [(0, 0)]


@pytest.mark.parametrize(
    ("cohort", "pe", "ex_losses"), [("SMALL", 23.4, 16.9), ("MAG7", 24.3, 24.3)]
)
def test_price_of_the_next_twelve_months(
    built: duckdb.DuckDBPyConnection, cohort: str, pe: float, ex_losses: float
) -> None:
    row = built.execute(
        """
        select ntm_pe, ntm_pe_ex_losses
        from rotation.valuation
        where snapshot_date = $day and cohort = $cohort
        """,
        {"day": NEWEST, "cohort": cohort},
    ).fetchone()
    assert row == pytest.approx((pe, ex_losses), rel=0.01)


def test_the_seven_are_a_third_of_large_companies(built: duckdb.DuckDBPyConnection) -> None:
    rows = built.execute(
        "select session, member_count, covered_count, round(mag7_share_pct, 1) "
        "from rotation.concentration"
    ).fetchall()
    assert rows == [(NEWEST, 500, 493, 33.0)]


def test_estimates_in_another_currency_are_suspect(built: duckdb.DuckDBPyConnection) -> None:
    rows = built.execute(
        """
        select distinct symbol
        from rotation.member_estimate
        where is_suspect
        order by symbol
        """
    ).fetchall()
    # PagSeguro and StoneCo report in reais.
    assert [symbol for (symbol,) in rows] == ["EMBC", "GTN", "PAGS", "SOC", "STNE"]


def test_next_reports_alone_are_covered_late_in_2025(built: duckdb.DuckDBPyConnection) -> None:
    rows = built.execute(
        """
        select count(distinct snapshot_date), max(covered_count), count(revision_breadth_pct)
        from rotation.estimate_revision
        where horizon = '0q' and cohort = 'SMALL'
        """
    ).fetchall()
    assert rows == [(38, 1429, 0)]
