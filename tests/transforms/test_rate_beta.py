from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
from market import Market, core_quotes, sessions
from rates import give_rate

DAYS = sessions(150)
RNG = np.random.default_rng(11)
YIELD_PCT = 4 + np.round(RNG.normal(0, 0.05, 150).cumsum(), 2)
LONG = 100 * np.exp(RNG.normal(0, 0.01, 150).cumsum())
SHORT = 100 * np.exp(RNG.normal(0, 0.01, 150).cumsum())


def build(
    market: Market, long: np.ndarray, yields: dict[date, float], series: str = "DGS2"
) -> pd.DataFrame:
    """LONG against SHORT by session; the 2-year yield is the factor unless given."""
    market.give("reference.pair", [{"pair": "one", "long_symbol": "LONG", "short_symbol": "SHORT"}])
    quotes = core_quotes({"LONG": list(long), "SHORT": list(SHORT)}, DAYS)
    market.give("core.benchmark_quote", quotes[["symbol", "session", "close", "return_pct"]])
    give_rate(market, series, yields)
    beta = market.build("rotation.rate_beta")
    return beta[beta["factor"] == "d_t2y"].set_index("session")


def expected(days: list[date], long: np.ndarray, yields: dict[date, float]) -> float:
    """The slope over the levels of these days, by least squares."""
    at = [DAYS.index(day) for day in days]
    growth = [100 * side[at][1:] / side[at][:-1] for side in (long, SHORT)]
    change_bp = 100 * np.diff([yields[day] for day in days])
    ones = np.ones(len(change_bp))
    return float(np.linalg.lstsq(np.column_stack([change_bp, ones]), growth[0] - growth[1])[0][0])


ALL = dict(zip(DAYS, YIELD_PCT.tolist(), strict=True))


def test_beta_waits_for_126_changes_and_for_the_night(market: Market) -> None:
    # given
    beta = build(market, LONG, ALL)

    # then 127 yields give 126 changes, and the newest is known a session later
    assert list(beta.index) == DAYS
    assert beta["beta_pct_per_bp"].first_valid_index() == DAYS[127]
    assert list(beta["observations"].iloc[[0, 1, 2, 126, 127, 128]]) == [0, 0, 1, 125, 126, 126]
    assert beta["beta_pct_per_bp"].iloc[127] == pytest.approx(expected(DAYS[:127], LONG, ALL))
    assert beta["beta_pct_per_bp"].iloc[149] == pytest.approx(expected(DAYS[22:149], LONG, ALL))


def test_pair_that_follows_the_yield(market: Market) -> None:
    # given excess of 0.02 points a basis point and a constant of 0.1, but for one day in two
    change_bp = np.round(100 * np.diff(YIELD_PCT), 6)
    swing = np.where(np.arange(149) % 2, 0.3, -0.3)
    short = 100 * SHORT[1:] / SHORT[:-1] - 100
    long = 100 * np.cumprod(np.append(1, 1 + (short + 0.02 * change_bp + 0.1 + swing) / 100))
    row = build(market, long, ALL).iloc[149]

    # then the textbook's numbers of the last 126
    x, y = change_bp[22:148], (0.02 * change_bp + 0.1 + swing)[22:148]
    correlation = np.corrcoef(x, y)[0, 1]
    assert row["r_squared"] == pytest.approx(correlation**2)
    t = correlation * np.sqrt(124 / (1 - correlation**2))
    assert row["t_stat"] == pytest.approx(t)
    assert row["beta_pct_per_bp"] == pytest.approx(correlation * y.std() / x.std())


def test_bond_holiday_joins_two_sessions(market: Market) -> None:
    # given no yield on one session
    yields = {day: value for day, value in ALL.items() if day != DAYS[100]}
    beta = build(market, LONG, yields)

    # then both run over it
    days = [day for day in DAYS[:149] if day != DAYS[100]][-127:]
    assert beta["beta_pct_per_bp"].iloc[149] == pytest.approx(expected(days, LONG, yields))
    assert beta["observations"].iloc[149] == 126


@pytest.mark.parametrize(("missing", "observations"), [(8, 126), (9, 125)])
def test_window_spans_no_more_than_135_sessions(
    market: Market, missing: int, observations: int
) -> None:
    # given some sessions without a yield; the newest change is the session before the last
    yields = {day: value for day, value in ALL.items() if day not in DAYS[60 : 60 + missing]}
    row = build(market, LONG, yields).iloc[149]

    # then
    assert row["observations"] == observations
    assert (row["beta_pct_per_bp"] is None) == (observations < 126)


def test_revision_changes_no_earlier_session(market: Market) -> None:
    # given the yield of one day corrected twice, 10 and 15 sessions later
    for place, value in ((140, 9.0), (145, 6.0)):
        moment = datetime.combine(DAYS[place], datetime.min.time())
        give_rate(market, "DGS2", {DAYS[130]: value}, known_at=moment)
    beta = build(market, LONG, ALL)["beta_pct_per_bp"]

    # then each session takes what stood
    corrected, again = ALL | {DAYS[130]: 9.0}, ALL | {DAYS[130]: 6.0}
    assert beta.iloc[139] == pytest.approx(expected(DAYS[12:139], LONG, ALL))
    assert beta.iloc[140] == pytest.approx(expected(DAYS[13:140], LONG, corrected))
    assert beta.iloc[144] == pytest.approx(expected(DAYS[17:144], LONG, corrected))
    assert beta.iloc[145] == pytest.approx(expected(DAYS[18:145], LONG, again))


def test_late_yield_counts_from_when_it_is_known(market: Market) -> None:
    # given one day told 10 sessions late
    yields = {day: value for day, value in ALL.items() if day != DAYS[130]}
    moment = datetime.combine(DAYS[140], datetime.min.time())
    give_rate(market, "DGS2", {DAYS[130]: ALL[DAYS[130]]}, known_at=moment)
    beta = build(market, LONG, yields)["beta_pct_per_bp"]

    # then
    before = [day for day in DAYS[:139] if day != DAYS[130]][-127:]
    assert beta.iloc[139] == pytest.approx(expected(before, LONG, ALL))
    assert beta.iloc[140] == pytest.approx(expected(DAYS[13:140], LONG, ALL))


def test_yield_that_stands_still_explains_nothing(market: Market) -> None:
    # given
    row = build(market, LONG, dict.fromkeys(DAYS, 4.1)).iloc[149]

    # then
    assert set(row[["beta_pct_per_bp", "t_stat", "r_squared"]]) == {None}
    assert row["observations"] == 126


def test_no_series_no_rows_beyond_empty_ones(market: Market) -> None:
    # given another series than the factor's
    beta = build(market, LONG, ALL, series="DGS10")

    # then
    assert set(beta["beta_pct_per_bp"]) == {None}
    assert set(beta["observations"]) == {0}
