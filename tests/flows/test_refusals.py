"""What is refused is never published, is kept and shown, and does not hold back what comes next."""

import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from night import build

from expectations.gate import QualityResult
from flows.docs import docs_of, refusal_shown
from flows.gate import COVERAGE_FALL, check_tables
from flows.sources import DATASETS
from flows.sources.demo import Demo
from warehouse import calendar
from warehouse.land import land
from warehouse.outcome import note_outcome
from warehouse.place import DOCS, Place
from warehouse.publish import publish
from warehouse.run import Refused, Run, published_record, read_records
from warehouse.writing import writing

FIRST, SECOND, THIRD = date(2026, 6, 26), date(2026, 6, 29), date(2026, 6, 30)
Frames = Mapping[str, pd.DataFrame]


def night(place: Place, session: date, market: Frames, *, accept: bool = False) -> Run:
    """One night as the flow does it, without Prefect."""
    run = Run("nightly", "demo", session, calendar.night_ends(session), True)
    with writing(place, run) as con, refusal_shown(con, place, run):
        news = {}
        for dataset, frame in market.items():
            landed = land(con, dataset, frame, run)
            note_outcome(con, run, landed)
            news[f"raw.{dataset}"] = landed.since
        build(con, news)
        con.commit()
        check_tables.fn(con, place, run, accept)
        run.finish("published", f"Session {session} is published.")
        publish(con, place, run, {DOCS: docs_of(con, run, run.status, run.message)})
    return run


@pytest.fixture(scope="module")
def market() -> dict[str, pd.DataFrame]:
    demo = Demo(symbols=60, years=1)
    return {dataset: demo.fetch(dataset, None, THIRD) for dataset in DATASETS}


