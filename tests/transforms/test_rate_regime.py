from datetime import date, datetime

import pandas as pd
import pytest
from market import Market, on, sessions
from rates import give_decisions, give_rate, give_series, give_sessions

DAYS = sessions(3)  # 2024-01-02, 03, 04


def build(market: Market, days: list[date]) -> pd.DataFrame:
    give_series(market)
    give_sessions(market, days)
    return market.build("rotation.rate_regime").set_index("session")


def test_session_knows_the_yields_of_the_session_before(market: Market) -> None:
    # given
    give_rate(market, "DGS2", dict(zip(DAYS, [4.33, 4.30, 4.38], strict=True)))
    give_rate(market, "DGS10", dict(zip(DAYS, [3.95, 3.91, 3.99], strict=True)))
    regime = build(market, DAYS)

    # then
    assert list(regime["t2y_pct"]) == [None, 4.33, 4.30]
    assert list(regime["slope_10y2y_bp"]) == [None, -38, -39]
    assert list(regime["yield_observation_date"]) == [None, DAYS[0], DAYS[1]]


def test_slope_wants_both_yields_of_one_day(market: Market) -> None:
    # given a 2-year yield that stops a day before the 10-year one
    give_rate(market, "DGS2", {DAYS[0]: 4.33})
    give_rate(market, "DGS10", {DAYS[0]: 3.95, DAYS[1]: 3.91})
    row = build(market, DAYS).loc[DAYS[2]]

    # then
    assert (row["t2y_pct"], row["t10y_pct"]) == (4.33, 3.91)
    assert row["slope_10y2y_bp"] is None


def test_revision_changes_no_earlier_session(market: Market) -> None:
    # given a spread of the 2nd that is corrected on the 4th, before the 3rd's is told
    give_rate(market, "BAMLH0A0HYM2", {DAYS[0]: 3.50})
    give_rate(market, "BAMLH0A0HYM2", {DAYS[0]: 3.60}, known_at=datetime(2024, 1, 4, 12))
    regime = build(market, DAYS)

    # then
    assert list(regime["hy_oas_bp"]) == [None, 350, 360]


def test_late_word_on_an_older_day_is_not_the_newest(market: Market) -> None:
    # given a correction of the 2nd after the 3rd is known
    give_rate(market, "BAMLH0A0HYM2", {DAYS[0]: 3.50, DAYS[1]: 3.40})
    give_rate(market, "BAMLH0A0HYM2", {DAYS[0]: 9.99}, known_at=datetime(2024, 1, 4, 22, 15))
    regime = build(market, DAYS)

    # then
    assert regime.loc[DAYS[2], "hy_oas_bp"] == 340


def test_daily_value_is_carried_ten_days(market: Market) -> None:
    # given one observation, on a Tuesday
    give_rate(market, "DFF", {DAYS[0]: 5.33})
    regime = build(market, sessions(10))

    # then it serves to the 12th, a Friday, and no longer
    carried = regime["effective_rate_pct"]
    assert carried[date(2024, 1, 12)] == 5.33
    assert regime.loc[date(2024, 1, 12), "oldest_input_days"] == 10
    assert carried[date(2024, 1, 16)] is None
    assert regime.loc[date(2024, 1, 16), "oldest_input_days"] is None


def test_inflation_is_against_the_same_month_a_year_before(market: Market) -> None:
    # given prices of January and February 2024, and of January 2023 alone
    give_rate(market, "CPIAUCSL", on_month("2023-01-01", 300.0), datetime(2023, 2, 14, 13, 30))
    give_rate(market, "CPIAUCSL", on_month("2024-01-01", 309.0), datetime(2024, 2, 13, 13, 30))
    give_rate(market, "CPIAUCSL", on_month("2024-02-01", 310.0), datetime(2024, 3, 12, 12, 30))
    give_rate(market, "DFF", {date(2024, 3, 8): 5.33})
    days = on("2024-02-12", "2024-02-13", "2024-03-11", "2024-03-12")
    regime = build(market, days)

    # then the month without a year before has none, and January is not put in its place
    assert regime["cpi_yoy_pct"].iloc[0] is None
    assert list(regime["cpi_yoy_pct"].iloc[1:3]) == pytest.approx([3, 3])
    assert regime["cpi_yoy_pct"].iloc[3] is None
    assert regime["real_policy_rate_pct"].iloc[2] == pytest.approx(2.33)


