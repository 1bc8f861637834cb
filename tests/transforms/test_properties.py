"""What must hold of returns and counts whatever the prices are, ties and gaps among them."""

from math import inf

import pandas as pd
import pytest
from cases import cases
from hypothesis import given
from hypothesis import strategies as st
from market import Market, Price, raw_quotes, sessions, transforms

SYMBOLS = ("AAA", "BBB", "CCC")
START = "2023-12-18"  # some sessions before the end of a year
TABLES = ("core.quote", "rotation.relative_strength", "rotation.streak", "rotation.breadth")

few = cases(15)


def series(price: st.SearchStrategy[float]) -> st.SearchStrategy[dict[str, list[Price]]]:
    """Closes of the three symbols on the same sessions, any of them missing but the first two."""
    start = st.lists(price, min_size=2, max_size=2)
    rest = st.integers(2, 28).flatmap(
        lambda count: st.lists(st.none() | price | price, min_size=count, max_size=count)
    )
    some = st.tuples(start, rest).map(lambda parts: [*parts[0], *parts[1]])
    return st.lists(some, min_size=3, max_size=3).map(
        lambda lists: dict(zip(SYMBOLS, lists, strict=True))
    )


prices = series(st.integers(1, 60).map(float))


def world(closes: dict[str, list[Price]], scale: dict[str, float] | None = None) -> Market:
    """Two baskets of AAA and BBB, pairs among all, a cohort measured against a basket.

    AAA has dividends, BBB adj_close, CCC neither.
    """
    market = Market()
    for symbol, values in closes.items():
        factor = (scale or {}).get(symbol, 1.0)
        scaled = [None if value is None else value * factor for value in values]
        market.give(
            "raw.quote",
            raw_quotes(
                symbol,
                scaled,
                sessions(len(scaled), START),
                dividends=[0.5 * factor] * len(scaled) if symbol == "AAA" else None,
                adj_closes=scaled if symbol == "BBB" else None,
            ),
        )
    for basket, rebalance in (("EVEN", "session"), ("HELD", "year")):
        market.give(
            "reference.basket_member",
            [
                {"basket": basket, "symbol": symbol, "rebalance": rebalance}
                for symbol in ("AAA", "BBB")
            ],
        )
    sides = [("AAA", "BBB"), ("CCC", "EVEN")]
    market.give(
        "reference.pair",
        [
            {"pair": f"{long}_{short}", "long_symbol": long, "short_symbol": short}
            for long, short in sides
        ],
    )
    market.give("reference.quadrant_member", [{"symbol": "AAA", "benchmark": "BBB"}])
    market.give("reference.cohort", [{"cohort": "SMALL", "benchmark_symbol": "EVEN"}])
    valid_from = sessions(3, START)[-1]
    market.give(
        "core.cohort_member",
        [{"cohort": "SMALL", "symbol": symbol, "valid_from": valid_from} for symbol in SYMBOLS],
    )
    return market


def assert_same(table: str, before: pd.DataFrame, after: pd.DataFrame) -> None:
    """The same keys, labels and NULLs; numbers within a billionth."""
    grain = list(transforms()[table].declaration.grain)
    before, after = (without_bases(frame).set_index(grain) for frame in (before, after))
    assert list(before.index) == list(after.index)
    for column in before.columns:
        pairs = zip(before[column], after[column], strict=True)
        for key, (old, new) in zip(before.index, pairs, strict=True):
            expected = pytest.approx(old, rel=1e-9, abs=1e-9) if isinstance(old, float) else old
            assert new == expected, f"{table} {key} {column}"


def without_bases(frame: pd.DataFrame) -> pd.DataFrame:
    """Without the 100 before a basket's first return: it comes to light with that return."""
    if "return_pct" not in frame:
        return frame
    return frame[(frame["source"] != "basket") | frame["return_pct"].notna()]


@few
@given(closes=prices, share=st.floats(0.2, 0.95))
def test_later_sessions_change_no_row(closes: dict[str, list[Price]], share: float) -> None:
    # given a history and its beginning
    longest = max(len(values) for values in closes.values())
    cut = sessions(max(2, int(share * longest)), START)
    beginning = world({symbol: values[: len(cut)] for symbol, values in closes.items()})
    whole = world(closes)

    # then each table begins as it did
    for table in TABLES:
        after = whole.build(table)
        assert_same(table, beginning.build(table), after[after["session"] <= cut[-1]])


@few
@given(closes=prices, factors=st.lists(st.sampled_from([0.01, 0.25, 3.0, 7.3]), min_size=3))
def test_scale_of_a_price_changes_no_return(
    closes: dict[str, list[Price]], factors: list[float]
) -> None:
    # given the same prices in other units
    given_prices = world(closes)
    scaled = world(closes, dict(zip(SYMBOLS, factors, strict=False)))

    # then only closes and dividends differ
    units = ["close", "dividend"]
    quotes = (market.build("core.quote").drop(columns=units) for market in (given_prices, scaled))
    assert_same("core.quote", *quotes)
    table = "rotation.relative_strength"
    assert_same(table, given_prices.build(table), scaled.build(table))


@few
@given(steps=series(st.floats(0.5, 5)))
def test_missing_quote_is_never_a_zero(steps: dict[str, list[Price]]) -> None:
    # given prices that rise with every quote, some sessions without
    closes: dict[str, list[Price]] = {}
    for symbol, values in steps.items():
        level = 20.0
        closes[symbol] = [None if step is None else (level := level + step) for step in values]
    market = world(closes)

    # when
    quote = market.build("core.quote")
    breadth = market.build("rotation.breadth")
    strength = market.build("rotation.relative_strength")

    # then a session without a quote has no row, and no return is zero
    for symbol, values in closes.items():
        days = sessions(len(values), START)
        quoted = [day for day, close in zip(days, values, strict=True) if close is not None]
        assert list(quote.loc[quote["symbol"] == symbol, "session"]) == quoted
    for column in ("close", "return_pct", "total_return_pct"):
        assert all(0 < value < inf for value in quote[column].dropna())
    assert list(breadth["advancers"]) == list(breadth["covered_count"])
    assert all(value > 99.999 for value in strength["long_index"])
