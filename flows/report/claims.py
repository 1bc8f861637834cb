"""What has been claimed about the rotation, and whether it is so."""

from datetime import datetime
from typing import Any

import duckdb
import pandas as pd

from flows.report import words
from flows.report.figure import Cell, Figure, Section, Table, Tone
from flows.report.query import Query

UNITS = {
    "percent": "%",
    "percent points": "pts",
    "percent a year": "% a year",
    "percent points a year": "pts a year",
    "basis points": "bp",
    "deviations": "σ",
    "ratio": "",
    "USD or points": "",
}


def section(con: duckdb.DuckDBPyConnection) -> Section:
    """The section of claims."""
    query = Query.ask(con, "claims")
    counts = query.rows["verdict_latest"].value_counts()
    parts = [f"{count} {words.named(verdict)}" for verdict, count in counts.items()]
    lead = f"{len(query.rows)} claims by today's data: {words.listed(parts)}." if parts else ""
    return Section("claims", "Claims", lead or "No claim is listed.", (_table(query),))


def _table(query: Query) -> Figure:
    def row(claim: Any) -> list[Cell]:
        return [
            Cell(claim.statement, hint=f"{claim.source}, {words.day(claim.stated_on)}"),
            Cell(_measured(claim.actual_on_date, claim)),
            _verdict(claim.verdict_on_date),
            Cell(_measured(claim.actual_latest, claim)),
            _verdict(claim.verdict_latest),
            Cell(claim.note if isinstance(claim.note, str) else "", "muted", is_sentence=True),
        ]

    return Figure(
        title="What was said, and what the data say",
        unit="Each claim by what its own night knew, and by the newest session that can be "
        "measured. A verdict is never forced.",
        source="rotation.claim_check, reference.claim",
        query=query,
        absent="No claim is listed in reference.claim.",
        table=Table(
            ["Claim", "On its day", "Verdict then", "Now", "Verdict now", "Why"],
            [row(claim) for claim in query.records],
            is_wordy=True,
        ),
        is_wide=True,
    )


def _verdict(verdict: Any) -> Cell:
    tone: Tone = verdict if verdict in ("confirmed", "contradicted") else "open"
    return Cell(words.named(verdict), tone)


def _measured(value: float, claim: Any) -> str:
    """A measured value in the claim's unit; a date is written as the number 20260127."""
    if pd.isna(value):
        return ""
    match claim.unit:
        case "date":
            return words.day(datetime.strptime(f"{value:.0f}", "%Y%m%d"))
        case "flag":
            return "yes" if value else "no"
    decimals = 0 if pd.isna(claim.decimals) else int(claim.decimals)
    unit = claim.unit if isinstance(claim.unit, str) else ""
    return words.number(value, decimals, UNITS.get(unit, unit))
