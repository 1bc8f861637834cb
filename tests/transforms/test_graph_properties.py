"""What must hold of all tables together, whatever the market did."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import pandas as pd
import pytest
from cases import cases
from hypothesis import example, given
from hypothesis import strategies as st
from world import (
    LAST,
    Frames,
    Tables,
    World,
    day_of,
    keyed,
    require_same,
    simulated,
    trading_days,
    until,
)

from warehouse.connect import open_build
from warehouse.place import Place
from warehouse.reference import load_reference

# Every table with a row per session; a new one is to be added, and is compared from then on.
BY_SESSION = {
    "core.benchmark_quote",
    "core.quote",
    "core.session",
    "rotation.breadth",
    "rotation.breadth_count",
    "rotation.concentration",
    "rotation.quadrant",
    "rotation.rate_beta",
    "rotation.rate_regime",
    "rotation.relative_strength",
    "rotation.risk",
    "rotation.scorecard",
    "rotation.scorecard_signal",
    "rotation.streak",
    "rotation.today",
}
# What is in units of one share, and what tells of it.
PER_SHARE = {
    "core.quote": ["open", "high", "low", "close", "dividend", "volume", "split_ratio"],
    "core.benchmark_quote": ["close"],
    "core.estimate": [
        f"eps_{of}"
        for of in ("avg", "low", "high", "year_ago", "7d_ago", "30d_ago", "60d_ago", "90d_ago")
    ],
    "core.fundamental": ["shares_outstanding"],
    "rotation.member_value": ["close", "shares_outstanding"],
    "rotation.member_estimate": [
        "eps_avg",
        "eps_year_ago",
        "eps_30d_ago",
        "eps_90d_ago",
        "shares_outstanding",
    ],
    "rotation.member_earnings": ["eps", "base_eps", "shares_outstanding"],
    "rotation.today": ["claims_confirmed", "claims_contradicted", "claims_open"],
}
PRICES = ["open", "high", "low", "close", "adj_close", "dividend"]
RETURNS = {
    "core.quote": ["close", "return_pct", "total_return_pct"],
    "core.benchmark_quote": ["close", "return_pct"],
    "rotation.relative_strength": [
        f"excess_{span}_pct" for span in ("1d", "5d", "1m", "3m", "6m", "12m", "ytd")
    ],
    "rotation.streak": ["excess_1d_pct", "streak_sessions", "streak_excess_pct", "min_margin_bp"],
    "rotation.breadth": ["median_return_1m_pct", "equal_weight_return_1d_pct"],
    "rotation.risk": ["vol_21d_pct", "vol_63d_pct", "vol_252d_pct", "beta_252d", "corr_63d"],
    "rotation.rate_beta": ["beta_pct_per_bp", "t_stat"],
}
EPS = PER_SHARE["core.estimate"]

few = cases(1, is_shrunk=False)  # a market is too slow to shrink


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The simulated market with bars missing here and there, two stops, and no price twice."""
    frames, random = simulated(), np.random.default_rng(11)
    quotes = frames["quote"].copy()
    quotes[PRICES] = quotes[PRICES].mul(1 + 1e-6 * random.random(len(quotes)), axis=0)
    is_missing = random.random(len(quotes)) < 0.01
    # A year's return has no base without the last close of the year before.
    is_missing &= (quotes["session"] != "2025-12-31").to_numpy()
    is_missing |= quotes["symbol"].isin(["KRE", "CAT"]) & (quotes["session"] > "2026-05-01")
    place = Place(tmp_path_factory.mktemp("world"))
    place.make()
    with open_build(place) as con:
        load_reference(con)
        yield World.of(con, frames | {"quote": quotes[~is_missing]})


