from collections.abc import Sequence
from datetime import date
from math import sqrt

import pandas as pd
import pytest
from market import Market, Price, core_quotes, on, sessions


def give_pair(
    market: Market,
    long: Sequence[Price],
    short: Sequence[Price],
    days: Sequence[date] | None = None,
    total_returns_pct: dict[str, Sequence[Price]] | None = None,
) -> None:
    """One pair, LONG against SHORT, with their closes."""
    market.give("reference.pair", [{"pair": "one", "long_symbol": "LONG", "short_symbol": "SHORT"}])
    market.give("core.quote", core_quotes({"LONG": long, "SHORT": short}, days, total_returns_pct))


def build(market: Market, basis: str = "price") -> pd.DataFrame:
    table = market.build("rotation.relative_strength")
    return table[table["basis"] == basis].reset_index(drop=True)


def test_indices_are_100_at_the_first_common_session(market: Market) -> None:
    # given a short side that begins a session later
    give_pair(market, [9, 10, 12], [None, 50, 55])

    # when
    strength = build(market)

    # then
    _, second, third = sessions(3)
    assert list(strength["session"]) == [second, third]
    assert list(strength["long_index"]) == pytest.approx([100, 120])
    assert list(strength["short_index"]) == pytest.approx([100, 110])
    assert list(strength["ratio"]) == pytest.approx([1, 12 / 11])
    assert list(strength["excess_1d_pct"]) == pytest.approx([None, 10])
    assert set(strength["history_start"]) == {second}


def test_returns_run_over_common_sessions(market: Market) -> None:
    # given a session on which only the long side is quoted
    give_pair(market, [100, 150, 120], [100, None, 110])

    # when
    strength = build(market)

    # then
    first, _, third = sessions(3)
    assert list(strength["session"]) == [first, third]
    assert list(strength["excess_1d_pct"]) == pytest.approx([None, 10])


def test_window_that_is_too_short_is_empty(market: Market) -> None:
    # given six sessions; the short side stands still
    give_pair(market, [100, 101, 102, 103, 104, 110], [7] * 6)

    # when
    strength = build(market)

    # then five sessions need six quotes
    assert list(strength["excess_5d_pct"]) == pytest.approx([None] * 5 + [10])
    assert set(strength["excess_1m_pct"]) == {None}
    assert set(strength["ratio_sma_50"]) == {None}


@pytest.mark.parametrize(
    ("column", "count"),
    [
        ("excess_1d_pct", 1),
        ("excess_5d_pct", 5),
        ("excess_1m_pct", 21),
        ("excess_3m_pct", 63),
        ("excess_6m_pct", 126),
        ("excess_12m_pct", 252),
    ],
)
def test_window_has_its_number_of_sessions(market: Market, column: str, count: int) -> None:
    # given a long side that gains 1 % a session against one that gains 0.5 %
    long, short = ([100 * growth**n for n in range(254)] for growth in (1.01, 1.005))
    give_pair(market, long, short)

    # when
    excess = build(market)[column]

    # then
    assert excess.notna().idxmax() == count
    expected = 100 * (1.01**count - 1.005**count)
    assert list(excess[count:]) == pytest.approx([expected] * (254 - count))


def test_year_to_date_starts_from_the_last_session_of_the_year_before(market: Market) -> None:
    # given
    days = on("2023-12-28", "2023-12-29", "2024-01-02", "2024-01-03")
    give_pair(market, [90, 100, 105, 110], [10, 10, 10, 9], days)

    # when
    strength = build(market)

    # then the first year has no base
    assert list(strength["long_ytd_pct"]) == pytest.approx([None, None, 5, 10])
    assert list(strength["short_ytd_pct"]) == pytest.approx([None, None, 0, -10])
    assert list(strength["excess_ytd_pct"]) == pytest.approx([None, None, 5, 20])


@pytest.mark.parametrize("last", ["2022-12-30", "2023-06-30", "2023-12-28"])
def test_year_to_date_is_empty_without_the_last_session_of_the_year_before(
    market: Market, last: str
) -> None:
    # given no quote on 2023-12-29
    give_pair(market, [100, 110], [100, 100], on(last, "2024-01-02"))

    # then
    assert list(build(market)["long_ytd_pct"]) == [None, None]


