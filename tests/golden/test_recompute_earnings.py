"""Earnings, valuation and concentration are what a second computation from the contract gives.

On the real input and on a simulated market: the real one has shares on its newest day alone and
no year-ago EPS, the other has every horizon, and faults in every column.
"""

from pathlib import Path

import duckdb
import pandas as pd
import pytest
import recompute_earnings
import recompute_value
from compare import differences, uncompared
from recompute_company import World, read_drop, read_frames

from warehouse.connect import FOLDER

DROP = Path(__file__).parents[2].parent / "shared/data/drop"
REFERENCE = FOLDER / "reference"
KEYS = {
    "earnings_growth": ["snapshot_date", "cohort", "horizon"],
    "earnings_handoff": ["snapshot_date", "horizon"],
    "estimate_revision": ["snapshot_date", "cohort", "horizon"],
    "valuation": ["snapshot_date", "cohort"],
    "concentration": ["session", "cohort"],
}


def recomputed(world: World) -> dict[str, pd.DataFrame]:
    growths = recompute_earnings.earnings_growth(world)
    return {
        "earnings_growth": growths,
        "earnings_handoff": recompute_earnings.earnings_handoff(world, growths),
        "estimate_revision": recompute_earnings.estimate_revision(world),
        "valuation": recompute_value.valuation(world),
        "concentration": recompute_value.concentration(world),
    }


@pytest.fixture(scope="module")
def of_drop() -> dict[str, pd.DataFrame]:
    return recomputed(read_drop(DROP, REFERENCE))


@pytest.fixture(scope="module")
def of_simulation(simulated_frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    return recomputed(read_frames(simulated_frames, REFERENCE))


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


def test_simulated_market_leaves_no_number_empty(of_simulation: dict[str, pd.DataFrame]) -> None:
    # A comparison of NULLs alone would prove nothing.
    for table, expected in of_simulation.items():
        assert (expected.notna().sum() >= len(expected) / 10).all(), table
    growths = of_simulation["earnings_growth"]
    covered = growths[growths["earnings_growth_pct"].notna()].groupby("horizon").size()
    assert set(covered.index) == {"0y", "+1y", "NTM", "CY2024", "CY2025", "CY2026", "CY2027"}
    assert growths["is_low_coverage"].nunique() == 2
    assert growths["is_membership_backfilled"].nunique() == 2
    assert of_simulation["earnings_handoff"]["handoff_since"].nunique() >= 5
