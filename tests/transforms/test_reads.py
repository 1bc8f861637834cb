"""What a night reads of funds' and rates' histories is enough for its rows, whatever is missing."""

from datetime import date, datetime, time, timedelta

import numpy as np
import pandas as pd
import pytest
from cases import cases
from hypothesis import given
from hypothesis import strategies as st
from market import Market, sessions, transforms

SYMBOLS = ("AAA", "BBB", "CCC")
SERIES = ("DGS2", "DGS10", "BAMLH0A0HYM2")
COUNT = 700

# Of each name how many sessions are missing at random, and how many in a stretch.
MISSING = st.tuples(
    st.sampled_from([0.0, 0.0, 0.01, 0.2, 0.5]),
    st.integers(0, COUNT),
    st.integers(0, 400),
    st.sampled_from([0.1, 0.5, 0.9, 1.0]),
)


def told(days: list[date], missing: tuple[float, int, int, float], seed: int) -> pd.DataFrame:
    """Values on some of the days, walking at random."""
    share, start, length, share_there = missing
    random = np.random.default_rng(seed)
    shares = np.full(len(days), share)
    shares[start : start + length] = share_there
    is_told = random.random(len(days)) >= shares
    values = 100 * np.exp(0.01 * random.standard_normal(len(days)).cumsum())
    return pd.DataFrame({"day": days, "value": values})[is_told]


@pytest.mark.parametrize("table", ["rotation.quadrant", "rotation.rate_beta"])
@cases(40)
@given(
    missing=st.lists(MISSING, min_size=6, max_size=6),
    newest=st.integers(1, 300),
    seed=st.integers(0, 2**16),
)
def test_what_a_night_reads_is_enough_for_its_rows(
    table: str, missing: list[tuple[float, int, int, float]], newest: int, seed: int
) -> None:
    # given funds and rates with holes
    market, days = Market(), sessions(COUNT, "2021-01-04")
    for number, symbol in enumerate(SYMBOLS):
        rows = told(days, missing[number], seed + number)
        rows = rows.rename(columns={"day": "session", "value": "close"})
        market.give("core.benchmark_quote", rows.assign(symbol=symbol))
    for number, series in enumerate(SERIES, start=3):
        rows = told(days, missing[number], seed + number)
        rows = rows.rename(columns={"day": "observation_date", "value": "value_pct"})
        known_at = [
            datetime.combine(day + timedelta(1), time(22)) for day in rows["observation_date"]
        ]
        market.give("raw.rate", rows.assign(series_id=series, known_at=known_at, run_id="first"))
    market.give("reference.pair", [{"pair": "a_vs_b", "long_symbol": "AAA", "short_symbol": "BBB"}])
    market.give(
        "reference.quadrant_member",
        [{"symbol": "AAA", "benchmark": "BBB"}, {"symbol": "CCC", "benchmark": "BBB"}],
    )
    since = days[-newest]

    # when all is read, and only what is declared
    transform = transforms()[table]
    assert transform.function
    enough, rows = transform.enough(since), []
    for relations in ({}, enough):
        frames = {
            name.replace(".", "_", 1): market.con.execute(f"from {relations.get(name, name)}").df()
            for name in transform.inputs
        }
        built = transform.function(**frames)
        built = built[pd.to_datetime(built["session"]) >= pd.Timestamp(since)]
        keys = list(transform.declaration.grain)
        rows.append(built.astype(dict.fromkeys(keys, "str")).sort_values(keys, ignore_index=True))

    # then
    pd.testing.assert_frame_equal(rows[1], rows[0], rtol=1e-9, atol=1e-9, check_dtype=False)