@pytest.fixture(scope="module")
def first(market: Frames, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose first night is published; copy it before writing."""
    home = tmp_path_factory.mktemp("first")
    night(Place(home), FIRST, market)
    return home


@pytest.fixture
def place(first: Path, tmp_path: Path) -> Place:
    shutil.copytree(first, tmp_path / "home", symlinks=True)
    return Place(tmp_path / "home")


def without(market: Frames, is_gone: pd.Series) -> Frames:
    return {**market, "quote": market["quote"][~is_gone]}


def late(market: Frames, symbols: list[str], since: date) -> Frames:
    """The market without the quotes of `symbols` from `since` on."""
    quotes = market["quote"]
    gone = quotes["symbol"].astype(str).isin(symbols)
    return without(market, gone & (quotes["session"] >= pd.Timestamp(since)))


def results(file: Path, run_id: str) -> dict[str, QualityResult]:
    with duckdb.connect(file, read_only=True) as con:
        rows = con.execute(
            "select * exclude (run_id) from ops.quality_result where run_id = ?", [run_id]
        ).fetchall()
    return {row[1]: QualityResult(*row) for row in rows}


def refused(place: Place) -> str:
    """The id of the last run, which was refused."""
    record = read_records(place)[-1]
    assert record["status"] == "refused"
    return record["run_id"]


def test_a_refused_night_leaves_the_last_publication(place: Place, market: Frames) -> None:
    # given a vendor that has no NVDA on the second session
    before = place.current.readlink()
    held_up = late(market, ["NVDA"], SECOND)

    # when its night runs
    with pytest.raises(Refused, match=r"core\.quote: required symbols are quoted") as refusal:
        night(place, SECOND, held_up)

    # then readers have what they had, and the operator a page and every result
    run_id = refused(place)
    assert place.current.readlink() == before
    assert published_record(place)["session"] == str(FIRST)
    assert [path.name for path in place.published.iterdir()] == [before.name]
    page = place.find_docs(run_id)
    assert page == place.runs / run_id / DOCS
    assert str(refusal.value) in page.read_text().replace("&#39;", "'").replace("&#34;", '"')
    kept = results(place.build, run_id)
    assert kept["required symbols are quoted for the session"].unexpected_count == 1
    assert len(kept) > 200

    # when the quote comes, and the night runs again
    again = night(place, SECOND, market)

    # then it is published, with the results of the refused run and its own
    assert published_record(place)["session"] == str(SECOND)
    assert (place.current / DOCS).is_file()
    assert results(place.warehouse, run_id).keys() == kept.keys()
    assert all(
        r.success
        for r in results(place.warehouse, again.run_id).values()
        if r.severity == "critical"
    )


def test_a_batch_beyond_the_limit_leaves_no_row(place: Place, market: Frames) -> None:
    quotes = market["quote"].copy()
    quotes["close"] = quotes["close"].astype(object)
    bad = quotes["symbol"].astype(str).str.startswith("S00")
    quotes.loc[bad, "close"] = "n/a <b>"

    with pytest.raises(Refused, match=r"dataset quote is refused whole .* close is not a double"):
        night(place, SECOND, {**market, "quote": quotes})

    run_id = refused(place)
    assert published_record(place)["session"] == str(FIRST)
    with duckdb.connect(place.build, read_only=True) as con:
        for dataset in DATASETS:
            landed = f"select count(*) from raw.{dataset} where run_id = '{run_id}'"
            assert con.execute(landed).fetchone() == (0,), dataset
        aside = con.execute("select count(*) from ops.quarantine where run_id = ?", [run_id])
        assert aside.fetchall()[0][0] > 1000
        outcomes = con.execute(
            "select key, outcome from ops.source_outcome where run_id = ?", [run_id]
        )
        assert dict(outcomes.fetchall())["quote"] == "refused"
    page = place.find_docs(run_id)
    assert page is not None
    assert "n/a &lt;b&gt;" in page.read_text()
    night(place, SECOND, market)
    assert published_record(place)["session"] == str(SECOND)


def test_a_fall_of_coverage_stops_until_it_is_accepted(place: Place, market: Frames) -> None:
    # given that half of the small companies are quoted no more
    gone = [f"S{number:03d}" for number in range(1, 13)]
    fallen = late(market, gone, SECOND)

    # then neither that night nor the next is published, each held against the first
    for session in (SECOND, THIRD):
        with pytest.raises(Refused, match="rotation nightly --accept-coverage-fall"):
            night(place, session, fallen)
        failed = results(place.build, refused(place))[COVERAGE_FALL]
        assert "cohort SMALL" in failed.detail
    assert published_record(place)["session"] == str(FIRST)

    # when somebody accepts it
    run = night(place, THIRD, fallen, accept=True)

    # then it is published with a warning, and is what later nights are held against
    found = results(place.warehouse, run.run_id)
    assert not found["coverage is within 20 points of the last publication"].success
    assert found[COVERAGE_FALL].success


def test_an_unexplained_restatement_holds_back_its_session_only(
    place: Place, market: Frames
) -> None:
    quotes = market["quote"].copy()
    restated = (quotes["symbol"].astype(str) == "IWM") & (quotes["session"] == pd.Timestamp(FIRST))
    quotes.loc[restated, ["open", "high", "low", "close", "adj_close"]] *= 1.01
    changed = {**market, "quote": quotes}

    for _ in range(2):  # the rerun meets nothing new, and is held back all the same
        with pytest.raises(Refused, match="restated without an explanation"):
            night(place, SECOND, changed)
    assert published_record(place)["session"] == str(FIRST)

    night(place, THIRD, changed)
    assert published_record(place)["session"] == str(THIRD)


def test_raw_rows_that_are_lost_stop(place: Place, market: Frames) -> None:
    with duckdb.connect(place.build) as con:
        con.execute("delete from raw.rate where series_id = 'SOFR'")
    lost = market["rate"][market["rate"]["series_id"].astype(str) != "SOFR"]

    with pytest.raises(Refused, match=r"raw\.rate: no row that landed is lost"):
        night(place, SECOND, {**market, "rate": lost})
