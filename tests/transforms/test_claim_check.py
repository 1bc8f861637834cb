from datetime import date, datetime

import pandas as pd
import pytest
from market import Market, core_quotes, on, sessions

STATED = date(2026, 1, 27)
DAYS = on("2026-01-26", "2026-01-27", "2026-01-28")
LEVEL = {"metric": "risk.vol_63d_pct", "symbol_or_pair": "IWM"}
BREADTH = {"metric": "breadth.above_sma_50_pct", "symbol_or_pair": "SMALL"}
GROWTH = {"metric": "earnings_growth.earnings_growth_pct", "symbol_or_pair": "SMALL"}
METRICS = {
    "risk.vol_63d_pct": {"max_age_days": 0},
    "breadth.above_sma_50_pct": {"max_age_days": 0},
    "earnings_growth.earnings_growth_pct": {"max_age_days": 10},
    "earnings_growth.earnings_growth_ex_losses_pct": {"max_age_days": 10},
    "quote.close": {"max_age_days": 0},
    "rate_sensitivity.net_margin_change_bp": {"max_age_days": 0, "caveat": "it is a scenario"},
}

Row = dict[str, object]


def check(
    market: Market,
    claim: Row | None,
    second: list[Row] | None = None,
    *,
    prices: list[Row] | None = None,
    members: list[Row] | None = None,
    consensus: list[Row] | None = None,
    newest: date = DAYS[-1],
) -> pd.Series:
    """The verdict on one claim of 5 to 6, given the values of its metrics."""
    market.give(
        "reference.claim_metric",
        [
            {"metric": name, "unit": "percent", "decimals": 1} | columns
            for name, columns in METRICS.items()
        ],
    )
    general: Row = {"claim_id": "it", "reading": "first", "lookback": "CY2026"}
    bounds: Row = {"claimed_low": 5.0, "claimed_high": 6.0, "min_coverage_pct": 0.0}
    stated: Row = {"stated_on": STATED, "is_about_the_past": False}
    if claim is not None:
        market.give("reference.claim", [general | bounds | stated | claim])
    for row in second or []:
        market.give("reference.claim_second_reading", [general | bounds | row])
    market.give("core.session", [{"session": day} for day in [*DAYS, newest] if day <= newest])
    tables = {"market": prices, "member": members, "consensus": consensus}
    for name, rows in tables.items():
        nothing = {"metric": "none", "symbol_or_pair": "none", "observed_on": DAYS[0]}
        market.give(f"rotation.claim_{name}_value", [nothing, *(rows or [])])
    return market.build("rotation.claim_check").iloc[0]


def values(of: Row, *numbers: float | None, **columns: object) -> list[Row]:
    """One value on each of the first days."""
    return [
        of | {"observed_on": day, "value": number} | columns
        for day, number in zip(DAYS, numbers, strict=False)
    ]


def test_value_in_the_range_confirms_and_one_outside_contradicts(market: Market) -> None:
    # given both ends belong to the range
    claim = check(market, LEVEL, prices=values(LEVEL, 1, 6, 6.001))

    # then
    assert (claim["actual_on_date"], claim["verdict_on_date"]) == (6, "confirmed")
    assert (claim["actual_latest"], claim["verdict_latest"]) == (6.001, "contradicted")
    assert claim["latest_session"] == DAYS[2]
    assert claim["note"] == (
        "Claimed 5 to 6 percent: on 2026-01-27 first 6.0 agrees; on 2026-01-28 first 6.0 disagrees."
    )


def test_claim_of_a_weekend_is_judged_by_the_session_before(market: Market) -> None:
    # given a Sunday
    claim = check(market, LEVEL | {"stated_on": date(2026, 1, 25)}, prices=values(LEVEL, 5.5))

    # then the 23rd had no value
    assert claim["verdict_on_date"] == "not_measurable"
    assert claim["note"].startswith("Claimed 5 to 6 percent: on 2026-01-23 not measurable")


