"""What the score is made of."""

from typing import Any

import duckdb

from flows.report import words
from flows.report.figure import Cell, Figure, Section, Table
from flows.report.query import Query

FULL = 0.1  # contribution that colours a cell in full: a tenth of the scale


def section(con: duckdb.DuckDBPyConnection) -> Section:
    """The section of the scorecard's signals."""
    query = Query.ask(con, "signals")
    rows = query.rows
    known = rows[rows["score"].notna()]
    lead = (
        f"{int((known['score'] >= 0.25).sum())} signals speak for a rotation, "
        f"{int((known['score'] <= -0.25).sum())} against it, "
        f"{int((known['score'].abs() < 0.25).sum())} say neither, and {len(rows) - len(known)} "
        "cannot be scored."
    )
    return Section("signals", "Score", lead, (_table(query),))


def _table(query: Query) -> Figure:
    def row(signal: Any) -> list[Cell]:
        has_score = signal.score == signal.score
        points = signal.contribution / 100
        said = signal.reads if isinstance(signal.reads, str) else "There is no value."
        if signal.is_membership_backfilled:
            said += " Counts members that were known only later."
        return [
            Cell(signal.name, hint=signal.signal_group),
            Cell(
                words.change(signal.score, 2),
                "" if has_score else "muted",
                share=max(-1.0, min(1.0, signal.score)) if has_score else None,
            ),
            Cell(f"{100 * signal.weight:.0f} %"),
            Cell(
                words.change(points, 2),
                share=max(-1.0, min(1.0, points / FULL)) if has_score else None,
            ),
            Cell(said, "flag" if signal.is_low_coverage else "", is_sentence=True),
            Cell(words.day(signal.observed_on)),
        ]

    return Figure(
        title="The signals, from most for a rotation to most against it",
        unit="Score from −1 to 1: the value's place among its last 1,260, signed so that 1 favours "
        "small companies. Points: its part of the score.",
        source="rotation.scorecard_signal",
        query=query,
        absent="No signal has a value yet.",
        table=Table(
            ["Signal", "Score", "Weight", "Points", "What it says", "Observed on"],
            [row(signal) for signal in query.records],
            is_wordy=True,
        ),
        is_wide=True,
    )
