from collections.abc import Sequence
from datetime import date

import pandas as pd
import pytest
from market import Market, Price, core_quotes, on, sessions

LONG_AGO = date(1990, 1, 2)


def give_cohort(market: Market, members: Sequence[str], **columns: object) -> None:
    """Members of SMALL in one file, measured against FUND; valid at all times unless given."""
    span = {"valid_from": LONG_AGO, "valid_to": None} | columns
    market.give(
        "core.cohort_member",
        pd.DataFrame([{"cohort": "SMALL", "symbol": symbol} | span for symbol in members]),
    )
    if "reference.cohort" not in market.given:
        market.give("reference.cohort", [{"cohort": "SMALL", "benchmark_symbol": "FUND"}])


def build(
    market: Market, closes: dict[str, Sequence[Price]], days: Sequence[date] | None = None
) -> pd.DataFrame:
    market.give("core.quote", core_quotes(closes, days))
    return market.build("rotation.breadth")


def test_members_are_counted_by_the_way_they_went(market: Market) -> None:
    # given three that rise, one that falls, one that stands still
    give_cohort(market, "ABCDE")
    breadth = build(
        market, {"A": [10, 11], "B": [10, 12], "C": [10, 13], "D": [10, 9], "E": [10, 10]}
    )

    # when the second session is the first with returns
    row = breadth.squeeze()

    # then
    assert row["session"] == sessions(2)[1]
    assert (row["advancers"], row["decliners"], row["unchanged"]) == (3, 1, 1)
    assert row["advance_pct"] == pytest.approx(60)
    assert row["equal_weight_return_1d_pct"] == pytest.approx(10)
    assert row["ad_line"] == 2


def test_member_is_covered_where_it_is_quoted_now_and_before(market: Market) -> None:
    # given B without its second quote, C that begins on the second session, D never quoted
    give_cohort(market, "ABCD")
    breadth = build(market, {"A": [10, 11, 12], "B": [10, None, 12], "C": [None, 10, 11]})

    # then
    assert list(breadth["member_count"]) == [4, 4]
    assert list(breadth["covered_count"]) == [1, 3]
    assert list(breadth["coverage_pct"]) == pytest.approx([25, 75])
    assert list(breadth["is_low_coverage"]) == [True, False]
    assert list(breadth["advance_pct"]) == pytest.approx([100, 100])


def test_low_coverage_is_published_with_its_numbers(market: Market) -> None:
    # given two of three members quoted
    give_cohort(market, "ABC")
    row = build(market, {"A": [10, 11], "B": [10, 9]}).squeeze()

    # then
    assert row["is_low_coverage"] is True
    assert row["advance_pct"] == pytest.approx(50)


def test_coverage_by_weight_where_the_file_has_weights(market: Market) -> None:
    # given the member of three quarters of the weight is quoted
    give_cohort(market, "A", weight_pct=60.0)
    give_cohort(market, "B", weight_pct=20.0)
    row = build(market, {"A": [10, 11]}).squeeze()

    # then
    assert row["coverage_weight_pct"] == pytest.approx(75)


def test_no_coverage_by_weight_where_the_file_has_none(market: Market) -> None:
    # given
    give_cohort(market, "A")

    # then
    assert build(market, {"A": [10, 11]})["coverage_weight_pct"].squeeze() is None


def test_nothing_is_claimed_of_members_with_too_few_quotes(market: Market) -> None:
    # given 19 quotes
    give_cohort(market, "A")
    row = build(market, {"A": range(1, 20)}).iloc[-1]

    # then counts are 0 and what would be counted among none is empty
    eligible = ["eligible_20_count", "eligible_50_count", "eligible_200_count"]
    assert list(row[[*eligible, "eligible_252_count"]]) == [0, 0, 0, 0]
    shares = ["above_sma_20_pct", "above_sma_50_pct", "above_sma_200_pct", "net_new_high_pct"]
    assert set(row[[*shares, "new_high_252", "new_low_252"]]) == {None}


def test_share_above_a_mean_is_of_members_with_that_many_quotes(market: Market) -> None:
    # given A and B with 20 quotes, C with 19
    give_cohort(market, "ABC")
    rising = list(range(1, 21))
    closes = {"A": rising, "B": rising[::-1], "C": [None, *rising[1:]]}
    row = build(market, closes).iloc[-1]

    # then
    assert row["covered_count"] == 3
    assert row["eligible_20_count"] == 2
    assert row["above_sma_20_pct"] == pytest.approx(50)
    assert row["eligible_50_count"] == 0


def test_extremes_of_252_closes(market: Market) -> None:
    # given one that rises, one that stands still, and one that rose and fell
    give_cohort(market, "ABC")
    rising = list(range(1, 253))
    breadth = build(market, {"A": rising, "B": [5] * 252, "C": [*rising[:-1], 100]})

    # then what stands still is at both ends
    before, row = breadth.iloc[-2], breadth.iloc[-1]
    assert before["eligible_252_count"] == 0
    assert before["new_high_252"] is None
    assert row["eligible_252_count"] == 3
    assert (row["new_high_252"], row["new_low_252"]) == (2, 1)
    assert row["net_new_high_pct"] == pytest.approx(100 / 3)