def test_readings_that_disagree_make_it_a_matter_of_definition(market: Market) -> None:
    # given
    other = LEVEL | {"symbol_or_pair": "^RUT", "reading": "second"}
    key = {"metric": LEVEL["metric"], "symbol_or_pair": "^RUT"}
    prices = values(LEVEL, 1, 5.5, 5.5) + values(key, 1, 7, 5)
    claim = check(market, LEVEL, [other], prices=prices)

    # then
    assert claim["actual_on_date"] == 5.5
    assert claim["verdict_on_date"] == "definition_dependent"
    assert claim["verdict_latest"] == "confirmed"
    assert "first 5.5 agrees, second 7.0 disagrees" in claim["note"]


def test_second_reading_that_cannot_be_measured_does_not_count(market: Market) -> None:
    # given
    other = LEVEL | {"symbol_or_pair": "^RUT", "reading": "second"}
    claim = check(market, LEVEL, [other], prices=values(LEVEL, 1, 5.5))

    # then it is named
    assert claim["verdict_on_date"] == "confirmed"
    assert "second not measurable, because there is no value" in claim["note"]


def test_own_reading_must_be_measurable(market: Market) -> None:
    # given
    other = LEVEL | {"symbol_or_pair": "^RUT", "reading": "second"}
    key = {"metric": LEVEL["metric"], "symbol_or_pair": "^RUT"}
    claim = check(market, LEVEL, [other], prices=values(key, 1, 5.5))

    # then
    assert claim["verdict_on_date"] == "not_measurable"


def test_low_coverage_is_not_judged_and_leaves_the_latest_session_behind(market: Market) -> None:
    # given the newest session covers too few
    members = values(BREADTH, 5, 5.5, coverage_pct=80.0, is_membership_backfilled=True)
    members += [BREADTH | {"observed_on": DAYS[2], "value": 9.0, "coverage_pct": 74.9}]
    claim = check(market, BREADTH, members=members)

    # then
    assert claim["latest_session"] == STATED
    assert (claim["actual_latest"], claim["verdict_latest"]) == (5.5, "confirmed")
    assert claim["note"].endswith("on 2026-01-27 first 5.5 agrees (of members known later).")


def test_claim_may_ask_for_more_coverage_than_the_floor(market: Market) -> None:
    # given
    members = values(BREADTH, 5, 5.5, coverage_pct=80.0)
    claim = check(market, BREADTH | {"min_coverage_pct": 90}, members=members)

    # then
    assert claim["verdict_on_date"] == claim["verdict_latest"] == "not_measurable"
    assert claim["latest_session"] is None
    assert claim["actual_on_date"] is None


def test_history_that_starts_too_late_decides_nothing(market: Market) -> None:
    # given
    prices = values(LEVEL, 5, 5.5, 5.5, history_start=date(2016, 6, 28))
    claim = check(market, LEVEL | {"history_from": date(1996, 5, 31)}, prices=prices)

    # then
    assert claim["verdict_on_date"] == "not_measurable"
    assert "history starts 2016-06-28 and is needed from 1996-05-31 on" in claim["note"]


def test_unknown_metric_is_named(market: Market) -> None:
    # given
    claim = check(market, LEVEL | {"metric": "risk.vol"})

    # then
    assert claim["verdict_on_date"] == claim["verdict_latest"] == "not_measurable"
    assert "reference.claim_metric has no metric risk.vol" in claim["note"]


def test_scenario_is_never_evidence(market: Market) -> None:
    # given
    metric = "rate_sensitivity.net_margin_change_bp"
    claim = check(market, {"metric": metric, "symbol_or_pair": "SMALL"})

    # then
    assert claim["verdict_latest"] == "not_measurable"
    assert "it is a scenario" in claim["note"]


def test_remark_says_why_there_is_no_value(market: Market) -> None:
    # given
    consensus = values(GROWTH, None, None, None, horizon="CY2026", remark="figures differ")
    claim = check(market, GROWTH, consensus=consensus)

    # then
    assert "not measurable, because figures differ" in claim["note"]


