"""The claims of the reference file, judged on the real input; each verdict was checked by hand."""

import shutil
from datetime import date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from flows.sources import DATASETS, open_source
from warehouse.calendar import night_ends
from warehouse.connect import FOLDER, open_build
from warehouse.land import land
from warehouse.materialize import Materializer
from warehouse.place import Place
from warehouse.reference import load_reference
from warehouse.run import Run
from warehouse.transform import Transform, read_transforms

DROP = Path(__file__).parents[2].parent / "shared/data/drop"
STATED, NEWEST = date(2026, 1, 27), date(2026, 7, 2)
CLOSES = ("aapl", "amd", "amzn", "bac", "goog", "meta", "msft", "nvda", "orcl", "tsla")
# On the claim's day, on the newest session, and that session.
VERDICTS = {
    "iwm_up": ("confirmed", "contradicted", NEWEST),
    "nasdaq_up": ("definition_dependent", "contradicted", NEWEST),
    "sp500_up": ("confirmed", "contradicted", NEWEST),
    "small_streak": ("confirmed", "confirmed", STATED),
    "small_streak_since_1996": ("not_measurable", "not_measurable", None),
    "breadth_expanding": ("confirmed", "definition_dependent", date(2026, 6, 22)),
    "average_company_ahead": ("confirmed", "confirmed", date(2026, 6, 22)),
    "small_earnings_growth": ("not_measurable", "not_measurable", None),
    "mag7_earnings_growth": ("not_measurable", "not_measurable", None),
    "small_earnings_ahead": ("not_measurable", "definition_dependent", NEWEST),
    "mag7_earnings_decelerating": ("not_measurable", "not_measurable", None),
    "target_lower": ("confirmed", "confirmed", NEWEST),
    "target_upper": ("confirmed", "confirmed", NEWEST),
    "easing_since_late_2025": ("contradicted", "contradicted", NEWEST),
    "easing_under_way": ("confirmed", "contradicted", NEWEST),
    "curve_steepening": ("confirmed", "contradicted", NEWEST),
    "debt_floating": ("not_measurable", "not_measurable", None),
    "cuts_lift_margins": ("not_measurable", "not_measurable", None),
    "cat_ahead": ("confirmed", "confirmed", NEWEST),
    "rok_ahead": ("confirmed", "confirmed", NEWEST),
    "banks_ahead": ("confirmed", "confirmed", date(2026, 5, 1)),
    "biotech_ahead": ("confirmed", "confirmed", NEWEST),
    "industrials_ahead": ("confirmed", "confirmed", NEWEST),
    "energy_ahead": ("confirmed", "confirmed", NEWEST),
    "materials_ahead": ("confirmed", "confirmed", NEWEST),
    "mag7_behind": ("confirmed", "confirmed", NEWEST),
    "mag7_dear": ("not_measurable", "definition_dependent", NEWEST),
    "mag7_dominance_receding": (
        "definition_dependent",
        "definition_dependent",
        date(2026, 5, 1),
    ),
    "small_more_volatile": ("confirmed", "confirmed", NEWEST),
    "inflation_pauses_fed": ("pending", "confirmed", NEWEST),
    "russell_2000_at_2825": ("pending", "confirmed", NEWEST),
} | {f"{symbol}_close": ("confirmed", "confirmed", STATED) for symbol in CLOSES}

pytestmark = pytest.mark.skipif(not DROP.exists(), reason=f"{DROP} is absent")


def build(con: duckdb.DuckDBPyConnection, session: date, known_by: datetime) -> None:
    """All that the claims and the newest scorecard need, up to `session`."""
    source = open_source(str(DROP))
    run = Run("nightly", source.name, session, known_by)
    load_reference(con)
    for dataset in DATASETS:
        land(con, dataset, source.fetch(dataset, None, session), run)
    list(Materializer(con, needed("rotation.today"), {}, rebuild=True).run())


def needed(table: str) -> list[Transform]:
    """The transforms of the table and of all that it reads, in order."""
    wanted = {table}
    order = read_transforms()
    for transform in reversed(order):
        if transform.name in wanted:
            wanted.update(transform.inputs)
    return [transform for transform in order if transform.name in wanted]


def test_every_claim_has_the_verdict_found_by_hand(built: duckdb.DuckDBPyConnection) -> None:
    rows = built.execute(
        "select claim_id, verdict_on_date, verdict_latest, latest_session from rotation.claim_check"
    ).fetchall()
    assert {claim: tuple(verdict) for claim, *verdict in rows} == VERDICTS


