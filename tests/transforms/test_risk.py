from collections.abc import Sequence
from datetime import date
from math import sqrt

import pandas as pd
import pytest
from market import Market, Price, core_quotes, sessions


def build(market: Market, closes: dict[str, Sequence[Price]]) -> pd.DataFrame:
    """The risk of every symbol given, all of them funds."""
    market.give("core.benchmark_quote", core_quotes(closes).drop(columns="total_return_pct"))
    market.give("reference.instrument", [{"symbol": symbol, "kind": "etf"} for symbol in closes])
    return market.build("rotation.risk")


def of(risk: pd.DataFrame, symbol: str) -> pd.DataFrame:
    return risk[risk["symbol"] == symbol].reset_index(drop=True)


def compound(returns_pct: Sequence[float]) -> list[float]:
    """Closes from 100 on with these returns."""
    closes = [100.0]
    for return_pct in returns_pct:
        closes.append(closes[-1] * (1 + return_pct / 100))
    return closes


def first_filled(column: pd.Series) -> int:
    """How many sessions it takes to get a first value."""
    return int(column.notna().argmax()) + 1


def test_each_number_waits_for_its_window(market: Market) -> None:
    # given
    closes = compound([1, -1] * 150)
    risk = of(build(market, {"FUND": closes, "SPY": closes}), "FUND")

    # then a window of returns needs one close more than a window of closes
    waits = {
        "vol_21d_pct": 22,
        "vol_63d_pct": 64,
        "vol_252d_pct": 253,
        "beta_252d": 253,
        "corr_63d": 64,
        "drawdown_pct": 1,
        "max_drawdown_252d_pct": 252,
    }
    assert {name: first_filled(risk[name]) for name in waits} == waits


def test_volatility_is_the_sample_deviation_of_a_year(market: Market) -> None:
    # given 11 returns of 1 % and 10 of -1 %: their squares sum to 21 - 21 * (1/21)**2
    risk = build(market, {"SPY": compound([1, -1] * 10 + [1])})

    # then
    deviation = sqrt((21 - 1 / 21) / 20)
    assert risk["vol_21d_pct"].iloc[-1] == pytest.approx(deviation * sqrt(252))


def test_beta_is_the_slope_and_correlation_one_where_returns_are_a_multiple(
    market: Market,
) -> None:
    # given a fund that moves twice as far, the other way
    returns = [1.0, -1, 2, -3, 0.5, 0] * 42
    against = [-2 * value for value in returns]
    risk = of(build(market, {"FUND": compound(against), "SPY": compound(returns)}), "FUND")

    # then
    assert risk["beta_252d"].iloc[-1] == pytest.approx(-2)
    assert risk["corr_63d"].iloc[-1] == pytest.approx(-1)


def test_beta_and_correlation_are_taken_between_common_sessions(market: Market) -> None:
    # given a fund without quotes on a tenth session, when the market turns and comes back
    market_closes = compound([1, -1, 2, -3, 0.5, 0, 1, 0, 25, -20] * 30)
    fund_closes: list[Price] = [3 * close for close in market_closes]
    fund_closes[9::10] = [None] * 30
    risk = of(build(market, {"FUND": fund_closes, "SPY": market_closes}), "FUND")

    # then the fund moves with the market
    assert len(risk) == 301 - 30
    assert risk["beta_252d"].iloc[-1] == pytest.approx(1)
    assert risk["corr_63d"].iloc[-1] == pytest.approx(1)


def test_what_stands_still_has_neither_beta_nor_correlation(market: Market) -> None:
    # given a market whose returns are rounding alone
    still = [0.1 + 0.2 if n % 2 else 0.3 for n in range(260)]
    risk = build(market, {"FUND": compound([1, -1] * 129 + [1]), "SPY": still})

    # then
    assert set(of(risk, "FUND")[["beta_252d", "corr_63d"]].to_numpy().ravel()) == {None}
    assert of(risk, "SPY")["vol_252d_pct"].iloc[-1] == pytest.approx(0, abs=1e-9)


def test_drawdown_is_the_fall_from_the_highest_close(market: Market) -> None:
    # given
    risk = build(market, {"SPY": [100, 120, 90, 120, 150, 75]})

    # then
    assert list(risk["drawdown_pct"]) == pytest.approx([0, 0, -25, 0, 0, -50])
    assert set(risk["history_start"]) == {sessions(1)[0]}


def test_max_drawdown_forgets_what_left_the_window(market: Market) -> None:
    # given a fall by half from the first close, then one by a tenth
    closes = [100.0, 50, 60, 54] + [54.0] * 252
    risk = build(market, {"SPY": closes})

    # then the worst fall stays while its high is among the last 252 closes
    deepest = risk["max_drawdown_252d_pct"]
    assert list(deepest.iloc[251:255]) == pytest.approx([-50, -10, -10, 0])


def test_measured_are_funds_indices_baskets_and_their_members(market: Market) -> None:
    # given
    kinds = {"FUND": "etf", "^IDX": "index", "BOTH": "basket", "ONE": "stock", "SIDE": "stock"}
    day = date(2024, 1, 2)
    rows = [{"symbol": symbol, "session": day, "close": 1.0} for symbol in kinds]
    market.give("core.benchmark_quote", rows)
    market.give("reference.instrument", [{"symbol": s, "kind": kind} for s, kind in kinds.items()])
    market.give("reference.basket_member", [{"basket": "BOTH", "symbol": "ONE"}])

    # then a stock that only stands in a pair is left out
    assert list(market.build("rotation.risk")["symbol"]) == ["BOTH", "FUND", "ONE", "^IDX"]


def test_later_sessions_change_no_row(market: Market) -> None:
    # given 300 sessions and their first 280
    closes = compound([1.0, -2, 3, -1, 0.5, -0.7, 1.3] * 43)[:300]
    other = compound([0.3, -1, 2, -0.4, 0.2] * 60)[:300]
    whole = build(market, {"FUND": closes, "SPY": other})
    beginning = build(Market(), {"FUND": closes[:280], "SPY": other[:280]})

    # then
    assert whole[whole["session"] <= sessions(280)[-1]].reset_index(drop=True).equals(beginning)
