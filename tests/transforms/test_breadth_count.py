"""What breadth counts, of one member that it stands for; and that members add up."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from cases import cases
from hypothesis import given
from hypothesis import strategies as st
from market import Market, Price, core_quotes, sessions, transforms

LONG_AGO = date(1990, 1, 2)


def build(market: Market, closes: Sequence[Price]) -> pd.DataFrame:
    """A cohort of AAA alone, from its second quote on."""
    market.give("reference.cohort", [{"cohort": "SMALL", "benchmark_symbol": "FUND"}])
    market.give(
        "core.cohort_member", [{"cohort": "SMALL", "symbol": "AAA", "valid_from": LONG_AGO}]
    )
    market.give("core.quote", core_quotes({"AAA": closes}))
    return market.build("rotation.breadth_count")


def test_21_session_return_needs_22_quotes(market: Market) -> None:
    # given
    counted = build(market, [100] * 21 + [107, 110])

    # then
    assert list(counted["median_return_1m_pct"]) == pytest.approx([None] * 20 + [7, 10])


def test_window_counts_quotes_and_not_sessions(market: Market) -> None:
    # given a session without a quote
    counted = build(market, [100, None] + [100] * 20 + [107])

    # then
    assert list(counted["session"]) == sessions(23)[2:]
    assert list(counted["median_return_1m_pct"]) == pytest.approx([None] * 20 + [7])


def test_close_is_above_its_mean_or_not_and_unknown_with_fewer_quotes(market: Market) -> None:
    # given 19 closes of 10, then one above, one below
    counted = build(market, [10] * 19 + [11, 9])

    # then
    assert list(counted["above_sma_20_pct"]) == [None] * 18 + [100, 0]
    assert set(counted["above_sma_50_pct"]) == {None}


def test_price_that_stands_still_is_not_above_its_mean(market: Market) -> None:
    # given a price whose mean floating point does not hit
    counted = build(market, [10.1] * 210)

    # then
    assert list(counted["above_sma_20_pct"]) == [None] * 18 + [0] * 191
    assert list(counted["above_sma_200_pct"]) == [None] * 198 + [0] * 11


def test_close_that_equals_its_mean_is_not_above_it(market: Market) -> None:
    # given nine closes of 0.1, nine of 0.3 and two of 0.2
    counted = build(market, [0.1] * 9 + [0.3] * 9 + [0.2] * 2)

    # then
    assert counted["above_sma_20_pct"].iloc[-1] == 0


def test_extremes_need_252_closes_and_look_no_further_back(market: Market) -> None:
    # given the highest close first and the lowest second, each out of sight 252 quotes later
    counted = build(market, [30, 1, *[10] * 249, 20, 20, 2, 10])

    # then
    assert set(counted["new_high_252"][:250]) == set(counted["new_low_252"][:250]) == {None}
    assert list(counted["new_high_252"][250:]) == [0, 1, 0, 0]
    assert list(counted["new_low_252"][250:]) == [0, 0, 1, 0]


def test_close_that_equals_an_extreme_is_at_it(market: Market) -> None:
    # given
    counted = build(market, [20, *[10] * 250, 20, 10])

    # then
    assert list(counted["new_high_252"][250:]) == [1, 0]
    assert list(counted["new_low_252"][250:]) == [0, 1]


def test_nothing_quoted_is_no_row(market: Market) -> None:
    market.give("reference.cohort", [{"cohort": "SMALL", "benchmark_symbol": "FUND"}])
    assert market.build("rotation.breadth_count").empty


# The same counts as windows of SQL.
TEXTBOOK = """
with measured as (
    select
        symbol,
        session,
        row_number() over bar as place,
        100 * (close / lag(close) over bar - 1) as return_1d_pct,
        100 * (close / lag(close, 21) over bar - 1) as return_1m_pct,
        case when place >= 20 then close > (1 + 1e-12) * avg(close) over (bar rows 19 preceding)
            end as is_above_20,
        case when place >= 200 then close > (1 + 1e-12) * avg(close) over (bar rows 199 preceding)
            end as is_above_200,
        case when place >= 252 then close >= max(close) over (bar rows 251 preceding)
            end as is_high,
        case when place >= 252 then close <= min(close) over (bar rows 251 preceding)
            end as is_low
    from core.quote
    window bar as (partition by symbol order by session)
)