def test_forecast_is_pending_until_it_comes_true(market: Market) -> None:
    # given a value in the range on the day before, and again later
    later = DAYS[2]
    forecast = LEVEL | {"due_on": date(2026, 2, 27)}
    claim = check(market, forecast, prices=values(LEVEL, 5.5, 1, 5.5))

    # then
    assert (claim["verdict_on_date"], claim["verdict_latest"]) == ("pending", "confirmed")
    assert claim["note"].endswith(f"the first time on {later} with 5.5.")


def test_forecast_stays_confirmed(market: Market) -> None:
    # given
    forecast = LEVEL | {"due_on": date(2026, 1, 29), "stated_on": DAYS[0]}
    claim = check(market, forecast, prices=values(LEVEL, 1, 5.5, 1))

    # then
    assert (claim["actual_latest"], claim["verdict_latest"]) == (1, "confirmed")


@pytest.mark.parametrize(
    ("due_on", "verdict"),
    [(date(2026, 1, 29), "pending"), (date(2026, 1, 28), "contradicted")],
)
def test_forecast_that_did_not_come_true_is_contradicted_on_its_last_day(
    market: Market, due_on: date, verdict: str
) -> None:
    # given
    claim = check(market, LEVEL | {"due_on": due_on}, prices=values(LEVEL, 1, 1, 1))

    # then
    assert claim["verdict_latest"] == verdict


def test_target_of_an_index_is_a_claim(market: Market) -> None:
    # given
    target = {"claim_id": "goal", "stated_on": STATED, "due_on": date(2026, 12, 31)}
    market.give("reference.index_target", [target | {"symbol": "^RUT", "target": 2825}])
    key = {"metric": "quote.close", "symbol_or_pair": "^RUT"}
    claim = check(market, None, prices=values(key, 2600, 2700, 2825))

    # then
    assert (claim["verdict_on_date"], claim["verdict_latest"]) == ("pending", "confirmed")
    assert "first time on 2026-01-28 with 2825.0" in claim["note"]


def test_claim_about_the_past_is_always_judged_on_its_day(market: Market) -> None:
    # given
    claim = check(market, LEVEL | {"is_about_the_past": True}, prices=values(LEVEL, 1, 5.5, 9))

    # then
    assert claim["latest_session"] == STATED
    assert (claim["actual_latest"], claim["verdict_latest"]) == (5.5, "confirmed")


def test_claim_that_is_not_stated_yet_is_pending(market: Market) -> None:
    # given
    claim = check(market, LEVEL, prices=values(LEVEL, 5.5), newest=DAYS[0])

    # then
    assert claim["verdict_on_date"] == claim["verdict_latest"] == "pending"
    assert "only stated on 2026-01-27" in claim["note"]


def consensus_of(day: str, known_at: str, value: float, horizon: str = "CY2026") -> Row:
    return GROWTH | {
        "observed_on": date.fromisoformat(day),
        "known_at": datetime.fromisoformat(known_at),
        "value": value,
        "horizon": horizon,
        "coverage_pct": 90.0,
    }


def test_consensus_counts_on_the_day_if_that_night_knew_it(market: Market) -> None:
    # given one that came a day late, and one of another horizon
    consensus = [
        consensus_of("2026-01-20", "2026-01-20 22:00", 5.5),
        consensus_of("2026-01-27", "2026-01-28 22:00", 9.0),
        consensus_of("2026-01-27", "2026-01-27 22:00", 7.0, "+1y"),
    ]
    claim = check(market, GROWTH, consensus=consensus)

    # then
    assert (claim["actual_on_date"], claim["verdict_on_date"]) == (5.5, "confirmed")
    assert (claim["actual_latest"], claim["verdict_latest"]) == (9, "contradicted")


def test_consensus_is_carried_for_ten_days(market: Market) -> None:
    # given one of eleven days before
    consensus = [consensus_of("2026-01-16", "2026-01-16 22:00", 5.5)]
    claim = check(market, GROWTH, consensus=consensus)

    # then the newest reading is that of its own day
    assert claim["verdict_on_date"] == "not_measurable"
    assert claim["latest_session"] == date(2026, 1, 16)


