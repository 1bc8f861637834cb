"""The scorecard on the real input, against a second computation in plain pandas.

Without holdings and estimates: prices and rates hold enough of the weight to make a score.
"""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import recompute

from flows.sources import open_source
from warehouse.connect import FOLDER, open_build
from warehouse.land import land
from warehouse.materialize import Materializer
from warehouse.place import Place
from warehouse.reference import load_reference
from warehouse.run import Run
from warehouse.transform import read_transforms

DROP = Path(__file__).parents[2].parent / "shared/data/drop"
NEWEST = date(2026, 7, 2)

pytestmark = pytest.mark.skipif(not DROP.exists(), reason=f"{DROP} is absent")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A build file that knows the drop's funds, indices, followed stocks and rates."""
    place = Place.of(tmp_path_factory.mktemp("home"))
    place.make()
    source = open_source(str(DROP))
    run = Run("nightly", source.name, NEWEST, known_by=datetime(2026, 7, 31))
    instruments = recompute.read_reference(FOLDER / "reference", "instrument")
    quotes = source.fetch("quote", None, NEWEST)
    with open_build(place) as con:
        load_reference(con)
        land(con, "quote", quotes[quotes["symbol"].isin(instruments["symbol"])], run)
        land(con, "rate", source.fetch("rate", None, NEWEST), run)
        list(Materializer(con, read_transforms(), {"raw.quote", "raw.rate"}).run())
        yield con


def test_signals_and_score_are_those_of_the_contract(built: duckdb.DuckDBPyConnection) -> None:
    # given
    signals = built.execute("from rotation.scorecard_signal").df()
    scorecard = built.execute("from rotation.scorecard order by session").df()
    reference = recompute.read_reference(FOLDER / "reference", "scorecard_signal")
    sessions = pd.DatetimeIndex(scorecard["session"])

    # when each signal is read where the reference file says, and placed among its past
    expected = pd.DataFrame(
        {
            row.signal: row.sign * placed(values_of(built, row, sessions))
            for row in reference.itertuples()
        }
    )
    weight = reference.set_index("signal")["weight"]
    at_hand = expected.notna().astype(float) @ weight
    score = expected.fillna(0) @ weight / at_hand.where(at_hand > 0.6 - 1e-9)

    # then
    scores = signals.pivot(index="session", columns="signal", values="score")[expected.columns]
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(scorecard["score"], score, rtol=0, atol=1e-12)
    np.testing.assert_allclose(scorecard["coverage_pct"], 100 * at_hand, rtol=1e-9)
    assert score.notna().sum() > 2000
    regimes = regimes_of(score)
    assert list(scorecard["regime"].fillna("")) == list(regimes.fillna(""))
    assert set(regimes.dropna()) == {"rotation", "neutral", "mega_cap_leadership"}


def values_of(con: duckdb.DuckDBPyConnection, row: object, sessions: pd.DatetimeIndex) -> pd.Series:
    """The values of one signal on the sessions of its source; what is carried is not at hand."""
    if row.max_age_days:
        return pd.Series(np.nan, sessions)
    query = f"select session, {row.source_column} from {row.source_table} where {row.source_filter}"
    rows = con.execute(query).df()
    return rows.set_index("session")[row.source_column].reindex(sessions)


def placed(values: pd.Series) -> pd.Series:
    """Twice the share of the last 1,260 values that are not above each, less one."""
    known = values.dropna().to_numpy()
    scores = np.full(len(known), np.nan)
    for n in range(251, len(known)):
        window = known[max(0, n - 1259) : n + 1]
        scores[n] = 2 * np.mean(window <= known[n]) - 1
    return pd.Series(scores, values.dropna().index).reindex(values.index)


def regimes_of(score: pd.Series) -> pd.Series:
    """The regime of each session that has a score, by going through them."""
    regime, regimes = "neutral", []
    for value in score.dropna():
        if (regime == "rotation" and value < 0.10) or (
            regime == "mega_cap_leadership" and value > -0.10
        ):
            regime = "neutral"
        if value >= 0.25:
            regime = "rotation"
        if value <= -0.25:
            regime = "mega_cap_leadership"
        regimes.append(regime)
    return pd.Series(regimes, score.dropna().index).reindex(score.index)
