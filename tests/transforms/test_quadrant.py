from collections.abc import Sequence
from datetime import date
from math import atan2, degrees, hypot, sqrt

import numpy as np
import pandas as pd
import pytest
from market import Market, Price, core_quotes, sessions


def build(
    market: Market, fund: Sequence[Price], benchmark: Sequence[Price] | None = None
) -> pd.DataFrame:
    """FUND against SPY, which stands at 100 unless given."""
    market.give("reference.quadrant_member", [{"symbol": "FUND", "benchmark": "SPY"}])
    closes = {"FUND": fund, "SPY": benchmark or [100] * len(fund)}
    quotes = core_quotes(closes)[["symbol", "session", "close"]]
    market.give("core.benchmark_quote", quotes)
    return market.build("rotation.quadrant")


def walk(count: int) -> list[float]:
    """A price that wanders."""
    return list(100 * np.exp(np.random.default_rng(7).normal(0, 0.01, count).cumsum()))


def first_filled(column: pd.Series) -> int:
    """How many sessions it takes to get a first value."""
    return int(column.notna().argmax()) + 1


def test_rows_stand_where_both_are_quoted(market: Market) -> None:
    # given
    quadrant = build(market, [10, None, 12], [None, 100, 100])

    # then, with nothing to say yet
    assert list(quadrant["session"]) == [sessions(3)[2]]
    told = ["relative_trend", "relative_momentum", "quadrant", "distance", "heading_deg"]
    assert set(quadrant[told].squeeze()) == {None}


def test_each_number_waits_for_its_window(market: Market) -> None:
    # given
    quadrant = build(market, walk(150))

    # then 63 ratios, 10 sessions of change over 63 values, 5 sessions of travel
    assert first_filled(quadrant["relative_trend"]) == 63
    assert first_filled(quadrant["relative_momentum"]) == 63 + 10 + 62
    assert first_filled(quadrant["quadrant"]) == 63 + 10 + 62
    assert first_filled(quadrant["distance"]) == 63 + 10 + 62
    assert first_filled(quadrant["heading_deg"]) == 63 + 10 + 62 + 5


def test_trend_is_the_distance_from_the_mean_in_deviations(market: Market) -> None:
    # given a ratio that rises by the same step 63 times
    quadrant = build(market, [float(n) for n in range(1, 64)])

    # then the last lies 31 steps above the mean of 1..63
    deviation = sqrt(63 * 64 / 12)
    assert quadrant["relative_trend"].iloc[-1] == pytest.approx(100 + 31 / deviation)


def test_ratio_that_stands_still_has_no_place(market: Market) -> None:
    # given prices whose ratio floating point does not hit
    quadrant = build(market, [10.1] * 150, [3.3] * 150)

    # then
    told = ["relative_trend", "relative_momentum", "quadrant", "distance", "heading_deg"]
    assert set(quadrant[told].to_numpy().ravel()) == {None}


def test_place_has_the_name_of_its_corner(market: Market) -> None:
    # given
    placed = build(market, walk(400)).dropna(subset="quadrant")

    # then
    names = {
        (True, True): "leading",
        (True, False): "weakening",
        (False, False): "lagging",
        (False, True): "improving",
    }
    corners = zip(placed["relative_trend"] >= 100, placed["relative_momentum"] >= 100, strict=True)
    assert list(placed["quadrant"]) == [names[corner] for corner in corners]
    assert set(placed["quadrant"]) == set(names.values())


def test_distance_and_heading_follow_from_the_places(market: Market) -> None:
    # given
    quadrant = build(market, walk(400))

    # when the last place is compared with the one five sessions before
    now, then = quadrant.iloc[-1], quadrant.iloc[-6]
    right = now["relative_trend"] - then["relative_trend"]
    up = now["relative_momentum"] - then["relative_momentum"]

    # then
    from_centre = hypot(now["relative_trend"] - 100, now["relative_momentum"] - 100)
    assert now["distance"] == pytest.approx(from_centre)
    assert now["heading_deg"] == pytest.approx(degrees(atan2(up, right)) % 360)


def test_heading_goes_all_the_way_round(market: Market) -> None:
    # given
    heading = build(market, walk(600))["heading_deg"].dropna()

    # then
    assert heading.between(0, 360, inclusive="left").all()
    assert set((heading // 90).astype(int)) == {0, 1, 2, 3}


def test_symbol_without_quotes_has_no_rows(market: Market) -> None:
    # given one symbol that is quoted and one that is not
    members = [{"symbol": symbol, "benchmark": "SPY"} for symbol in ("FUND", "GONE")]
    market.give("reference.quadrant_member", members)
    day = date(2024, 1, 2)
    rows = [{"symbol": symbol, "session": day, "close": 1.0} for symbol in ("FUND", "SPY")]
    market.give("core.benchmark_quote", rows)

    # then
    assert list(market.build("rotation.quadrant")["symbol"]) == ["FUND"]


def test_table_is_empty_where_nothing_that_is_placed_is_quoted(market: Market) -> None:
    # given a market without the benchmark
    market.give("reference.quadrant_member", [{"symbol": "FUND", "benchmark": "SPY"}])
    market.give(
        "core.benchmark_quote", [{"symbol": "FUND", "session": date(2024, 1, 2), "close": 1.0}]
    )

    # then
    assert market.build("rotation.quadrant").empty