def test_later_sessions_change_nothing_on_the_claims_day() -> None:
    # given
    prices = values(LEVEL, 1, 5.5, 9)
    columns = ["actual_on_date", "verdict_on_date"]
    whole = check(Market(), LEVEL, prices=prices)
    then = check(Market(), LEVEL, prices=prices[:2], newest=STATED)

    # then
    assert list(whole[columns]) == list(then[columns])


def market_values(market: Market, *named: tuple[str, str]) -> pd.DataFrame:
    """The values of prices and rates for claims that name metrics and what they are of."""
    for number, (metric, symbol_or_pair) in enumerate(named):
        market.give(
            "reference.claim",
            [
                {
                    "claim_id": f"claim_{number}",
                    "stated_on": STATED,
                    "metric": metric,
                    "symbol_or_pair": symbol_or_pair,
                }
            ],
        )
    market.give("rotation.risk", [{"session": STATED, "symbol": "SPY"}])
    return market.build("rotation.claim_market_value")


def test_close_is_that_of_its_day_whatever_is_split_later(market: Market) -> None:
    # given closes of 400 and 440 that a 4:1 split on the last day divided
    quotes = core_quotes({"NVDA": [100, 110, 111]}, on("2025-12-31", "2026-01-27", "2026-01-28"))
    market.give("core.quote", quotes.assign(split_ratio=[None, None, 4.0]))
    built = market_values(market, ("quote.close", "NVDA"), ("quote.return_ytd_pct", "NVDA"))

    # then
    closes = built[built["metric"] == "quote.close"]
    assert list(closes["value"]) == [400, 440, 111]
    returns = built[built["metric"] == "quote.return_ytd_pct"]
    assert list(returns["value"])[1:] == pytest.approx([10, 11])
    assert returns["value"].iloc[0] is None


def test_longest_streak_of_the_month_outlives_its_end(market: Market) -> None:
    # given a long side that wins twice, loses, wins once
    market.give("reference.pair", [{"pair": "one", "long_symbol": "A", "short_symbol": "B"}])
    days = on("2026-01-22", "2026-01-23", "2026-01-26", "2026-01-27", "2026-01-28")
    market.give("core.quote", core_quotes({"A": [1, 2, 3, 2, 4], "B": [1] * 5}, days))
    built = market_values(
        market, ("streak.longest_1m_sessions", "one"), ("streak.longest_1m_since", "one")
    )

    # then without an earlier one as long, history's start stands
    longest = built[built["metric"] == "streak.longest_1m_sessions"]
    assert list(longest["value"]) == [1, 2, 2, 2]
    since = built[built["metric"] == "streak.longest_1m_since"]
    assert list(since["value"]) == [20260122] * 4
    assert set(since["history_start"]) == {days[0]}


def test_rates_are_measured_by_name_and_flag(market: Market) -> None:
    # given inflation of 2.5 % and 64 sessions later of 3 %, the Fed having paused
    regime = pd.DataFrame({"session": sessions(64, "2026-01-02")})
    regime["cpi_yoy_pct"] = [2.5] * 63 + [3.0]
    regime["stance"] = ["easing"] * 62 + ["paused"] * 2
    market.give("rotation.rate_regime", regime.assign(cycle_start=date(2024, 9, 18)))
    rise, start = "rate_regime.cpi_rise_while_paused_pct", "rate_regime.cycle_start"
    built = market_values(market, (rise, "US"), (start, "US"), ("rate_regime.is_easing", "US"))

    # then without a value 63 sessions before, only a stance that is not paused decides
    newest = built[built["observed_on"] == regime["session"].iloc[-1]].set_index("metric")["value"]
    assert newest.to_dict() == {rise: 0.5, start: 20240918, "rate_regime.is_easing": 0}
    assert list(built.loc[built["metric"] == rise, "value"].iloc[-3:]) == [0, None, 0.5]