def test_night_of_the_claim_judged_as_the_newest_night_says(
    built: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    # given a home that knows nothing later
    place = Place.of(tmp_path)
    place.make()
    query = "select claim_id, actual_on_date, verdict_on_date from rotation.claim_check order by 1"
    with open_build(place) as con:
        build(con, STATED, night_ends(STATED))
        then = con.execute(query).df()

    # then members and rates that became known since change nothing
    pd.testing.assert_frame_equal(then, built.execute(query).df(), rtol=1e-9)


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ("russell_2000_at_2825", "the first time on 2026-05-05 with 2845.00"),
        ("small_streak_since_1996", "history starts 2016-06-28 and is needed from 1996-05-31 on"),
        ("debt_floating", "in 8 figures from 30 % to 50 %"),
        ("cuts_lift_margins", "it is a scenario, which is no evidence"),
        ("easing_since_late_2025", "first cut of the cycle 2024-09-18 disagrees"),
        ("small_earnings_ahead", "next fiscal year (+1y) with loss makers 24.1 agrees"),
        ("small_earnings_ahead", "next fiscal year (+1y) without loss makers -1.3 disagrees"),
        ("mag7_dear", "(in place of NTM P/E for its coverage) 4.6 disagrees"),
        ("inflation_pauses_fed", "the first time on 2026-04-10 with 0.59"),
        ("mag7_dear", "only 70 % of members are covered"),
        ("banks_ahead", "on 2026-05-01, the newest that can be measured"),
        ("average_company_ahead", "(of members known later)"),
        ("nasdaq_up", "^IXIC 2.47 agrees, QQQ 2.74 disagrees"),
    ],
)
def test_note_says_what_decided(built: duckdb.DuckDBPyConnection, claim: str, words: str) -> None:
    row = built.execute("select note from rotation.claim_check where claim_id = ?", [claim])
    assert words in row.fetchall()[0][0]


def test_every_metric_of_the_reference_file_is_measured(build_file: Path, tmp_path: Path) -> None:
    # given a claim on each, of something that the drop holds
    kinds = {"US": "US", "cohort": "LARGE", "pair": "small_vs_large", "symbol": "IWM"}
    kinds["cohort and horizon"] = "LARGE"
    kinds["small_vs_mag7 and horizon"] = "small_vs_mag7"
    metrics = pd.read_csv(FOLDER / "reference/claim_metric.csv")
    claims = pd.read_csv(FOLDER / "reference/claim.csv").head(1).drop(columns="metric")
    claims = claims.merge(metrics[metrics["caveat"].isna()][["metric", "keyed_by"]], how="cross")
    claims = claims.assign(
        claim_id=claims["metric"], symbol_or_pair=claims["keyed_by"].map(kinds), lookback="+1y"
    )
    order = [t for t in needed("rotation.claim_check") if "claim" in t.name]
    shutil.copyfile(build_file, Place(tmp_path).build)
    with open_build(Place(tmp_path)) as con:
        con.register("claims", claims.drop(columns="keyed_by"))
        con.execute("delete from reference.claim")
        con.execute("insert into reference.claim by name from claims")

        # when
        list(Materializer(con, order, {}, rebuild=True).run())
        measured = con.execute(
            """
            select metric from rotation.claim_market_value
            union
            select metric from rotation.claim_member_value
            union
            select metric from rotation.claim_consensus_value
            """
        ).fetchall()

    # then
    assert set(claims["metric"]) <= {metric for (metric,) in measured}


def test_today_is_one_row_of_the_newest_session(built: duckdb.DuckDBPyConnection) -> None:
    today = built.execute("from rotation.today").df()
    assert len(today) == 1
    assert today["session"].item() == pd.Timestamp(NEWEST)
    numbers = today.round(1).iloc[0]
    assert numbers["small_vs_large_ytd_pct"] == 11.7
    assert numbers["small_vs_large_streak_sessions"] == -4
    assert numbers["small_coverage_pct"] == 36.7
    assert numbers["earnings_gap_pct"] == 24.1
    assert numbers["earnings_gap_ex_losses_pct"] == -1.3
    assert (numbers["fed_target_lower_pct"], numbers["fed_target_upper_pct"]) == (3.5, 3.8)
    assert (numbers["claims_confirmed"], numbers["claims_contradicted"]) == (25, 6)