def test_monthly_value_is_carried_45_days_from_its_release(market: Market) -> None:
    # given
    give_rate(market, "CPIAUCSL", on_month("2023-01-01", 300.0), datetime(2023, 2, 14, 13, 30))
    give_rate(market, "CPIAUCSL", on_month("2024-01-01", 309.0), datetime(2024, 2, 13, 13, 30))
    regime = build(market, on("2024-03-28", "2024-04-01"))

    # then
    assert regime["cpi_yoy_pct"].iloc[0] == pytest.approx(3)
    assert regime["oldest_input_days"].iloc[0] == 44
    assert regime["cpi_yoy_pct"].iloc[1] is None


def on_month(day: str, value: float) -> dict[date, float]:
    return {date.fromisoformat(day): value}


@pytest.mark.parametrize("is_replay", [False, True])
def test_target_changes_on_the_evening_of_the_announcement(
    market: Market, *, is_replay: bool
) -> None:
    # given FRED's series, whose new value is dated the day after: the night itself has not seen
    # it, a replay of it finds it there as known when it was announced
    give_decisions(market, ("2024-09-18", 5.0, -50))
    for name, before, after in (("DFEDTARU", 5.50, 5.00), ("DFEDTARL", 5.25, 4.75)):
        give_rate(market, name, {date(2024, 9, 17): before}, datetime(2024, 9, 17))
        give_rate(market, name, {date(2024, 9, 18): before}, datetime(2024, 9, 18))
        if is_replay:
            give_rate(market, name, {date(2024, 9, 19): after}, datetime(2024, 9, 18, 19))
    regime = build(market, on("2024-09-17", "2024-09-18"))

    # then
    assert list(regime["fed_target_upper_pct"]) == [5.50, 5.00]
    assert list(regime["fed_target_lower_pct"]) == [5.25, 4.75]
    assert list(regime["last_change_bp"]) == [None, -50]
    assert list(regime["days_since_change"]) == [None, 0]


def test_decision_speaks_until_both_ends_have_come_to_it(market: Market) -> None:
    # given a lower end that is a day late
    give_decisions(market, ("2024-09-18", 5.0, -50))
    for day, upper in (("2024-09-18", 5.50), ("2024-09-19", 5.00)):
        told = datetime.fromisoformat(day)
        give_rate(market, "DFEDTARU", {told.date(): upper}, told)
    give_rate(market, "DFEDTARL", {date(2024, 9, 18): 5.25}, datetime(2024, 9, 18))
    regime = build(market, on("2024-09-19"))

    # then
    assert list(regime["fed_target_lower_pct"]) == [4.75]
    assert list(regime["fed_target_upper_pct"]) == [5.00]


def test_decision_gives_the_target_where_no_series_does(market: Market) -> None:
    # given
    give_decisions(market, ("2024-09-18", 5.0, -50))
    row = build(market, on("2024-09-18")).squeeze()

    # then
    assert (row["fed_target_lower_pct"], row["fed_target_upper_pct"]) == (4.75, 5.00)


