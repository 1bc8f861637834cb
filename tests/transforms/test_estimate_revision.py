import pandas as pd
import pytest
from consensus import Row, build, estimate, fundamental, members
from market import Market


def this_year(
    market: Market,
    symbols: str,
    estimates: list[Row],
    fundamentals: list[Row] | None = None,
) -> "pd.Series[object]":
    listed = members("SMALL", symbols)
    return build(market, "rotation.estimate_revision", listed, estimates, fundamentals).squeeze()


def test_breadth_of_revisions(market: Market) -> None:
    # given 3 up and 1 down of one, 0 up and 4 down of another, a third without counts
    row = this_year(
        market,
        "ABC",
        [
            estimate("A", "0y", 1.0, up_30d=3, down_30d=1),
            estimate("B", "0y", 1.0, up_30d=0, down_30d=4),
            estimate("C", "0y", 1.0),
        ],
    )

    # then
    assert (row["covered_count"], row["counted_count"]) == (3, 2)
    assert (row["up_30d"], row["down_30d"]) == (3, 5)
    assert row["revision_breadth_pct"] == pytest.approx(-25)


def test_no_breadth_where_nothing_was_revised(market: Market) -> None:
    # given
    row = this_year(market, "A", [estimate("A", "0y", 1.0, up_30d=0, down_30d=0)])

    # then
    assert (row["up_30d"], row["down_30d"]) == (0, 0)
    assert row["revision_breadth_pct"] is None


def test_unknown_counts_are_not_zero(market: Market) -> None:
    # given
    row = this_year(market, "A", [estimate("A", "0y", 1.0)])

    # then
    assert (row["up_30d"], row["down_30d"], row["revision_breadth_pct"]) == (None, None, None)


def test_drift_is_of_members_known_at_both_ends(market: Market) -> None:
    # given B known now alone, C then alone
    row = this_year(
        market,
        "ABC",
        [
            estimate("A", "0y", 1.2, eps_90d_ago=1.0),
            estimate("B", "0y", 50.0),
            estimate("C", "0y", None, eps_90d_ago=50.0),
        ],
    )

    # then
    assert row["drift_90d_count"] == 1
    assert row["earnings_drift_90d_pct"] == pytest.approx(20)
    assert row["earnings_drift_30d_pct"] is None


def test_loss_that_grows_is_a_drift_down(market: Market) -> None:
    # given
    row = this_year(market, "A", [estimate("A", "0y", -3.0, eps_30d_ago=-2.0)])

    # then
    assert row["earnings_drift_30d_pct"] == pytest.approx(-50)


def test_drift_weighs_by_shares(market: Market) -> None:
    # given 1 -> 2 on 10 shares, 1 -> 1 on 30; C without shares
    row = this_year(
        market,
        "ABC",
        [
            estimate("A", "0y", 2.0, eps_90d_ago=1.0),
            estimate("B", "0y", 1.0, eps_90d_ago=1.0),
            estimate("C", "0y", 9.0, eps_90d_ago=1.0),
        ],
        [fundamental("A", 10), fundamental("B", 30)],
    )

    # then 40 became 50
    assert row["earnings_drift_90d_pct"] == pytest.approx(25)
    assert row["covered_count"] == 3
