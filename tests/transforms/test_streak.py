from collections.abc import Sequence

import pandas as pd
import pytest
from market import Market, core_quotes, sessions


def build(market: Market, long: Sequence[float], short: Sequence[float]) -> pd.DataFrame:
    """The streaks of LONG against SHORT by price."""
    market.give("reference.pair", [{"pair": "one", "long_symbol": "LONG", "short_symbol": "SHORT"}])
    market.give("core.quote", core_quotes({"LONG": long, "SHORT": short}))
    return market.build("rotation.streak")


def of_signs(market: Market, signs: str) -> pd.DataFrame:
    """A long side that wins (+), loses (-) or ties (0) against one that stands still."""
    closes = [100.0]
    for sign in signs:
        closes.append(closes[-1] * {"+": 1.01, "-": 0.99, "0": 1.0}[sign])
    return build(market, closes, [50] * len(closes))


def test_streak_counts_sessions_with_the_sign_of_the_winner(market: Market) -> None:
    # given
    streak = of_signs(market, "++-+--")

    # then the first session has no return and no row
    days = sessions(7)
    assert list(streak["session"]) == days[1:]
    assert list(streak["streak_sessions"]) == [1, 2, -1, 1, -1, -2]
    assert list(streak["streak_start"]) == [days[n] for n in (1, 1, 3, 4, 5, 5)]
    assert set(streak["history_start"]) == {days[0]}


def test_streak_excess_is_compounded_and_its_margin_the_smallest(market: Market) -> None:
    # given +10 % and +10 % against +5 % and +8 %
    streak = build(market, [100, 110, 121], [100, 105, 113.4])

    # then
    assert list(streak["excess_1d_pct"]) == pytest.approx([5, 2])
    assert list(streak["streak_excess_pct"]) == pytest.approx([5, 21 - 13.4])
    assert list(streak["min_margin_bp"]) == pytest.approx([500, 200])


def test_tie_ends_a_streak_and_is_none(market: Market) -> None:
    # given
    streak = of_signs(market, "++0+")

    # then
    assert list(streak["streak_sessions"]) == [1, 2, 0, 1]
    tie = streak.iloc[2]
    nothing = ["streak_start", "streak_excess_pct", "min_margin_bp", "longest_since"]
    assert set(tie[nothing]) == {None}
    assert tie["record_sessions"] is None
    assert tie["is_record"] is False


def test_equal_returns_at_different_prices_tie(market: Market) -> None:
    # given +10 % on both sides, which floating point does not see as equal
    streak = build(market, [33, 36.3], [16, 17.6])

    # then
    assert list(streak["streak_sessions"]) == [0]


def test_longest_since_is_the_newest_earlier_streak_at_least_as_long(market: Market) -> None:
    # given winning streaks of 3, 1 and 4 sessions
    streak = of_signs(market, "+++-+-++++")

    # then
    days = sessions(11)
    newest = streak.tail(4)
    assert list(newest["streak_sessions"]) == [1, 2, 3, 4]
    assert list(newest["longest_since"]) == [days[5], days[3], days[3], None]


def test_longest_since_looks_at_the_same_sign(market: Market) -> None:
    # given
    streak = of_signs(market, "---++")

    # then
    assert set(streak["longest_since"]) == {None}


def test_record_is_the_longest_streak_of_its_sign_so_far(market: Market) -> None:
    # given
    streak = of_signs(market, "++-+++--")

    # then
    assert list(streak["record_sessions"]) == [1, 2, 1, 2, 2, 3, 1, 2]
    assert list(streak["is_record"]) == [True, True, True, False, True, True, True, True]


def test_streak_does_not_reach_over_a_gap_in_total_returns(market: Market) -> None:
    # given seven winning sessions, the fourth of unknown dividend
    market.give("reference.pair", [{"pair": "one", "long_symbol": "LONG", "short_symbol": "SHORT"}])
    returns = {"LONG": [None, 1, 1, 1, None, 1, 1, 1], "SHORT": [None, *[0] * 7]}
    closes = {"LONG": [100] * 8, "SHORT": [100] * 8}
    market.give("core.quote", core_quotes(closes, total_returns_pct=returns))

    # when
    streak = market.build("rotation.streak")
    total = streak[streak["basis"] == "total_return"]

    # then
    assert total["streak_sessions"].max() < 4
    assert set(total["longest_since"]) <= {None}
