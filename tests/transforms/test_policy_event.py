from datetime import date, datetime

import pandas as pd
import pytest
from market import Market, core_quotes, sessions
from rates import give_decisions, give_sessions

DAYS = sessions(80, "2024-09-03")
EVENT = DAYS.index(date(2024, 9, 18))


def build(market: Market, long: list[float], count: int = 80) -> pd.DataFrame:
    """LONG against a SHORT that stands still, on the first `count` sessions."""
    give_sessions(market, DAYS[:count])
    market.give("reference.pair", [{"pair": "one", "long_symbol": "LONG", "short_symbol": "SHORT"}])
    closes = {"LONG": long[:count], "SHORT": [50.0] * count}
    market.give("core.quote", core_quotes(closes, DAYS[:count]))
    return market.build("rotation.policy_event")


def steps() -> list[float]:
    """100 to t-6, 104 at t-1, 110 at t, 120 at t+4, 130 at t+20, 140 at t+62."""
    closes = [100.0] * 80
    for start, close in ((-5, 102), (-1, 104), (0, 110), (4, 120), (20, 130), (62, 140)):
        closes[EVENT + start :] = [close] * (80 - EVENT - start)
    return closes


def test_windows_lie_around_the_announcement(market: Market) -> None:
    # given
    give_decisions(market, ("2024-09-18", 5.0, -50), ("2024-11-07", 5.0, 0))
    row = build(market, steps()).squeeze()

    # then
    assert (row["event_date"], row["change_bp"]) == (date(2024, 9, 18), -50)
    assert row["effective_date"] == date(2024, 9, 19)
    assert row["excess_pre_5d_pct"] == pytest.approx(4)
    assert row["excess_day0_pct"] == pytest.approx(100 * (110 / 104 - 1))
    assert row["excess_post_1d_pct"] == row["excess_day0_pct"]
    assert row["excess_post_5d_pct"] == pytest.approx(100 * (120 / 104 - 1))
    assert row["excess_post_1m_pct"] == pytest.approx(25)
    assert row["excess_post_3m_pct"] == pytest.approx(100 * (140 / 104 - 1))


def test_later_columns_fill_in_as_sessions_come(market: Market) -> None:
    # given history to t+4
    give_decisions(market, ("2024-09-18", 5.0, -50))
    row = build(market, steps(), EVENT + 5).squeeze()

    # then
    assert row["excess_post_5d_pct"] == pytest.approx(100 * (120 / 104 - 1))
    assert row["excess_post_1m_pct"] is None
    assert row["excess_post_3m_pct"] is None


def test_nothing_is_known_before_the_announcement(market: Market) -> None:
    # given history to the session before
    give_decisions(market, ("2024-09-18", 5.0, -50))

    # then
    assert build(market, steps(), EVENT).empty


@pytest.mark.parametrize(
    ("announced_at", "event_date"),
    [
        ("2024-09-18 13:00", "2024-09-18"),
        ("2024-09-18 19:59", "2024-09-18"),
        ("2024-09-18 20:00", "2024-09-19"),  # the close in summer
        ("2024-09-21 21:00", "2024-09-23"),  # a Saturday
        ("2024-11-20 20:30", "2024-11-20"),  # the close is at 21:00 in winter
        ("2024-11-29 17:59", "2024-11-29"),  # and at 18:00 on the day after Thanksgiving
        ("2024-11-29 18:00", "2024-12-02"),
    ],
)
def test_event_is_the_first_close_that_follows(
    market: Market, announced_at: str, event_date: str
) -> None:
    # given
    moment = datetime.fromisoformat(announced_at)
    market.give(
        "reference.fed_decision",
        [{"announced_at": moment, "upper_pct": 5.0, "change_bp": -50, "is_scheduled": False}],
    )

    # then
    row = build(market, steps()).squeeze()
    assert row["event_date"] == date.fromisoformat(event_date)
    assert row["is_scheduled"] is False
