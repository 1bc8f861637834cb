from datetime import date, datetime

import pandas as pd
import pytest
from market import Market

SNAPSHOT = date(2026, 7, 2)
FACTS = {
    "total_debt_usd": 1000.0,
    "cash_and_short_term_investments_usd": 100.0,
    "revenue_usd": 2000.0,
    "net_income_usd": 50.0,
}


def give_members(market: Market, sectors: dict[str, str | None]) -> None:
    market.give(
        "core.cohort_member",
        [
            {"cohort": "SMALL", "symbol": symbol, "weight_pct": 1.0, "valid_from": date(2026, 1, 2)}
            for symbol in sectors
        ],
    )
    market.give(
        "core.instrument",
        [{"symbol": symbol, "sector": sector} for symbol, sector in sectors.items()],
    )
    figures = [("other", 50.0, False), ("one", 30.0, True)]
    market.give(
        "reference.floating_rate_share",
        [
            {
                "cohort": "SMALL",
                "publisher": publisher,
                "floating_share_pct": share,
                "is_used": is_used,
                "source_url": publisher,
            }
            for publisher, share, is_used in figures
        ],
    )
    market.give(
        "reference.tax_rate",
        [
            {"jurisdiction": "US federal", "valid_from": date(1993, 1, 1), "rate_pct": 35.0},
            {"jurisdiction": "US federal", "valid_from": date(2018, 1, 1), "rate_pct": 21.0},
        ],
    )


def give_facts(
    market: Market, symbol: str, known_at: str = "2026-07-02 22:00", **facts: object
) -> None:
    row = {"symbol": symbol, "snapshot_date": SNAPSHOT, "run_id": known_at}
    row |= FACTS | facts | {"known_at": datetime.fromisoformat(known_at)}
    market.give("raw.fundamental", [row])


def build(market: Market, shock_bp: int = -25) -> pd.Series:
    rows = market.build("rotation.rate_sensitivity")
    assert list(rows["shock_bp"]) == [-100, -50, -25, 25]
    return rows.set_index("shock_bp").loc[shock_bp]


def test_cut_saves_interest_on_floating_debt_less_cash(market: Market) -> None:
    # given two like companies
    give_members(market, {"A": "Energy", "B": "Industrials"})
    give_facts(market, "A")
    give_facts(market, "B")

    # when 30 % of 2,000 floats, 200 of cash too
    row = build(market)

    # then
    assert row["floating_debt_usd"] == pytest.approx(600)
    assert row["floating_share_source_url"] == "one"
    assert row["gross_interest_change_usd"] == pytest.approx(-1.5)
    assert row["interest_change_usd"] == pytest.approx(-1)
    assert row["net_margin_change_bp"] == pytest.approx(10000 * 0.79 / 4000)
    assert row["net_income_change_pct"] == pytest.approx(100 * 0.79 / 100)
    assert row["coverage_pct"] == 100
    assert build(market, 25)["interest_change_usd"] == pytest.approx(1)


def test_financial_companies_are_left_out(market: Market) -> None:
    # given
    give_members(market, {"A": "Energy", "B": "Financials", "C": "Financial Services"})
    for symbol in "ABC":
        give_facts(market, symbol)

    # then
    assert build(market)["member_count"] == 1
    assert build(market)["total_debt_usd"] == 1000


@pytest.mark.parametrize("name", list(FACTS))
def test_member_with_a_fact_unknown_is_not_covered(market: Market, name: str) -> None:
    # given
    give_members(market, {"A": "Energy", "B": "Energy"})
    give_facts(market, "A")
    give_facts(market, "B", **{name: None})
    row = build(market)

    # then
    assert (row["member_count"], row["covered_count"]) == (2, 1)
    assert row["is_low_coverage"] is True
    assert (row["total_debt_usd"], row["revenue_usd"]) == (1000, 2000)


def test_nobody_covered_says_nothing(market: Market) -> None:
    # given no debt known
    give_members(market, {"A": "Energy"})
    give_facts(market, "A", total_debt_usd=None)
    row = build(market)

    # then
    counts = ["member_count", "covered_count", "coverage_pct", "coverage_weight_pct"]
    assert list(row[counts]) == [1, 0, 0, 0]
    labels = ["snapshot_date", "cohort", "is_low_coverage", "is_membership_backfilled"]
    assert set(row.drop(counts + labels)) == {None}


def test_loss_of_the_cohort_has_no_percent(market: Market) -> None:
    # given
    give_members(market, {"A": "Energy"})
    give_facts(market, "A", net_income_usd=-1.0)
    row = build(market)

    # then
    assert row["net_income_change_pct"] is None
    assert row["net_margin_change_bp"] == pytest.approx(10000 * 0.79 * 0.5 / 2000)


def test_correction_of_a_later_day_changes_nothing(market: Market) -> None:
    # given debt corrected the day after, and a snapshot to come
    give_members(market, {"A": "Energy"})
    give_facts(market, "A")
    give_facts(market, "A", "2026-07-03 12:00", total_debt_usd=9e9)

    # then
    assert build(market)["total_debt_usd"] == 1000
