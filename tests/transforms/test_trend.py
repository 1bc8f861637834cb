from collections.abc import Sequence

import pandas as pd
import pytest
from market import Market, Price, core_quotes, sessions


def build(market: Market, closes: Sequence[Price]) -> pd.DataFrame:
    market.give("core.quote", core_quotes({"AAA": closes}))
    return market.build("rotation.trend")


def test_21_session_return_needs_22_quotes(market: Market) -> None:
    # given
    trend = build(market, [100] * 21 + [107, 110])

    # then
    assert list(trend["return_1m_pct"]) == pytest.approx([None] * 21 + [7, 10])


def test_window_counts_quotes_and_not_sessions(market: Market) -> None:
    # given a session without a quote
    trend = build(market, [100, None] + [100] * 20 + [107])

    # then
    assert list(trend["session"]) == [day for n, day in enumerate(sessions(23)) if n != 1]
    assert list(trend["return_1m_pct"]) == pytest.approx([None] * 21 + [7])


def test_close_is_above_its_mean_or_not_and_unknown_with_fewer_quotes(market: Market) -> None:
    # given 19 closes of 10, then one above, one below
    trend = build(market, [10] * 19 + [11, 9])

    # then
    assert list(trend["is_above_sma_20"]) == [None] * 19 + [True, False]
    assert set(trend["is_above_sma_50"]) == {None}


def test_price_that_stands_still_is_not_above_its_mean(market: Market) -> None:
    # given a price whose mean floating point does not hit
    trend = build(market, [10.1] * 210)

    # then
    assert list(trend["is_above_sma_20"]) == [None] * 19 + [False] * 191
    assert list(trend["is_above_sma_200"]) == [None] * 199 + [False] * 11


def test_close_that_equals_its_mean_is_not_above_it(market: Market) -> None:
    # given nine closes of 0.1, nine of 0.3 and two of 0.2
    trend = build(market, [0.1] * 9 + [0.3] * 9 + [0.2] * 2)

    # then
    assert trend["is_above_sma_20"].iloc[-1] is False


def test_extremes_need_252_closes_and_look_no_further_back(market: Market) -> None:
    # given the highest close first and the lowest second, each out of sight 252 quotes later
    trend = build(market, [30, 1, *[10] * 249, 20, 20, 2, 10])

    # then
    assert set(trend["is_high_252"][:251]) == set(trend["is_low_252"][:251]) == {None}
    assert list(trend["is_high_252"][251:]) == [False, True, False, False]
    assert list(trend["is_low_252"][251:]) == [False, False, True, False]


def test_close_that_equals_an_extreme_is_at_it(market: Market) -> None:
    # given
    trend = build(market, [20, *[10] * 250, 20, 10])

    # then
    assert list(trend["is_high_252"][251:]) == [True, False]
    assert list(trend["is_low_252"][251:]) == [False, True]