def test_tables_by_session_are_all_compared(world: World) -> None:
    assert {name for name, t in keyed().items() if day_of(t) == "session"} == BY_SESSION
    # and there is something to compare in every column, but in what the simulation never has
    empty = {
        f"{name}.{column}"
        for name in keyed()
        for column, is_empty in world.whole[name].isna().all().items()
        if is_empty
    }
    assert empty == {"core.fundamental.net_debt_to_ebitda", "core.quote.is_final"}


@few
# MAG7_HOLD begins with the year 2025, and with its first return its base of the session before.
@given(day=st.dates(date(2025, 1, 2), date(2026, 6, 29)))
@example(day=date(2025, 12, 31))  # the last session of a year
@example(day=date(2026, 2, 3))  # claims have been stated
def test_later_data_changes_no_row(world: World, day: date) -> None:
    # given what was known by the night of a session
    session = max(other for other in trading_days() if other <= day)
    then = world.told((session, world.market))

    # then no row up to it has changed since
    for name, transform in keyed().items():
        if name != "rotation.today":  # which has a row of the newest session only
            old, new = (until(transform, table[name], session) for table in (then, world.whole))
            require_same(transform, old, new)
    assert list(then["rotation.today"]["session"]) == [pd.Timestamp(session)]
    require_filling(then, world.whole, session)


def require_filling(then: Tables, now: Tables, session: date) -> None:
    """What fills in later has only filled in: events, episodes, and verdicts of a claim's day."""
    key = ["event_date", "pair"]
    both = then["rotation.policy_event"].merge(
        now["rotation.policy_event"], on=key, how="left", suffixes=("", "_now")
    )
    for column in then["rotation.policy_event"].columns.difference(key):
        known = both[both[column].notna()]
        later = known[f"{column}_now"].rename(column)
        pd.testing.assert_series_equal(known[column], later, rtol=1e-9)

    key = ["pair", "trough_session"]
    both = then["rotation.episode"].merge(
        now["rotation.episode"], on=key, how="left", suffixes=("", "_now")
    )
    assert (both["confirmed_session"] == both["confirmed_session_now"]).all()
    assert (both["history_start"] == both["history_start_now"]).all()
    ended = both[~both["is_open"]]
    for column in ("peak_session", "end_session", "gain_pct", "duration_sessions"):
        later = ended[f"{column}_now"].rename(column)
        pd.testing.assert_series_equal(ended[column], later, rtol=1e-9)

    claims = then["rotation.claim_check"]
    stated = claims["stated_on"] <= pd.Timestamp(session)
    columns = ["claim_id", "actual_on_date", "verdict_on_date"]
    pd.testing.assert_frame_equal(
        claims.loc[stated, columns], now["rotation.claim_check"].loc[stated, columns]
    )


@few
@given(factors=st.lists(st.sampled_from([0.01, 0.25, 1.0, 3.0, 7.3]), min_size=100, max_size=100))
def test_unit_of_a_share_changes_no_return(world: World, factors: list[float]) -> None:
    # given each symbol's shares cut or joined, as if they always had been
    symbols = sorted(world.market["quote"]["symbol"].unique())
    unit = dict(zip(symbols, factors, strict=False))
    scaled = world.told((LAST, in_units(world.market, unit)))

    # then only what is per share differs
    for name, transform in keyed().items():
        one, other = (without_closes(name, table[name]) for table in (world.whole, scaled))
        require_same(transform, one, other, PER_SHARE.get(name, ()))


def in_units(frames: Frames, unit: dict[str, float], since: date = date.min) -> Frames:
    """Prices and earnings per share times a symbol's factor, shares over it.

    Prices of all days, as a vendor restates them; snapshots from `since` on.
    """
    quote, estimate, fundamental = (
        frames[name].copy() for name in ("quote", "estimate", "fundamental")
    )
    factor = quote["symbol"].map(unit).fillna(1.0)
    quote[PRICES] = quote[PRICES].mul(factor, axis=0)
    quote["volume"] = (quote["volume"] / factor).round().astype("int64")
    for snapshot, columns, sign in ((estimate, EPS, 1), (fundamental, ["shares_outstanding"], -1)):
        factor = snapshot["symbol"].map(unit).fillna(1.0) ** sign
        factor = factor.where(snapshot["snapshot_date"].dt.date >= since, 1.0)
        snapshot[columns] = snapshot[columns].mul(factor, axis=0)
    return frames | {"quote": quote, "estimate": estimate, "fundamental": fundamental}


