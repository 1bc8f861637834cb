from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from market import Market, Price, sessions, transforms

from warehouse.connect import FOLDER

SIGNALS = pd.read_csv(FOLDER / "reference/scorecard_signal.csv", keep_default_na=False)
PRICE = "rotation.relative_strength"


@pytest.fixture
def market() -> Market:
    """A warehouse with the signals as they stand, and nothing that they measure."""
    return without_input()


def without_input() -> Market:
    market = Market()
    made = ("rotation.scorecard_signal", "rotation.signal_observation")
    for table in {name for one in made for name in transforms()[one].inputs}:
        if table in transforms() and table not in made:
            market.con.execute(transforms()[table].declaration.create_statement)
            market.given.add(table)
    market.give("reference.scorecard_signal", SIGNALS)
    return market


def give_sessions(market: Market, days: Sequence[date]) -> None:
    market.give("core.session", [{"session": day} for day in days])
    market.give("core.benchmark_quote", [{"symbol": "SPY", "session": days[0], "close": 1.0}])


def of_excess(
    market: Market, values: Sequence[Price], pair: str = "small_vs_large"
) -> pd.DataFrame:
    """The signal of a pair's three-month excess; no row of the pair where the value is None."""
    days = sessions(len(values), "2010-01-04")
    give_sessions(market, days)
    rows = pd.DataFrame({"session": days, "excess_3m_pct": values}).dropna()
    market.give(PRICE, rows.assign(pair=pair, basis="price"))
    return read(market, f"{pair}_3m")


def give_gap(market: Market, snapshot: date, *, is_low_coverage: bool) -> None:
    """A gap of 3 points between the growth of small companies and the seven."""
    row = {"snapshot_date": snapshot, "horizon": "+1y", "gap_ex_losses_pct": 3.0}
    market.give("rotation.earnings_handoff", [{**row, "is_low_coverage": is_low_coverage}])


def read(market: Market, signal: str) -> pd.DataFrame:
    built = market.build("rotation.scorecard_signal")
    return built[built["signal"] == signal].reset_index(drop=True)


def test_score_needs_252_values(market: Market) -> None:
    # given
    signal = of_excess(market, [float(n) for n in range(252)])

    # then the highest of 252 is not exceeded by any
    assert signal["score"].iloc[250] is None
    assert signal["score"].iloc[251] == pytest.approx(1)


def test_score_is_twice_the_share_not_above_less_one(market: Market) -> None:
    # given 3 values below the last, 4 equal to it with itself, 248 above
    values = [float(n) for n in [0] * 3 + [1] * 3 + [2] * 248 + [1]]
    signal = of_excess(market, values)

    # then
    assert signal["score"].iloc[-1] == pytest.approx(2 * 7 / 255 - 1)


def test_score_looks_at_the_last_1260_values(market: Market) -> None:
    # given 10 high values, then rising ones, some sessions without
    rising = [float(n) for n in range(1259)]
    values: list[Price] = [5000.0] * 10 + rising[:100] + [None] * 5 + rising[100:] + [1259.0]
    signal = of_excess(market, values)

    # then the last is the first to have none of the high ones among its 1,260
    assert list(signal["score"].iloc[-2:]) == pytest.approx([2 * 1259 / 1260 - 1, 1])
    assert signal["history_start"].iloc[-1] == sessions(1, "2010-01-04")[0]


def test_sign_turns_what_favours_the_seven(market: Market) -> None:
    # given
    signal = of_excess(market, [float(n) for n in range(252)], pair="mag7_vs_sp500")

    # then
    assert signal["score"].iloc[-1] == pytest.approx(-1)


def test_value_of_a_session_is_not_carried_to_the_next(market: Market) -> None:
    # given
    signal = of_excess(market, [1.0, None, 2.0])

    # then
    assert list(signal["value"]) == [1, None, 2]
    assert list(signal["observed_on"]) == [signal["session"][0], None, signal["session"][2]]
    assert signal["reads"][1] == (
        "Small companies against the S&P 500 over three months: no value on this session."
    )


def test_snapshot_counts_from_its_day_on_for_ten_days(market: Market) -> None:
    # given a snapshot of a Sunday
    days = sessions(10, "2024-01-05")
    give_sessions(market, days)
    snapshot = date(2024, 1, 7)
    give_gap(market, snapshot, is_low_coverage=False)

    # when
    signal = read(market, "earnings_gap")

    # then
    carried = [snapshot <= day <= snapshot + timedelta(days=10) for day in days]
    assert list(signal["value"]) == [3 if is_carried else None for is_carried in carried]
    assert [day for day, is_carried in zip(days, carried, strict=True) if is_carried][-1] == date(
        2024, 1, 17
    )


def test_hand_off_on_few_members_is_not_used(market: Market) -> None:
    # given
    days = sessions(1)
    give_sessions(market, days)
    give_gap(market, days[0], is_low_coverage=True)

    # then
    signal = read(market, "earnings_gap").iloc[0]
    assert signal["value"] is None
    assert signal["is_low_coverage"] is True
    assert signal["reads"].endswith(": too few members are covered to use it.")


def test_revisions_known_of_few_members_are_not_used(market: Market) -> None:
    # given estimates of 80 members of 100, the revisions of 74
    days = sessions(1)
    give_sessions(market, days)
    row = {
        "snapshot_date": days[0],
        "cohort": "SMALL",
        "horizon": "0y",
        "member_count": 100,
        "is_low_coverage": False,
        "counted_count": 74,
        "revision_breadth_pct": 20.0,
    }
    market.give("rotation.estimate_revision", [row])

    # then
    assert read(market, "small_revision")["value"].item() is None