select
    f.session,
    m.cohort,
    count(*) as covered_count,
    sum(m.weight_pct) as covered_weight_pct,
    count(*) filter (f.return_1d_pct > 0) as advancers,
    count(*) filter (f.return_1d_pct < 0) as decliners,
    count(f.is_above_20) as eligible_20_count,
    100 * avg(f.is_above_20::integer) as above_sma_20_pct,
    100 * avg(f.is_above_200::integer) as above_sma_200_pct,
    sum(f.is_high::integer) as new_high_252,
    sum(f.is_low::integer) as new_low_252,
    median(f.return_1m_pct) as median_return_1m_pct,
    100 * avg((f.return_1m_pct > b.return_1m_pct)::integer) as outperforming_1m_pct,
    avg(f.return_1d_pct) as equal_weight_return_1d_pct
from measured as f
inner join core.cohort_member as m
    on
        f.symbol = m.symbol
        and (f.session >= m.valid_from or m.valid_from = $first)
        and f.session <= coalesce(m.valid_to, 'infinity')
left join measured as b on b.symbol = 'S0' and f.session = b.session
where f.return_1d_pct is not null
group by all
order by all
"""


@cases(25)
@given(
    seed=st.integers(0, 2**32),
    symbols=st.integers(1, 8),
    count=st.integers(2, 300),
    share=st.sampled_from([0.3, 0.95, 1.0]),
    parts=st.integers(1, 4),
    at_once=st.sampled_from([100, 65_536]),
)
def test_parts_add_up_to_what_the_textbook_says(
    seed: int, symbols: int, count: int, share: float, parts: int, at_once: int
) -> None:
    # given closes in dimes with gaps, in any order, and two files of members, some with weights
    random = np.random.default_rng(seed)
    names, days = [f"S{number}" for number in range(symbols)], sessions(count)
    quotes = pd.DataFrame(
        [(name, day) for name in names for day in days], columns=["symbol", "session"]
    )
    quotes["close"] = (50 + np.abs(random.integers(-3, 4, len(quotes)).cumsum())) / 10
    quotes = quotes[random.random(len(quotes)) < share].sample(frac=1, random_state=seed % 2**31)
    middle = days[count // 2]
    market = Market()
    market.give("core.quote", quotes)
    market.give("core.benchmark_quote", quotes[quotes["symbol"] == "S0"])
    market.give("reference.cohort", [{"cohort": "SMALL", "benchmark_symbol": "S0"}])
    for valid_from, valid_to in ((days[0], middle - timedelta(1)), (middle, None)):
        members = pd.DataFrame({"symbol": names, "weight_pct": random.random(symbols)})
        members = members[random.random(symbols) < 0.8]
        members.loc[random.random(len(members)) < 0.3, "weight_pct"] = None
        span = {"cohort": "SMALL", "valid_from": valid_from, "valid_to": valid_to}
        market.give("core.cohort_member", members.assign(**span))
    (first,) = market.con.execute("select min(valid_from) from core.cohort_member").fetchone()
    expected = market.con.execute(TEXTBOOK, {"first": first}).df()

    # when each symbol falls to one of some parts, which take some of theirs at a time
    transform = transforms()["rotation.breadth_count"]
    assert transform.part
    assert transform.function
    transform.part.__globals__["AT_ONCE"] = at_once
    market.build("core.cohort_file")
    frames = {name: market.con.table(name).df() for name in transform.inputs}
    dealt = pd.Series(random.integers(0, parts, symbols), names)
    falls_to = frames["core.quote"]["symbol"].map(dealt)
    told = [
        transform.part(
            **{
                name.replace(".", "_", 1): rows[falls_to == number]
                if name == "core.quote"
                else rows
                for name, rows in frames.items()
            }
        )
        for number in range(parts)
    ]
    counted = transform.function(iter(told)).sort_values("session", ignore_index=True)

    # then
    pd.testing.assert_frame_equal(
        counted[expected.columns], expected, check_dtype=False, rtol=1e-9, atol=1e-9
    )
