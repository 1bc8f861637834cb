"""Earnings, valuation and concentration of the real input on its newest session."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

DROP = Path(__file__).parents[2].parent / "shared/data/drop"
NEWEST = date(2026, 7, 2)

pytestmark = pytest.mark.skipif(not DROP.exists(), reason=f"{DROP} is absent")


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
    assert rows == [(38, 1463, 0)]
