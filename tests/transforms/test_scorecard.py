from collections.abc import Sequence

import pandas as pd
import pytest
from market import Market, Price, sessions


def give(market: Market, signal: str, weight: float, scores: Sequence[Price]) -> None:
    """One signal's scores on as many sessions."""
    rows = pd.DataFrame({"session": sessions(len(scores)), "score": scores})
    rows["finding"] = f"{signal} says so" if signal else None
    market.give("rotation.scorecard_signal", rows.assign(signal=signal, weight=weight))


def of_scores(market: Market, scores: Sequence[Price]) -> pd.DataFrame:
    """The scorecard of one signal with all the weight."""
    give(market, "it", 1, scores)
    return market.build("rotation.scorecard")


def test_score_is_the_weighted_mean_of_the_signals_at_hand(market: Market) -> None:
    # given 0.5 x 1 - 0.3 x 0.5 over a weight of 0.8
    give(market, "one", 0.5, [1.0])
    give(market, "two", 0.3, [-0.5])
    give(market, "three", 0.2, [None])

    # when
    scorecard = market.build("rotation.scorecard").iloc[0]

    # then
    assert scorecard["score"] == pytest.approx(0.35 / 0.8)
    assert scorecard["signal_count"] == 2
    assert scorecard["coverage_pct"] == pytest.approx(80)


@pytest.mark.parametrize(("weight", "is_scored"), [(0.6, True), (0.59, False)])
def test_score_needs_60_percent_of_the_weight(
    market: Market, weight: float, is_scored: bool
) -> None:
    # given
    give(market, "one", weight, [0.5])
    give(market, "two", 1 - weight, [None])

    # when
    scorecard = market.build("rotation.scorecard").iloc[0]

    # then
    assert (scorecard["score"] is not None) == is_scored
    assert (scorecard["regime"] is not None) == is_scored
    assert scorecard["coverage_pct"] == pytest.approx(100 * weight)


@pytest.mark.parametrize(
    ("flags", "scores", "is_flagged"),
    [
        ([True, False], [0.5, 0.5], True),
        ([True, False], [None, 0.5], False),  # what has no score does not count
        ([False, False], [0.5, 0.5], False),
        ([True, True], [None, None], False),
    ],
)
def test_backfilled_membership_of_a_scored_signal_is_flagged(
    market: Market, flags: list[bool], scores: list[Price], *, is_flagged: bool
) -> None:
    # given two signals of one session
    market.give(
        "rotation.scorecard_signal",
        pd.DataFrame(
            {
                "session": sessions(1) * 2,
                "signal": ["members", "prices"],
                "weight": [0.3, 0.7],
                "score": scores,
                "is_membership_backfilled": flags,
            }
        ),
    )

    # then
    assert market.build("rotation.scorecard")["is_membership_backfilled"].item() is is_flagged


def test_regime_is_entered_at_one_bound_and_left_at_another(market: Market) -> None:
    # given
    scores = [0.24, 0.25, 0.10, 0.09, 0.24, -0.25, -0.10, -0.09, 0.3, -0.3]
    regimes = [
        "neutral",
        "rotation",
        "rotation",
        "neutral",
        "neutral",
        "mega_cap_leadership",
        "mega_cap_leadership",
        "neutral",
        "rotation",
        "mega_cap_leadership",
    ]
    scorecard = of_scores(market, scores)

    # then
    days = sessions(len(scores))
    assert list(scorecard["regime"]) == regimes
    since = [days[n] for n in (0, 1, 1, 3, 3, 5, 5, 7, 8, 9)]
    assert list(scorecard["regime_since"]) == since


def test_session_without_a_score_has_no_regime_and_ends_none(market: Market) -> None:
    # given
    scorecard = of_scores(market, [None, 0.3, None, 0.15])

    # then
    days = sessions(4)
    assert list(scorecard["regime"]) == [None, "rotation", None, "rotation"]
    assert list(scorecard["regime_since"]) == [None, days[1], None, days[1]]
    assert list(scorecard["history_start"]) == [None, days[1], days[1], days[1]]


def test_summary_names_who_leads_and_what_weighs_most_on_either_side(market: Market) -> None:
    # given contributions of 0.4, 0.09 and -0.1
    give(market, "prices", 0.4, [1.0])
    give(market, "yields", 0.3, [0.3])
    give(market, "spreads", 0.2, [-0.5])
    give(market, "earnings", 0.1, [None])

    # then
    assert market.build("rotation.scorecard")["summary"].item() == (
        "Leadership is rotating to small companies since 2024-01-02 (score +0.43 on a scale from "
        "-1 to 1): prices says so, but spreads says so; 3 of 4 signals, 90 % of the weight."
    )


def test_summary_of_mega_cap_leadership_begins_with_what_speaks_against(market: Market) -> None:
    # given
    give(market, "prices", 0.7, [-1.0])
    give(market, "yields", 0.3, [0.5])

    # then
    assert market.build("rotation.scorecard")["summary"].item() == (
        "The mega-caps lead since 2024-01-02 (score -0.55 on a scale from -1 to 1): prices says "
        "so, but yields says so; 2 of 2 signals, 100 % of the weight."
    )


def test_summary_without_a_score_says_what_is_missing(market: Market) -> None:
    assert of_scores(market, [None])["summary"].item() == (
        "No score: only 0 of 1 signals, with 0 % of the weight, can be scored, and 60 % are needed."
    )


def test_one_sided_summary_has_no_but(market: Market) -> None:
    assert of_scores(market, [0.1])["summary"].item() == (
        "Neither small companies nor the mega-caps clearly lead since 2024-01-02 (score +0.10 on "
        "a scale from -1 to 1): it says so; 1 of 1 signals, 100 % of the weight."
    )


def test_later_sessions_change_no_row() -> None:
    # given scores that cross every bound, some missing
    scores = [None, 0.2, 0.3, 0.15, None, 0.05, -0.3, -0.2, 0.0, 0.26, None, -0.26, 0.1]
    whole = of_scores(Market(), scores)
    for count in range(1, len(scores)):
        beginning = of_scores(Market(), scores[:count])

        # then
        assert beginning.equals(whole.head(count))