def test_means_and_score_of_the_ratio(market: Market) -> None:
    # given a ratio of 1, 2, 3, ...
    give_pair(market, list(range(1, 254)), [1] * 253)

    # when
    strength = build(market)

    # then by the sums of whole numbers and of their squares
    assert strength["ratio_sma_50"].notna().idxmax() == 49
    assert strength.loc[49, "ratio_sma_50"] == pytest.approx(25.5)
    assert strength.loc[50, "ratio_sma_50"] == pytest.approx(26.5)
    assert strength["ratio_sma_200"].notna().idxmax() == 199
    assert strength.loc[199, "ratio_sma_200"] == pytest.approx(100.5)
    assert strength.loc[200, "ratio_sma_200"] == pytest.approx(101.5)
    assert strength["ratio_zscore_252"].notna().idxmax() == 251
    assert strength.loc[251, "ratio_zscore_252"] == pytest.approx(125.5 / sqrt(252 * 253 / 12))
    assert strength.loc[252, "ratio_zscore_252"] == pytest.approx(125.5 / sqrt(252 * 253 / 12))


def test_ratio_that_stands_still_has_no_score(market: Market) -> None:
    # given
    give_pair(market, [10.1] * 260, [3.3] * 260)

    # when
    strength = build(market)

    # then
    assert set(strength["ratio_zscore_252"]) == {None}
    assert strength["ratio_sma_200"].iloc[-1] == pytest.approx(1)


def test_percentile_needs_252_values(market: Market) -> None:
    # given a long side that falls for ever faster, the last session aside
    falling = [1e6 - n * n for n in range(315)]
    give_pair(market, [*falling, 2e6], [1] * 316)

    # when
    percentile = build(market)["excess_3m_percentile"]

    # then the 252nd 63-session excess comes on the 315th session and is the lowest of all
    assert set(percentile[:314]) == {None}
    assert percentile[314] == pytest.approx(100 / 252)
    assert percentile[315] == pytest.approx(100)


def test_percentile_counts_equal_values(market: Market) -> None:
    # given two sides that stand still
    give_pair(market, [10] * 315, [20] * 315)

    # then each excess is 0, and all of them are at most that
    assert build(market)["excess_3m_percentile"].iloc[-1] == 100


def test_total_return_rows_stand_where_both_sides_have_one(market: Market) -> None:
    # given a short side whose dividends are unknown on the last session
    give_pair(
        market,
        [100, 100, 100, 100],
        [100, 100, 100, 100],
        total_returns_pct={"LONG": [None, 2, 3, 1], "SHORT": [None, 0, 1, None]},
    )

    # when
    total = build(market, "total_return")

    # then
    _, second, third, _ = sessions(4)
    assert list(total["session"]) == [second, third]
    assert total["excess_1d_pct"].iloc[-1] == pytest.approx(2)
    assert list(build(market)["excess_1d_pct"]) == pytest.approx([None, 0, 0, 0])


def test_price_index_has_no_total_return(market: Market) -> None:
    # given
    give_pair(market, [100, 101], [100, 100], total_returns_pct={"LONG": [None, 1]})

    # then
    assert build(market, "total_return").empty


def test_no_window_reaches_over_a_gap_in_total_returns(market: Market) -> None:
    # given twelve sessions, the dividend of one of them unknown
    returns: list[Price] = [None, 1, 1, 1, 1, 1, None, 1, 1, 1, 1, 1]
    give_pair(
        market,
        [100] * 12,
        [100] * 12,
        total_returns_pct={"LONG": returns, "SHORT": [None, *[0] * 11]},
    )

    # when
    total = build(market, "total_return")

    # then a new history begins behind the gap
    days = sessions(12)
    assert list(total["session"]) == [*days[1:6], *days[7:]]
    assert list(total["history_start"]) == [days[1]] * 5 + [days[7]] * 5
    assert total.loc[5, "long_index"] == pytest.approx(100)
    assert set(total["excess_5d_pct"]) == {None}
    assert total["long_index"].iloc[-1] == pytest.approx(100 * 1.01**4)


def test_pair_without_quotes_of_a_side_has_no_rows(market: Market) -> None:
    # given
    give_pair(market, [100, 101], [None, None])

    # then
    assert market.build("rotation.relative_strength").empty