def test_price_that_stands_still_is_above_no_mean(market: Market) -> None:
    # given a price whose mean floating point does not hit
    give_cohort(market, "A")
    breadth = build(market, {"A": [10.1] * 60})

    # then
    assert set(breadth["above_sma_20_pct"].dropna()) == {0}
    assert set(breadth["above_sma_50_pct"].dropna()) == {0}


def test_outperformers_beat_the_fund_over_21_sessions(market: Market) -> None:
    # given a fund that gains 1 %; A gains 2 %, B nothing, C is quoted for 21 sessions only
    give_cohort(market, "ABC")
    flat: list[Price] = [100] * 21
    breadth = build(
        market,
        {
            "A": [*flat, 102],
            "B": [*flat, 100],
            "C": [None, *flat],
            "FUND": [*flat, 101],
        },
    )

    # then
    assert breadth["outperforming_1m_pct"].iloc[-2] is None
    assert breadth["outperforming_1m_pct"].iloc[-1] == pytest.approx(50)
    assert breadth["median_return_1m_pct"].iloc[-1] == pytest.approx(1)


def test_nobody_is_compared_with_a_fund_that_is_not_quoted(market: Market) -> None:
    # given a fund that stops one session early
    give_cohort(market, "A")
    flat: list[Price] = [100] * 22
    row = build(market, {"A": [*flat, 102], "FUND": [*flat, None]}).iloc[-1]

    # then
    assert row["outperforming_1m_pct"] is None
    assert row["median_return_1m_pct"] == pytest.approx(2)


def test_advance_decline_line_runs_on(market: Market) -> None:
    # given two members: both up, one up, both down
    give_cohort(market, "AB")
    breadth = build(market, {"A": [10, 11, 12, 11], "B": [10, 11, 11, 10]})

    # then
    assert list(breadth["ad_line"]) == [2, 3, 1]
    assert set(breadth["history_start"]) == {sessions(2)[1]}


def test_mcclellan_is_the_difference_of_two_exponential_means(market: Market) -> None:
    # given a member that rises on 39 sessions and falls on two
    give_cohort(market, "A")
    breadth = build(market, {"A": [*range(10, 50), 48, 47]})

    # then both means start at 1000 and fall at their own pace
    assert set(breadth["mcclellan"][:38]) == {None}
    fast = [1000, 0.9 * 1000 - 0.1 * 1000, 0.9 * 800 - 0.1 * 1000]
    slow = [1000, 0.95 * 1000 - 0.05 * 1000, 0.95 * 900 - 0.05 * 1000]
    expected = [f - s for f, s in zip(fast, slow, strict=True)]
    assert list(breadth["mcclellan"][38:]) == pytest.approx(expected, abs=1e-9)
    summation = [expected[0], sum(expected[:2]), sum(expected)]
    assert list(breadth["mcclellan_summation"][38:]) == pytest.approx(summation, abs=1e-9)


def test_mcclellan_leaves_out_sessions_on_which_nothing_moved(market: Market) -> None:
    # given a member that rises on 39 sessions after one on which it stood still
    give_cohort(market, "A")
    breadth = build(market, {"A": [10, *range(10, 50)]})

    # then the 39th value is the 40th session's
    assert set(breadth["mcclellan"][:39]) == {None}
    assert breadth["mcclellan"].iloc[-1] == pytest.approx(0, abs=1e-9)


def test_first_file_serves_the_past_and_says_so(market: Market) -> None:
    # given a file known from the third session on
    days = sessions(4)
    give_cohort(market, "A", valid_from=days[2])
    breadth = build(market, {"A": [10, 11, 12, 13]})

    # then
    assert list(breadth["session"]) == days[1:]
    assert list(breadth["is_membership_backfilled"]) == [True, False, False]


def test_new_file_changes_the_members_from_its_first_session_on(market: Market) -> None:
    # given A leaves and C comes with a second file, which has three members
    days = on("2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05")
    give_cohort(market, "AB", valid_from=days[0], valid_to=days[2])
    give_cohort(market, "BCD", valid_from=days[3])
    up, down = [10, 11, 12, 13], [10, 9, 8, 7]
    breadth = build(market, {"A": up, "B": down, "C": down, "D": down})

    # then
    assert list(breadth["member_count"]) == [2, 2, 3]
    assert list(breadth["advancers"]) == [1, 1, 0]
    assert list(breadth["decliners"]) == [1, 1, 3]
    assert list(breadth["ad_line"]) == [0, 0, -3]
    assert set(breadth["is_membership_backfilled"]) == {False}
    assert len(set(breadth["history_start"])) == 1


@pytest.mark.parametrize(("covered", "is_low"), [(2, True), (3, False)])
def test_three_quarters_is_enough_coverage(market: Market, covered: int, is_low: bool) -> None:
    # given four members
    give_cohort(market, "ABCD")
    row = build(market, {symbol: [10, 11] for symbol in "ABCD"[:covered]}).squeeze()

    # then
    assert row["is_low_coverage"] is is_low
