from datetime import date

import pandas as pd
import pytest
from consensus import SNAPSHOT, Row, build, estimate, fundamental, members, quote, two_years
from market import Market


def next_year(
    market: Market, listed: list[Row], estimates: list[Row], **given_rows: list[Row]
) -> pd.DataFrame:
    """The rows of horizon +1y by cohort."""
    table = build(market, "rotation.earnings_growth", listed, estimates, **given_rows)
    return table[table["horizon"] == "+1y"].set_index("cohort")


def test_growth_is_of_the_sums(market: Market) -> None:
    # given 2 -> 3 on 10 shares and 1 -> 1 on 30
    row = next_year(
        market,
        members("SMALL", "AB"),
        [*two_years("A", 2.0, 3.0), *two_years("B", 1.0, 1.0)],
        fundamentals=[fundamental("A", 10), fundamental("B", 30)],
    ).loc["SMALL"]

    # then 50 grows to 60
    assert (row["base_earnings_usd"], row["earnings_usd"]) == (50, 60)
    assert row["earnings_growth_pct"] == pytest.approx(20)
    assert row["median_growth_pct"] == pytest.approx(25)
    assert row["top10_contribution_pct"] == pytest.approx(100)


def test_loss_makers_can_make_the_growth(market: Market) -> None:
    # given a profit that grows from 10 to 11, a loss of 5 that shrinks to 1
    row = next_year(
        market,
        members("SMALL", "AB"),
        [*two_years("A", 10.0, 11.0), *two_years("B", -5.0, -1.0)],
    ).loc["SMALL"]

    # then 5 grows to 10, but profits only by a tenth
    assert row["earnings_growth_pct"] == pytest.approx(100)
    assert row["earnings_growth_ex_losses_pct"] == pytest.approx(10)
    assert row["median_growth_pct"] == pytest.approx(10)
    assert row["loss_maker_share_pct"] == pytest.approx(50)
    assert row["positive_count"] == 1


def test_no_growth_from_a_base_that_is_not_positive(market: Market) -> None:
    # given
    row = next_year(market, members("SMALL", "A"), two_years("A", -1.0, 2.0)).loc["SMALL"]

    # then the sums stand
    assert (row["base_earnings_usd"], row["earnings_usd"]) == (-1, 2)
    assert row["earnings_growth_pct"] is None
    assert row["earnings_growth_ex_losses_pct"] is None


def test_ten_largest_increases(market: Market) -> None:
    # given eleven that gain 1 and one that loses 1
    symbols = "ABCDEFGHIJKL"
    estimates = [row for symbol in symbols[:11] for row in two_years(symbol, 1.0, 2.0)]
    row = next_year(market, members("SMALL", symbols), [*estimates, *two_years("L", 2.0, 1.0)]).loc[
        "SMALL"
    ]

    # then ten of them make the increase of 10
    assert row["top10_contribution_pct"] == pytest.approx(100)


def test_covered_is_who_has_earnings_base_and_shares(market: Market) -> None:
    # given B without a base, C without shares, D without estimates
    table = next_year(
        market,
        members("SMALL", "ABCD"),
        [*two_years("A", 1.0, 2.0), estimate("B", "+1y", 9.0), *two_years("C", 1.0, 9.0)],
        fundamentals=[fundamental("A", 1), fundamental("B", 1)],
    )
    row = table.loc["SMALL"]

    # then
    assert (row["member_count"], row["covered_count"]) == (4, 1)
    assert row["coverage_pct"] == pytest.approx(25)
    assert row["is_low_coverage"] is True
    assert row["earnings_growth_pct"] == pytest.approx(100)


def test_this_year_is_not_covered_without_a_year_ago(market: Market) -> None:
    # given no year-ago EPS
    table = build(
        market, "rotation.earnings_growth", members("SMALL", "A"), two_years("A", 1.0, 2.0)
    ).set_index("horizon")

    # then the row stands and says nothing
    row = table.loc["0y"]
    assert row["covered_count"] == 0
    said = ["earnings_usd", "base_earnings_usd", "earnings_growth_pct", "loss_maker_share_pct"]
    assert set(row[said]) == {None}
    assert table["covered_count"]["+1y"] == 1


def test_suspect_year_is_neither_earnings_nor_base(market: Market) -> None:
    # given earnings of 6 on a close of 10 in an unknown currency, in one year each
    table = next_year(
        market,
        members("SMALL", "ABC"),
        [
            *two_years("A", 1.0, 2.0, currency=None),
            *two_years("B", 6.0, 1.0, currency=None),
            *two_years("C", 1.0, 6.0, currency=None),
        ],
        quotes=[quote("A", 10), quote("B", 10), quote("C", 10)],
    )

    # then
    assert table.loc["SMALL", "covered_count"] == 1
    assert table.loc["SMALL", "earnings_usd"] == 2


def test_issuer_with_two_lines_counts_once(market: Market) -> None:
    # given
    market.give(
        "reference.share_class",
        [
            {"issuer": "Alphabet", "symbol": "GOOGL", "is_primary": True},
            {"issuer": "Alphabet", "symbol": "GOOG", "is_primary": False},
        ],
    )
    row = next_year(
        market,
        [*members("LARGE", ["GOOGL"], weight_pct=3.0), *members("LARGE", ["GOOG"], weight_pct=2.0)],
        [*two_years("GOOGL", 1.0, 2.0), *two_years("GOOG", 1.0, 2.0)],
    ).loc["LARGE"]

    # then
    assert (row["member_count"], row["covered_count"]) == (1, 1)
    assert row["earnings_usd"] == 2
    assert row["coverage_weight_pct"] == pytest.approx(100)


def test_first_file_serves_the_past_and_says_so(market: Market) -> None:
    # given a file known only after the snapshot
    table = next_year(
        market,
        [
            *members("LARGE", "A", valid_from=date(2026, 7, 6)),
            *members("SMALL", "B", valid_from=SNAPSHOT),
        ],
        [*two_years("A", 1.0, 2.0), *two_years("B", 1.0, 2.0)],
    )

    # then
    assert table.loc["LARGE", "is_membership_backfilled"] is True
    assert table.loc["SMALL", "is_membership_backfilled"] is False
