"""How many members of each cohort take part."""

from typing import Any

import altair as alt
import duckdb
import pandas as pd

from flows.report import drawing, words
from flows.report.figure import Cell, Figure, Section, Table
from flows.report.query import Query

COHORTS = ("SMALL", "LARGE", "MAG7")
MEASURES = {
    "above_sma_50_pct": "above their 50-session mean, %",
    "above_sma_20_pct": "above their 20-session mean, %",
    "above_sma_200_pct": "above their 200-session mean, %",
    "outperforming_1m_pct": "ahead of their index over 1 month, %",
    "net_new_high_pct": "new highs less new lows of a year, %",
    "median_return_1m_pct": "median return over 1 month, %",
    "mcclellan": "McClellan oscillator",
}


def section(con: duckdb.DuckDBPyConnection) -> Section:
    """The section of breadth."""
    query = Query.ask(con, "breadth")
    rows = query.rows
    now = rows[rows["session"] == rows["session"].max()].set_index("cohort")
    return Section("breadth", "Breadth", _lead(now), (_chart(query), _table(query, now)))


def _lead(now: pd.DataFrame) -> str:
    parts = [
        f"{words.number(now.above_sma_50_pct[cohort], 0)} % of {words.SPOKEN[cohort]}"
        for cohort in COHORTS
        if cohort in now.index and not pd.isna(now.above_sma_50_pct[cohort])
    ]
    if not parts:
        return "No cohort has enough quotes to count its members."
    return f"Above their 50-session mean: {words.listed(parts)}."


def _notes(query: Query, now: pd.DataFrame) -> list[str]:
    notes = [
        f"{words.named(cohort)}: only {now.coverage_pct[cohort]:.0f} % of the members are quoted "
        f"on {words.day(query.as_of)}; the scorecard does not use the number."
        for cohort in now.index[now["is_low_coverage"].astype(bool)]
    ]
    rows = query.rows
    for cohort, own in rows[rows["is_membership_backfilled"].astype(bool)].groupby("cohort"):
        notes.append(
            f"{words.named(cohort)}: up to {words.day(own['session'].max())} the members are those "
            "of a later holdings file (dashed): who has left since is missing."
        )
    return notes


def _chart(query: Query) -> Figure:
    measure = alt.param(
        "measure",
        value="above_sma_50_pct",
        bind=alt.binding_select(
            options=list(MEASURES), labels=list(MEASURES.values()), name="Members"
        ),
    )
    base = drawing.within(alt.Chart(drawing.data(query.name))).transform_calculate(
        value="datum[measure]",
        firm="datum.is_low_coverage || datum.is_membership_backfilled ? null : datum.value",
    )
    colour = alt.Color(
        "cohort:N",
        legend=None,
        scale=alt.Scale(domain=list(COHORTS), range=[drawing.COLOURS[c] for c in COHORTS]),
    )
    drawn = [
        base.mark_line(strokeDash=dash, strokeWidth=width).encode(
            x=drawing.sessions(), y=drawing.value(column), color=colour
        )
        for column, dash, width in (("value", [3, 2], 1.2), ("firm", [1, 0], 1.7))
    ]
    wide = base.transform_pivot("cohort", value="value", groupby=["session"])
    tooltip = drawing.tips({cohort: (words.named(cohort), ".1f") for cohort in COHORTS})
    chart = alt.layer(*drawn, drawing.hover(wide, tooltip)).add_params(
        drawing.horizon("1y", ("6m", "1y", "2y", "5y", "all")), measure
    )
    return Figure(
        title="Breadth of small companies, large companies and the seven",
        unit="Share of covered members, or as chosen. Daily for two years, weekly before. Dashed: "
        "under 75 % covered, or members known only later.",
        source="rotation.breadth",
        query=query,
        absent="No holdings file is in the source, so nobody knows the members.",
        spec=drawing.spec(chart, query.name, height=380),
        legend=[drawing.Key(words.named(cohort), drawing.COLOURS[cohort]) for cohort in COHORTS],
    )


def _table(query: Query, now: pd.DataFrame) -> Figure:
    shown = [cohort for cohort in COHORTS if cohort in now.index]

    def cell(cohort: str, column: str) -> Cell:
        value: Any = now.loc[cohort, column]
        tone = "flag" if now.is_low_coverage[cohort] else ""
        return Cell(words.number(value, 1), tone)  # type: ignore[arg-type]

    measures = MEASURES | {"coverage_pct": "covered, % of members"}
    return Figure(
        title="Breadth on the newest session",
        unit="Percent of covered members, or as the row says.",
        source="rotation.breadth",
        query=query,
        absent="No holdings file is in the source, so nobody knows the members.",
        table=Table(
            ["Members", *map(words.named, shown)],
            [
                [Cell(words.sentence(name)), *(cell(cohort, column) for cohort in shown)]
                for column, name in measures.items()
            ],
        ),
        notes=_notes(query, now),
    )