def test_breadth_rests_on_the_worse_covered_end_of_a_comparison(market: Market) -> None:
    # given 22 sessions, the first with quotes for means of 40 % of the members
    breadth = pd.DataFrame({"session": sessions(22, "2026-01-02"), "cohort": "SMALL"})
    breadth["above_sma_50_pct"] = range(22)
    breadth["eligible_50_count"] = [4] + [8] * 21
    columns = {"coverage_pct": 90.0, "member_count": 10, "is_membership_backfilled": False}
    market.give("rotation.breadth", breadth.assign(**columns))
    market.give("rotation.concentration", [{"session": STATED, "cohort": "LARGE"}])
    metric = "breadth.above_sma_50_change_1m_pct"
    market.give(
        "reference.claim", [{"claim_id": "it", "metric": metric, "symbol_or_pair": "SMALL"}]
    )
    newest = market.build("rotation.claim_member_value").iloc[-1]

    # then
    assert (newest["value"], newest["coverage_pct"]) == (21, 40)


def test_comparison_with_the_seven_rests_on_the_worse_covered_side(market: Market) -> None:
    # given 90 % of the small companies with a return of a month, and five of the seven
    breadth = [
        {"cohort": "SMALL", "median_return_1m_pct": 5, "eligible_50_count": 9, "member_count": 10},
        {"cohort": "MAG7", "median_return_1m_pct": 2, "eligible_50_count": 5, "member_count": 7},
    ]
    columns = {"session": STATED, "coverage_pct": 100.0, "is_membership_backfilled": False}
    market.give("rotation.breadth", [row | columns for row in breadth])
    market.give("rotation.concentration", [{"session": STATED, "cohort": "LARGE"}])
    metric = "breadth.median_return_1m_less_mag7_pct"
    market.give(
        "reference.claim", [{"claim_id": "it", "metric": metric, "symbol_or_pair": "SMALL"}]
    )
    newest = market.build("rotation.claim_member_value").iloc[-1]

    # then
    assert newest["value"] == 3
    assert newest["coverage_pct"] == pytest.approx(100 * 5 / 7)


def test_growth_changes_against_the_year_before(market: Market) -> None:
    # given growth of 30 % in 2025 and 22 % in 2026, of which 80 % and 90 % are covered
    growth = [
        {
            "snapshot_date": STATED,
            "cohort": "MAG7",
            "horizon": horizon,
            "earnings_growth_pct": growth_pct,
            "coverage_pct": coverage_pct,
        }
        for horizon, growth_pct, coverage_pct in [("CY2025", 30, 80), ("CY2026", 22, 90)]
    ]
    market.give("rotation.earnings_growth", growth)
    for table in ("earnings_handoff", "valuation", "estimate_revision"):
        market.give(f"rotation.{table}", [{"snapshot_date": STATED}])
    market.give("core.estimate", [{"snapshot_date": STATED, "known_at": datetime(2026, 1, 27, 22)}])
    key = {"metric": "earnings_growth.growth_change_pct", "symbol_or_pair": "MAG7"}
    market.give("reference.claim", [key | {"claim_id": "it", "lookback": "CY2026"}])
    built = market.build("rotation.claim_consensus_value").iloc[0]

    # then
    assert (built["value"], built["coverage_pct"]) == (-8, 80)
    assert built["known_at"] == datetime(2026, 1, 27, 22)


def test_published_figures_are_told_and_no_value(market: Market) -> None:
    # given
    figures = [("A", 30.0), ("B", 50.0)]
    market.give(
        "reference.floating_rate_share",
        [
            {"cohort": "SMALL", "publisher": name, "as_of": STATED, "floating_share_pct": share}
            for name, share in figures
        ],
    )
    for table in ("earnings_growth", "earnings_handoff", "valuation", "estimate_revision"):
        market.give(f"rotation.{table}", [{"snapshot_date": STATED}])
    market.give("core.estimate", [{"snapshot_date": STATED}])
    key = {"metric": "floating_rate_share.floating_share_pct", "symbol_or_pair": "SMALL"}
    market.give("reference.claim", [key | {"claim_id": "it", "lookback": "newest"}])
    built = market.build("rotation.claim_consensus_value").iloc[0]

    # then
    assert built["value"] is None
    assert built["remark"] == "it is only published, in 2 figures from 30 % to 50 %"