def without_closes(
    name: str, table: pd.DataFrame, since: pd.Timestamp = pd.Timestamp.min
) -> pd.DataFrame:
    """Without the closes of a claim, which are in units of that day, from a day on."""
    if name != "rotation.claim_market_value":
        return table
    is_close = (table["metric"] == "quote.close") & (table["observed_on"] >= since)
    return table[~is_close].reset_index(drop=True)


@few
@given(
    day=st.sampled_from([date(2025, 4, 30), date(2025, 10, 31), date(2026, 4, 30)]),
    ratios=st.lists(st.sampled_from([4.0, 10.0, 1.5, 0.1]), min_size=100, max_size=100),
)
def test_split_changes_nothing_but_split_ratio(
    world: World, day: date, ratios: list[float]
) -> None:
    # given nights until the day before, and then every company's shares split: the source
    # restates all prices, and shares and estimates are of the new share from that day on
    companies = sorted(world.market["fundamental"]["symbol"].unique())
    ratio = dict(zip(companies, ratios, strict=False))
    restated = in_units(world.market, {symbol: 1 / by for symbol, by in ratio.items()}, day)
    quote = restated["quote"]
    splits = (quote["session"] == pd.Timestamp(day)) & quote["symbol"].isin(companies)
    quote.loc[splits, "split_ratio"] = quote.loc[splits, "symbol"].map(ratio)
    before = trading_days()[trading_days().index(day) - 1]

    # when
    split = world.told((before, world.market), (LAST, restated))

    # then
    for name, transform in keyed().items():
        one, other = (
            without_closes(name, table[name].copy(), pd.Timestamp(day))
            for table in (world.whole, split)
        )
        besides = list(PER_SHARE.get(name, ()))
        if name == "core.quote":
            one["split_ratio"] = other["split_ratio"] = 0.0
            besides.append("known_at")
        require_same(transform, one, other, besides)


@few
@given(seed=st.integers(0, 2**16), share=st.floats(0.001, 0.2))
def test_missing_quote_never_turns_into_a_zero(world: World, seed: int, share: float) -> None:
    # given fewer quotes
    quotes = world.market["quote"]
    is_missing = np.random.default_rng(seed).random(len(quotes)) < share
    is_missing &= (quotes["session"] < quotes["session"].max()).to_numpy()
    gapped = world.told((LAST, world.market | {"quote": quotes[~is_missing]}))
    gone = quotes[is_missing]

    # then they are no rows, of the symbol and of what is measured against it
    for name in ("core.quote", "core.benchmark_quote", "rotation.risk"):
        assert gone.merge(gapped[name], on=["symbol", "session"]).empty, name
    for side in ("long_symbol", "short_symbol"):
        strength = gapped["rotation.relative_strength"].rename(columns={side: "symbol"})
        assert gone.merge(strength, on=["symbol", "session"]).empty, side
    # nor members that stood still
    breadth = gapped["rotation.breadth"]
    counted = breadth[["advancers", "decliners", "unchanged"]].sum(axis=1)
    assert (counted == breadth["covered_count"]).all()
    assert breadth["unchanged"].sum() == 0
    # and no number is infinite, or 0 where no price is like another
    for name, transform in keyed().items():
        doubles = [c.name for c in transform.declaration.columns if c.type == "double"]
        assert not np.isinf(gapped[name][doubles]).any(axis=None), name
    for name, columns in RETURNS.items():
        assert (gapped[name][columns].dropna(how="all") != 0).all(axis=None), name