def test_cycle_pauses_after_two_meetings_and_holds_after_a_year(market: Market) -> None:
    # given a rise, a cut, another, and meetings that change nothing
    give_decisions(
        market,
        ("2023-07-26", 5.50, 25),
        ("2023-09-20", 5.25, -25),
        ("2023-11-01", 5.00, -25),
        ("2023-12-13", 5.00, 0),
        ("2024-01-31", 5.00, 0),
        ("2024-10-30", 5.00, 0),
    )
    days = ("2023-07-26", "2023-11-01", "2023-12-13", "2024-01-31", "2024-10-30", "2024-10-31")
    regime = build(market, on(*days))

    # then 365 days after 2023-11-01 are over on 2024-10-31
    assert list(regime["cycle"]) == ["tightening", *["easing"] * 4, "hold"]
    assert list(regime["stance"]) == ["tightening", "easing", "easing", *["paused"] * 3]
    assert list(regime["meetings_since_change"]) == [0, 0, 1, 2, 3, 3]
    cut = date(2023, 9, 20)
    assert list(regime["cycle_start"]) == [
        date(2023, 7, 26),
        *[cut] * 4,
        date(2024, 10, 31),
    ]
    assert list(regime["cycle_change_bp"]) == [25, *[-50] * 4, 0]


def test_cut_after_a_hold_starts_a_cycle(market: Market) -> None:
    # given two cuts 366 days apart
    give_decisions(market, ("2023-09-20", 5.25, -25), ("2024-09-20", 5.0, -25))
    row = build(market, on("2024-09-20")).squeeze()

    # then
    assert (row["cycle_start"], row["cycle_change_bp"]) == (date(2024, 9, 20), -25)


def test_change_that_is_not_listed_shows_when_the_series_does(market: Market) -> None:
    # given a list that ends before a cut
    give_decisions(market, ("2026-06-17", 3.75, 0), ("2025-12-10", 3.75, -25))
    for day, value in (("2026-07-29", 3.75), ("2026-07-30", 3.50), ("2026-07-31", 3.50)):
        told = datetime.fromisoformat(day)
        give_rate(market, "DFEDTARU", {told.date(): value}, told)
        give_rate(market, "DFEDTARL", {told.date(): value - 0.25}, told)
    regime = build(market, on("2026-07-29", "2026-07-30", "2026-09-01"))

    # then it is known from the day that it takes effect; meetings since cannot be counted for long
    assert list(regime["fed_target_upper_pct"]) == [3.75, 3.50, 3.50]
    assert list(regime["last_change_date"]) == [date(2025, 12, 10), *[date(2026, 7, 30)] * 2]
    assert list(regime["cycle_change_bp"]) == [-25, -50, -50]
    assert list(regime["stance"]) == ["easing"] * 3


def test_meetings_are_not_counted_where_the_list_is_old(market: Market) -> None:
    # given a list that ends 90 days ago
    give_decisions(market, ("2026-06-17", 3.50, -25))
    row = build(market, on("2026-09-15")).squeeze()

    # then
    assert row["meetings_since_change"] is None
    assert row["stance"] is None
    assert row["cycle"] == "easing"


@pytest.mark.parametrize(
    ("change_2y", "change_10y", "move"),
    [
        (-0.20, -0.10, "bull_steepener"),
        (0.10, 0.20, "bear_steepener"),
        (-0.05, 0.05, "twist_steepener"),
        (0.00, 0.05, "twist_steepener"),
        (-0.10, -0.20, "bull_flattener"),
        (0.20, 0.10, "bear_flattener"),
        (0.05, -0.05, "twist_flattener"),
        (0.30, 0.34, "parallel"),
        (0.30, 0.35, "bear_steepener"),
    ],
)
def test_curve_moves_over_63_sessions(
    market: Market, change_2y: float, change_10y: float, move: str
) -> None:
    # given yields that stand still but for the last day
    days = sessions(65)
    give_rate(market, "DGS2", dict.fromkeys(days[:63], 4.0) | {days[63]: 4.0 + change_2y})
    give_rate(market, "DGS10", dict.fromkeys(days[:63], 4.1) | {days[63]: 4.1 + change_10y})
    regime = build(market, days)

    # then the first yield is known on the second session
    assert regime["curve_move"].iloc[63] is None
    row = regime.iloc[64]
    assert row["curve_move"] == move
    assert row["change_2y_63d_bp"] == pytest.approx(100 * change_2y)
    assert row["slope_change_63d_bp"] == pytest.approx(100 * (change_10y - change_2y))
