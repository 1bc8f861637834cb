"""Nights run one after another give the same tables as one rebuild from what landed."""

from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from flows.sources import DATASETS
from flows.sources.demo import Demo
from warehouse import calendar
from warehouse.catalog import write_catalog
from warehouse.connect import open_build
from warehouse.land import land
from warehouse.materialize import Materializer
from warehouse.place import Place
from warehouse.reference import load_reference
from warehouse.run import Run
from warehouse.transform import Transform, read_transforms

LAST = date(2026, 6, 30)
TRANSFORMS = read_transforms()


@pytest.fixture(scope="module")
def market() -> dict[str, pd.DataFrame]:
    """Two years of a small simulated market, all that it says until LAST."""
    demo = Demo(symbols=60, years=2)
    return {dataset: demo.fetch(dataset, None, LAST) for dataset in DATASETS}


@pytest.fixture(scope="module")
def sessions(market: dict[str, pd.DataFrame]) -> list[date]:
    return [moment.date() for moment in sorted(market["quote"]["session"].unique())]


def run_night(
    con: duckdb.DuckDBPyConnection, frames: dict[str, pd.DataFrame], session: date
) -> list[str]:
    """Land and build as a flow does, in one transaction; gives what became of each table."""
    run = Run("nightly", "demo", session, calendar.night_ends(session), True)
    con.begin()
    load_reference(con)
    landed = {f"raw.{name}": land(con, name, frame, run).since for name, frame in frames.items()}
    materializer = Materializer(con, TRANSFORMS, landed)
    actions = [done.action for done in materializer.run()]
    write_catalog(con, TRANSFORMS, materializer.fingerprints)
    con.commit()
    return actions


def tables(con: duckdb.DuckDBPyConnection) -> dict[str, pd.DataFrame]:
    return {
        t.name: con.execute(f"from {t.name} order by {', '.join(t.declaration.grain)}").df()
        for t in TRANSFORMS
    }


def require_equal(transform: Transform, extended: pd.DataFrame, rebuilt: pd.DataFrame) -> None:
    """The same keys, labels and NULLs; numbers within 1e-9 of the larger of 1 and themselves."""
    assert len(extended) == len(rebuilt), transform.name
    for column in transform.declaration.columns:
        one, other = extended[column.name], rebuilt[column.name]
        where = f"{transform.name}.{column.name}"
        assert (one.isna() == other.isna()).all(), where
        if column.type == "double":
            error = (one - other).abs() / np.maximum(1, one.abs())
            assert not (error > 1e-9).any(), f"{where} differs by {error.max()}"
        else:
            assert (one.dropna() == other.dropna()).all(), where


@st.composite
def histories(draw: st.DrawFn, count: int) -> dict[str, object]:
    """How a market of `count` sessions reaches the warehouse: nights, late and restated rows."""
    night = st.integers(300, count - 1)
    place = st.tuples(st.integers(0, 93), st.integers(0, count - 1))
    return {
        "nights": sorted(draw(st.sets(night, min_size=2, max_size=4))),
        "first": draw(st.integers(0, 200)),  # where the first answer begins; later ones go back
        "late": draw(st.lists(place, max_size=3)),  # bars missing until the last night
        "restated": draw(st.lists(place, max_size=3)),  # closes corrected on the second night
        "silent": draw(st.integers(0, 93)),  # a symbol unknown until the last night
        "withheld": {  # rows told on the last night alone, as places from 0 to 1 in the answer
            name: draw(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=3))
            for name in ("rate", "estimate", "fundamental")
        },
    }


@settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # a night is too slow to shrink
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_nights_equal_a_rebuild(
    data: st.DataObject,
    market: dict[str, pd.DataFrame],
    sessions: list[date],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    history = data.draw(histories(len(sessions)))
    quotes = market["quote"]
    symbols = sorted(quotes["symbol"].unique())
    nights = [*history["nights"], len(sessions) - 1]
    place = Place(tmp_path_factory.mktemp("home"))
    place.make()
    with open_build(place) as con:
        for number, night in enumerate(nights):
            is_last = number == len(nights) - 1
            frame = answer(quotes, symbols, sessions, history, number, is_last)
            frames = {name: market[name] for name in DATASETS} | {"quote": frame}
            if not is_last:
                for name, places in history["withheld"].items():
                    rows = [int(place * len(frames[name])) for place in places]
                    frames[name] = frames[name].drop(frames[name].index[rows])
            actions = run_night(con, frames, sessions[night])
        assert "extended" in actions
        extended = tables(con)
        list(Materializer(con, TRANSFORMS, {}, rebuild=True).run())
        rebuilt = tables(con)
    for transform in TRANSFORMS:
        require_equal(transform, extended[transform.name], rebuilt[transform.name])


def answer(
    quotes: pd.DataFrame,
    symbols: list[str],
    sessions: list[date],
    history: dict,
    number: int,
    is_last: bool,
) -> pd.DataFrame:
    """What the source says on one night."""
    frame = quotes.copy()
    frame["symbol"] = frame["symbol"].astype(str)
    if number == 0:
        frame = frame[frame["session"] >= pd.Timestamp(sessions[history["first"]])]
    for symbol, session in history["restated"]:
        if number >= 1:
            bar = (frame["symbol"] == symbols[symbol]) & (
                frame["session"] == pd.Timestamp(sessions[session])
            )
            frame.loc[bar, ["open", "high", "low", "close"]] *= 1.01
    if not is_last:
        frame = frame[frame["symbol"] != symbols[history["silent"]]]
        for symbol, session in history["late"]:
            frame = frame[
                (frame["symbol"] != symbols[symbol])
                | (frame["session"] != pd.Timestamp(sessions[session]))
            ]
    return frame


def test_an_unchanged_answer_changes_nothing(
    market: dict[str, pd.DataFrame], sessions: list[date], tmp_path: Path
) -> None:
    place = Place(tmp_path)
    place.make()
    with open_build(place) as con:
        run_night(con, market, sessions[-1])
        before = tables(con)
        rows = con.execute("select count(*) from raw.quote").fetchone()

        actions = run_night(con, market, sessions[-1])

        assert set(actions) == {"kept"}
        assert con.execute("select count(*) from raw.quote").fetchone() == rows
        after = tables(con)
    for transform in TRANSFORMS:
        pd.testing.assert_frame_equal(before[transform.name], after[transform.name])
