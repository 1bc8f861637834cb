from collections.abc import Sequence

import pandas as pd
import pytest
from market import Market, sessions

# Written as percent of the first ratio: a low of 90 at position 2, confirmed at 99, a high of 110,
# ended at 104.5, and a second episode from 80.
RATIOS = [100, 95, 90, 98, 99, 110, 106, 104.5, 80, 85, 88, 100, 97]


def build(market: Market, ratios: Sequence[float], basis: str = "price") -> pd.DataFrame:
    """The episodes of one pair with this ratio."""
    rows = pd.DataFrame({"session": sessions(len(ratios)), "ratio": [r / 100 for r in ratios]})
    market.give("rotation.relative_strength", rows.assign(pair="one", basis=basis))
    return market.build("rotation.episode")


def test_episode_runs_from_trough_over_confirmation_to_peak_and_end(market: Market) -> None:
    # given
    episode = build(market, RATIOS)

    # then moves of exactly 10 % up and 5 % down count
    days = sessions(len(RATIOS))
    first = episode.iloc[0]
    assert first["trough_session"] == days[2]
    assert first["confirmed_session"] == days[4]
    assert first["peak_session"] == days[5]
    assert first["end_session"] == days[7]
    assert first["gain_pct"] == pytest.approx(100 * (110 / 90 - 1))
    assert first["duration_sessions"] == 3
    assert first["is_open"] is False
    assert first["history_start"] == days[0]


def test_newest_episode_stays_open_until_it_falls(market: Market) -> None:
    # given
    episode = build(market, RATIOS)

    # then
    days = sessions(len(RATIOS))
    assert len(episode) == 2
    newest = episode.iloc[1]
    assert newest["trough_session"] == days[8]
    assert newest["confirmed_session"] == days[10]
    assert newest["peak_session"] == days[11]
    assert newest["end_session"] is None
    assert newest["is_open"] is True
    assert newest["gain_pct"] == pytest.approx(25)
    assert newest["duration_sessions"] == 3


def test_episodes_rank_by_gain(market: Market) -> None:
    assert list(build(market, RATIOS)["rank_by_gain"]) == [2, 1]


def test_session_that_ends_an_episode_can_be_the_next_trough(market: Market) -> None:
    # given an episode that ends at 100, the lowest ratio of what follows
    episode = build(market, [100, 110, 100, 105, 110])

    # then
    days = sessions(5)
    assert list(episode["trough_session"]) == [days[0], days[2]]
    assert list(episode["end_session"]) == [days[2], None]


def test_falls_on_the_way_to_confirmation_reset_nothing(market: Market) -> None:
    # given a fall by 7 % from 108 that makes no new low
    episode = build(market, [100, 108, 100.5, 110])

    # then
    assert list(episode["trough_session"]) == [sessions(1)[0]]


def test_of_equal_lows_and_highs_the_first_counts(market: Market) -> None:
    # given
    episode = build(market, [100, 90, 90, 110, 110])

    # then
    days = sessions(5)
    assert list(episode["trough_session"]) == [days[1]]
    assert list(episode["peak_session"]) == [days[3]]


def test_rise_of_less_than_a_tenth_is_no_episode(market: Market) -> None:
    assert build(market, [100, 90, 98.9]).empty


def test_total_return_makes_no_episode(market: Market) -> None:
    assert build(market, RATIOS, basis="total_return").empty


def test_pairs_are_apart(market: Market) -> None:
    # given one pair that rises after another that fell
    for pair, ratios in {"down": [3.0, 2.0], "up": [2.5, 2.6]}.items():
        rows = pd.DataFrame({"session": sessions(2), "ratio": ratios, "pair": pair})
        market.give("rotation.relative_strength", rows.assign(basis="price"))

    # then
    assert market.build("rotation.episode").empty


def test_later_sessions_change_only_what_fills_in_later() -> None:
    # given every beginning of the history
    whole = build(Market(), RATIOS)
    days = sessions(len(RATIOS))
    settled = ["trough_session", "confirmed_session", "history_start"]
    for count in range(1, len(RATIOS)):
        beginning = build(Market(), RATIOS[:count])

        # then episodes appear when they are confirmed, and stay where they began
        known = whole[whole["confirmed_session"] <= days[count - 1]]
        assert beginning[settled].equals(known[settled].reset_index(drop=True))
        has_ended = known["end_session"].notna() & (known["end_session"] <= days[count - 1])
        assert list(beginning["is_open"]) == list(~has_ended)
