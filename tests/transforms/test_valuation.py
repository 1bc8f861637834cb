from datetime import date

import pandas as pd
import pytest
from consensus import SNAPSHOT, Row, build, estimate, fundamental, members, quote, two_years
from market import Market

AFTER = date(2027, 12, 31)  # 0y ends in more than a year, so the next twelve months are 0y's


def value(
    market: Market, listed: list[Row], estimates: list[Row], facts: list[Row], quotes: list[Row]
) -> pd.DataFrame:
    table = build(market, "rotation.valuation", listed, estimates, facts, quotes)
    return table.set_index("cohort")


def test_multiple_is_market_value_over_earnings_of_the_same_issuers(market: Market) -> None:
    # given A at 100 earning 5 and 10, B at 300 earning 15 and 20; C not quoted, D not estimated
    row = value(
        market,
        members("SMALL", "ABCD"),
        [
            *two_years("A", 5.0, 10.0, fiscal_period_end=AFTER),
            *two_years("B", 15.0, 20.0, fiscal_period_end=AFTER),
            *two_years("C", 99.0, 99.0, fiscal_period_end=AFTER),
        ],
        [fundamental(symbol, 1) for symbol in "ABCD"],
        [quote("A", 100), quote("B", 300), quote("D", 900)],
    ).loc["SMALL"]

    # then
    assert (row["member_count"], row["covered_count"]) == (4, 2)
    assert row["is_low_coverage"] is True
    assert row["market_cap_usd"] == 400
    assert row["ntm_pe"] == pytest.approx(20)
    assert row["current_year_pe"] == pytest.approx(20)
    assert row["next_year_pe"] == pytest.approx(400 / 30)


def test_multiple_without_loss_makers(market: Market) -> None:
    # given B loses half of what A earns
    row = value(
        market,
        members("SMALL", "AB"),
        [
            *two_years("A", 10.0, 10.0, fiscal_period_end=AFTER),
            *two_years("B", -5.0, 2.0, fiscal_period_end=AFTER),
        ],
        [fundamental("A", 1), fundamental("B", 1)],
        [quote("A", 100), quote("B", 50)],
    ).loc["SMALL"]

    # then
    assert row["ntm_pe"] == pytest.approx(30)
    assert row["ntm_pe_ex_losses"] == pytest.approx(10)
    assert row["next_year_pe"] == row["next_year_pe_ex_losses"] == pytest.approx(12.5)
    assert row["loss_maker_share_pct"] == pytest.approx(50)


def test_no_multiple_of_losses(market: Market) -> None:
    # given
    row = value(
        market,
        members("SMALL", "A"),
        two_years("A", -1.0, 2.0, fiscal_period_end=AFTER),
        [fundamental("A", 1, net_income_usd=-3.0, revenue_usd=10.0)],
        [quote("A", 100)],
    ).loc["SMALL"]

    # then
    losing = ["ntm_pe", "ntm_pe_ex_losses", "current_year_pe", "trailing_gaap_pe"]
    assert set(row[losing]) == {None}
    assert row["next_year_pe"] == pytest.approx(50)
    assert row["net_margin_pct"] == pytest.approx(-30)


def test_year_without_its_end_has_no_twelve_months(market: Market) -> None:
    # given
    row = value(
        market,
        members("SMALL", "A"),
        two_years("A", 5.0, 10.0, fiscal_period_end=None),
        [fundamental("A", 1)],
        [quote("A", 100)],
    ).loc["SMALL"]

    # then
    assert (row["covered_count"], row["ntm_pe"], row["market_cap_usd"]) == (0, None, None)
    assert (row["current_year_count"], row["current_year_pe"]) == (1, 20)


def test_past_year_by_reported_income(market: Market) -> None:
    # given B without income
    row = value(
        market,
        members("SMALL", "AB"),
        [*two_years("A", 5.0, 10.0), *two_years("B", 5.0, 10.0)],
        [
            fundamental("A", 1, net_income_usd=4.0, revenue_usd=40.0),
            fundamental("B", 1, revenue_usd=1000.0),
        ],
        [quote("A", 100), quote("B", 100)],
    ).loc["SMALL"]

    # then
    assert row["trailing_gaap_pe"] == pytest.approx(25)
    assert row["net_margin_pct"] == pytest.approx(10)
    assert row["gaap_count"] == 1


def test_discount_to_the_seven(market: Market) -> None:
    # given 20 times earnings against 25
    table = value(
        market,
        [*members("SMALL", "A"), *members("MAG7", "M")],
        [*two_years("A", 5.0, 5.0), *two_years("M", 4.0, 4.0)],
        [fundamental("A", 1), fundamental("M", 1)],
        [quote("A", 100), quote("M", 100)],
    )

    # then
    assert table.loc["SMALL", "discount_to_mag7_pct"] == pytest.approx(-20)
    assert table.loc["SMALL", "discount_to_mag7_ex_losses_pct"] == pytest.approx(-20)
    assert table.loc["MAG7", "discount_to_mag7_pct"] == 0


def test_values_that_the_source_states_are_counted(market: Market) -> None:
    # given A quoted, B and C not, of which B's value is stated
    facts = [fundamental("A", 1, market_cap_usd=90.0), fundamental("C", 1)]
    facts.append(fundamental("B", 1, market_cap_usd=900.0, snapshot_date=SNAPSHOT))
    estimates = [row for symbol in "ABC" for row in two_years(symbol, 5.0, 10.0)]
    row = value(market, members("SMALL", "ABC"), estimates, facts, [quote("A", 100)]).loc["SMALL"]

    # then
    assert (row["valued_count"], row["stated_value_count"]) == (2, 1)


def test_no_row_for_a_day_with_quarters_alone(market: Market) -> None:
    # given a day on which only the next report was estimated
    table = value(
        market,
        members("SMALL", "A"),
        [estimate("A", "0q", 1.0, snapshot_date=date(2026, 6, 29)), *two_years("A", 5.0, 10.0)],
        [fundamental("A", 1)],
        [quote("A", 100)],
    )

    # then
    assert list(table["snapshot_date"]) == [SNAPSHOT]
