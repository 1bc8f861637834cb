"""Signals and scorecard, on real and on simulated input, against a second computation in pandas."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import recompute
import recompute_scorecard
from compare import differences

from warehouse.connect import FOLDER

DROP = Path(__file__).parents[2].parent / "shared/data/drop"
FIRST, NEWEST = "2005-01-03", "2026-07-02"  # quotes of the drop

pytestmark = pytest.mark.skipif(not DROP.exists(), reason=f"{DROP} is absent")


@pytest.fixture(scope="module")
def reference() -> pd.DataFrame:
    return recompute.read_reference(FOLDER / "reference", "scorecard_signal")


@pytest.fixture(scope="module")
def signals(built: duckdb.DuckDBPyConnection, reference: pd.DataFrame) -> pd.DataFrame:
    return again(built, reference, FIRST, NEWEST)


def again(
    con: duckdb.DuckDBPyConnection, reference: pd.DataFrame, first: str, newest: str
) -> pd.DataFrame:
    """The signals recomputed from the other tables, from the first quote to the newest."""
    names = {*reference["source_table"], "rotation.earnings_growth"}
    tables = {name: con.execute(f"from {name}").df() for name in names}
    sessions = recompute.sessions()
    sessions = sessions[(sessions >= first) & (sessions <= newest)]
    return recompute_scorecard.signals(reference, tables, sessions)


def test_every_signal_is_that_of_the_contract(
    built: duckdb.DuckDBPyConnection, signals: pd.DataFrame
) -> None:
    key = ["session", "signal"]
    assert differences(built, "rotation.scorecard_signal", key, signals) == {}
    # and the ones of members are scored on sessions that knew the members, and on others
    scored = signals[signals["score"].notna()].groupby("signal")["is_membership_backfilled"]
    assert set(scored.nunique()[lambda flags: flags == 2].index) == {"small_above_sma_50"}
    assert len(scored) == 11


def test_every_score_and_regime_is_that_of_the_contract(
    built: duckdb.DuckDBPyConnection, signals: pd.DataFrame
) -> None:
    scorecard = recompute_scorecard.scorecard(signals)
    assert differences(built, "rotation.scorecard", ["session"], scorecard) == {}
    assert scorecard["score"].notna().sum() > 2000
    assert set(scorecard["regime"].dropna()) == {"rotation", "neutral", "mega_cap_leadership"}
    assert set(scorecard["is_membership_backfilled"]) == {False, True}


def test_simulated_market_has_the_signals_and_scores_of_the_contract(
    simulated: duckdb.DuckDBPyConnection, reference: pd.DataFrame
) -> None:
    # given a market with years of consensus, which the drop lacks
    first, newest = simulated.execute("select min(session), max(session) from raw.quote").fetchone()
    signals = again(simulated, reference, str(first), str(newest))
    scorecard = recompute_scorecard.scorecard(signals)

    # then
    key = ["session", "signal"]
    assert differences(simulated, "rotation.scorecard_signal", key, signals) == {}
    assert differences(simulated, "rotation.scorecard", ["session"], scorecard) == {}
    # and the consensus is carried, not used on too few members, and dropped when old
    for name in ("earnings_gap", "small_revision", "small_discount"):
        carried = signals[signals["signal"] == name]
        assert 0 < carried["value"].count() < carried["observed_on"].count() < len(carried)
        assert carried["value"].count() + carried["is_low_coverage"].sum() == (
            carried["observed_on"].count()
        )


def test_every_sentence_says_the_value_the_place_and_the_verdict(
    built: duckdb.DuckDBPyConnection, reference: pd.DataFrame
) -> None:
    # given every finding and sentence of a value
    rows = built.execute("from rotation.scorecard_signal where value is not null").df()
    rows = rows[["session", "signal", "value", "score", "finding", "reads"]]
    rows = rows.merge(reference, on="signal")

    # then each begins with the template that fits, and ranks and judges as the score does
    for row in rows.itertuples():
        template = row.reads_negative if row.value < 0 else row.reads_positive
        words = template.replace("{value}", f"{abs(row.value):.{row.decimals}f}")
        if not np.isnan(row.score):
            share = (row.sign * row.score + 1) / 2
            word = row.word_high if share >= 0.5 else row.word_low
            percent = np.floor(100 * max(share, 1 - share) + 1e-9)
            words += f" ({word} than {percent:.0f} % of the time)"
        assert row.finding == words
        assert row.reads.startswith(words[0].upper() + words[1:])
        assert ("speaks for" in row.reads) == (row.score >= 0.25)
        assert ("speaks against" in row.reads) == (row.score <= -0.25)