def test_valuation_needs_both_cohorts(market: Market) -> None:
    # given a discount to seven of which too few are covered
    days = sessions(1)
    give_sessions(market, days)
    row = {"snapshot_date": days[0], "discount_to_mag7_ex_losses_pct": -30.0}
    cohorts = [("SMALL", False), ("MAG7", True)]
    rows = [{**row, "cohort": name, "is_low_coverage": is_low} for name, is_low in cohorts]
    market.give("rotation.valuation", rows)

    # then
    assert read(market, "small_discount")["value"].item() is None


@pytest.mark.parametrize(
    ("covered_low", "with_50_quotes", "value"),
    [(False, 75, 60), (False, 74, None), (True, 75, None)],
)
def test_breadth_on_few_members_is_not_used(
    market: Market, covered_low: bool, with_50_quotes: int, value: Price
) -> None:
    # given a cohort of 100
    days = sessions(1)
    give_sessions(market, days)
    row = {
        "session": days[0],
        "cohort": "SMALL",
        "member_count": 100,
        "eligible_50_count": with_50_quotes,
        "above_sma_50_pct": 60.0,
        "is_low_coverage": covered_low,
        "is_membership_backfilled": True,
    }
    market.give("rotation.breadth", [row])

    # then
    signal = read(market, "small_above_sma_50").iloc[0]
    assert signal["value"] == value
    assert signal["is_low_coverage"] == (value is None)
    assert signal["is_membership_backfilled"] is True


def test_reads_says_the_value_its_place_and_a_verdict(market: Market) -> None:
    # given 251 equal values, then the lowest and, with 1 of 253 above it, a high one
    signal = of_excess(market, [9.0, *[2.04] * 250, -3.16, 4.0])

    # then
    assert list(signal["reads"].iloc[-3:]) == [
        "Small companies are 2.0 points ahead of the S&P 500 over three months; too few values so "
        "far to judge it.",
        "Small companies are 3.2 points behind the S&P 500 over three months (weaker than 99 % of "
        "the time), which speaks against a rotation.",
        "Small companies are 4.0 points ahead of the S&P 500 over three months (stronger than "
        "99 % of the time), which speaks for a rotation.",
    ]


def test_score_near_zero_says_little(market: Market) -> None:
    # given the middle of 253 values
    signal = of_excess(market, [*[float(n) for n in range(126)], *[999.0] * 126, 500.0])

    # then
    assert (
        signal["reads"]
        .iloc[-1]
        .endswith(" (stronger than 50 % of the time), which says little either way.")
    )


def test_whole_percent_is_told_as_it_is(market: Market) -> None:
    # given 171 of 300 values that are not above the last: 100 x 0.57 is 56.99999 in binary
    signal = of_excess(market, [*[1.0] * 170, *[9.0] * 129, 2.0])

    # then
    assert "(stronger than 57 % of the time)" in signal["reads"].iloc[-1]


def test_every_session_since_the_first_quote_has_every_signal_and_all_the_weight(
    market: Market,
) -> None:
    # given two sessions, the second of them the first that is quoted
    days = sessions(3)
    market.give("core.session", [{"session": day} for day in days])
    market.give("core.benchmark_quote", [{"symbol": "SPY", "session": days[1], "close": 1.0}])

    # when
    signals = market.build("rotation.scorecard_signal")

    # then
    by_session = signals.groupby("session")
    assert list(by_session.groups) == days[1:]
    assert set(by_session["signal"].nunique()) == {len(SIGNALS)}
    assert list(by_session["weight"].sum()) == pytest.approx([1, 1])


@pytest.mark.parametrize("signal", list(SIGNALS["signal"]))
def test_reference_says_what_is_read(market: Market, signal: str) -> None:
    # given a row of every source for each session, pair, cohort, symbol and horizon
    days = sessions(3)
    give_sessions(market, days)
    random = np.random.default_rng(1)
    for table in SIGNALS["source_table"].unique():
        market.give(table, filled(table, days, random))
    row = SIGNALS.set_index("signal").loc[signal]

    # when the reference row is taken at its word
    day = transforms()[row["source_table"]].declaration.grain[0]
    expected = market.con.execute(
        f"select {row['source_column']} from {row['source_table']} "
        f"where {row['source_filter']} order by {day}"
    ).fetchall()

    # then
    assert [(value,) for value in read(market, signal)["value"]] == expected


def filled(table: str, days: Sequence[date], random: np.random.Generator) -> pd.DataFrame:
    """A row per key that a signal may ask for, and per one that none does."""
    keys = {
        "pair": [*SIGNALS["source_filter"].str.extract(r"pair = '(\w+)'")[0].dropna(), "other"],
        "basis": ["price", "total_return"],
        "cohort": ["SMALL", "LARGE", "MAG7"],
        "symbol": ["IWM", "SPY"],
        "horizon": ["0y", "+1y"],
    }
    declaration = transforms()[table].declaration
    values = [keys.get(name, days) for name in declaration.grain]
    rows = pd.MultiIndex.from_product([list(dict.fromkeys(v)) for v in values]).to_frame(
        index=False, name=list(declaration.grain)
    )
    for column in declaration.columns:
        if column.type == "double":
            rows[column.name] = random.normal(size=len(rows))
        elif column.type == "boolean":
            rows[column.name] = False
        elif column.type == "bigint":
            rows[column.name] = 100
    return rows


def test_later_sessions_change_no_row() -> None:
    # given 270 values, missing ones among them, and their first 255 and 260
    random = np.random.default_rng(5)
    values = [None if random.random() < 0.03 else float(v) for v in random.normal(size=270)]
    whole = of_excess(without_input(), values)
    for count in (255, 260):
        beginning = of_excess(without_input(), values[:count])

        # then
        assert beginning.equals(whole.head(count))
