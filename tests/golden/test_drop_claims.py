"""Verdicts on real and on simulated input, against a second computation in pandas."""

import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import recompute
import recompute_claims
from compare import differences

from warehouse.connect import FOLDER, open_build
from warehouse.materialize import Materializer
from warehouse.place import Place
from warehouse.transform import read_transforms

DROP = Path(__file__).parents[2].parent / "shared/data/drop"
NEWEST = pd.Timestamp("2026-07-02")
MEASURED = (
    "relative_strength",
    "streak",
    "breadth",
    "concentration",
    "rate_regime",
    "risk",
    "earnings_growth",
    "earnings_handoff",
    "estimate_revision",
    "valuation",
)
REFERENCE = ("claim", "claim_second_reading", "index_target", "claim_metric")
# A holiday, a Sunday, the first and last of a year, days of low coverage, the newest of all.
OTHER_DAYS = ("2025-07-04", "2025-11-30", "2025-12-31", "2026-01-02", "2026-06-29", "2026-07-02")

pytestmark = pytest.mark.skipif(not DROP.exists(), reason=f"{DROP} is absent")


@pytest.fixture(scope="module")
def tables(built: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    return measured(built)


def measured(con: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    """The tables that claims are measured in."""
    found = {f"rotation.{name}": con.execute(f"from rotation.{name}").df() for name in MEASURED}
    quotes = "select symbol, session, close, split_ratio from core.quote"
    known = "select snapshot_date, known_at from core.estimate"
    return found | {
        "core.quote": con.execute(quotes).df(),
        "core.estimate": con.execute(known).df(),
    }


@pytest.fixture(scope="module")
def evening() -> pd.Series:
    """When each session's night ends."""
    sessions = recompute.sessions()
    sessions = sessions[sessions <= NEWEST]
    return pd.Series(sessions + pd.Timedelta(hours=22, minutes=30), sessions)


@pytest.fixture
def reference() -> dict[str, pd.DataFrame]:
    return {name: recompute.read_reference(FOLDER / "reference", name) for name in REFERENCE}


def test_every_claim_has_the_verdicts_of_the_contract(
    built: duckdb.DuckDBPyConnection,
    tables: dict[str, pd.DataFrame],
    reference: dict[str, pd.DataFrame],
    evening: pd.Series,
) -> None:
    expected = recompute_claims.claim_check(reference, tables, NEWEST, evening)
    assert differences(built, "rotation.claim_check", ["claim_id"], expected) == {}


def test_simulated_market_has_the_verdicts_of_the_contract(
    simulated: duckdb.DuckDBPyConnection,
    reference: dict[str, pd.DataFrame],
    evening: pd.Series,
) -> None:
    newest = pd.Timestamp(simulated.execute("select max(session) from raw.quote").fetchone()[0])
    expected = recompute_claims.claim_check(reference, measured(simulated), newest, evening)
    assert differences(simulated, "rotation.claim_check", ["claim_id"], expected) == {}


def test_claims_of_other_days_have_the_verdicts_of_the_contract(
    build_file: Path,
    tables: dict[str, pd.DataFrame],
    reference: dict[str, pd.DataFrame],
    evening: pd.Series,
    tmp_path: Path,
) -> None:
    # given each claim on other days
    stated = {name: on_other_days(reference[name]) for name in ("claim", "index_target")}
    readings = on_other_days(reference["claim_second_reading"])
    given = reference | stated | {"claim_second_reading": readings}
    shutil.copyfile(build_file, Place(tmp_path).build)
    with open_build(Place(tmp_path)) as con:
        for name in (*stated, "claim_second_reading"):
            con.register("rows", given[name])
            con.execute(f"delete from reference.{name}")
            con.execute(f"insert into reference.{name} by name from rows")
            con.unregister("rows")

        # when
        order = [transform for transform in read_transforms() if "claim" in transform.name]
        list(Materializer(con, order, {}, rebuild=True).run())

        # then
        expected = recompute_claims.claim_check(given, tables, NEWEST, evening)
        assert differences(con, "rotation.claim_check", ["claim_id"], expected) == {}
    verdicts = expected[["verdict_on_date", "verdict_latest"]].to_numpy().ravel()
    assert len(set(verdicts)) == 5


def on_other_days(claims: pd.DataFrame) -> pd.DataFrame:
    """Each claim once per day of OTHER_DAYS; of a forecast, half of them due already."""
    copies = []
    for number, day in enumerate(OTHER_DAYS):
        copy = claims.assign(claim_id=claims["claim_id"] + "_" + day)
        if "stated_on" in copy:
            due_on = day if number % 2 else "2026-12-31"
            due_on = copy["due_on"].mask(copy["due_on"].notna(), due_on)
            copy = copy.assign(stated_on=day, due_on=due_on)
        copies.append(copy)
    return pd.concat(copies, ignore_index=True)
