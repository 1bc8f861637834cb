"""Rates, betas, events and scenarios are what a second computation from the contract gives.

The real input states nobody's debt, so its scenarios are empty; the simulated market's are not.
"""

from pathlib import Path

import duckdb
import pandas as pd
import pytest
import recompute
from compare import differences, uncompared
from recompute_company import World, read_drop, read_frames
from recompute_rates import policy_event, rate_beta, rate_regime, rate_sensitivity, read_rates

from warehouse.connect import FOLDER

DROP = Path(__file__).parents[2].parent / "shared/data/drop"
REFERENCE = FOLDER / "reference"
KEYS = {"policy_event": ["event_date", "pair"]}
KEYS |= {"rate_regime": ["session"], "rate_beta": ["session", "pair", "factor"]}
KEYS |= {"rate_sensitivity": ["snapshot_date", "cohort", "shock_bp"]}


def recomputed(
    world: World, rates: pd.DataFrame, con: duckdb.DuckDBPyConnection
) -> dict[str, pd.DataFrame]:
    """The tables by name; which sector a company is in stands as the product has it."""
    sectors = con.execute("select symbol, sector from core.instrument").df()
    members = recompute.read_reference(REFERENCE, "basket_member")
    quotes = recompute.quote(world.quotes, members)
    return {
        "rate_regime": rate_regime(rates, REFERENCE, quotes["session"].max()),
        "rate_beta": rate_beta(quotes, rates, REFERENCE),
        "policy_event": policy_event(quotes, REFERENCE),
        "rate_sensitivity": rate_sensitivity(world, sectors.set_index("symbol")["sector"]),
    }


@pytest.fixture(scope="module")
def of_drop(built: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    return recomputed(read_drop(DROP, REFERENCE), read_rates(DROP), built)


@pytest.fixture(scope="module")
def of_simulation(
    simulated: duckdb.DuckDBPyConnection, simulated_frames: dict[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    world = read_frames(simulated_frames, REFERENCE)
    return recomputed(world, simulated_frames["rate"], simulated)


@pytest.mark.skipif(not DROP.exists(), reason=f"{DROP} is absent")
@pytest.mark.parametrize("table", list(KEYS))
def test_real_input(
    built: duckdb.DuckDBPyConnection, of_drop: dict[str, pd.DataFrame], table: str
) -> None:
    expected = of_drop[table]
    assert differences(built, f"rotation.{table}", KEYS[table], expected) == {}
    assert uncompared(built, f"rotation.{table}", expected) == set()


@pytest.mark.parametrize("table", list(KEYS))
def test_simulated_market(
    simulated: duckdb.DuckDBPyConnection, of_simulation: dict[str, pd.DataFrame], table: str
) -> None:
    expected = of_simulation[table]
    assert differences(simulated, f"rotation.{table}", KEYS[table], expected) == {}
    assert uncompared(simulated, f"rotation.{table}", expected) == set()


def test_simulated_scenarios_say_something(of_simulation: dict[str, pd.DataFrame]) -> None:
    scenarios = of_simulation["rate_sensitivity"]
    assert scenarios["net_margin_change_bp"].notna().all()
    assert scenarios["net_income_change_pct"].notna().sum() > 0
    assert (scenarios["covered_count"] < scenarios["member_count"]).any()


@pytest.mark.skipif(not DROP.exists(), reason=f"{DROP} is absent")
def test_new_targets_begin_where_the_series_changes() -> None:
    decisions = recompute.read_reference(REFERENCE, "fed_decision")
    changes = decisions[(decisions["change_bp"] != 0) & (decisions["announced_at"] > "2009")]
    target = pd.read_csv(DROP / "rates/DFEDTARU.csv", index_col=0)["DFEDTARU"].dropna()
    moves = 100 * target.diff()
    assert list(changes["effective_date"]) == list(moves.index[moves.abs() > 0])
