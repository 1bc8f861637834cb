"""Whether expected earnings hand over from the seven to small companies."""

from typing import Any

import altair as alt
import duckdb
import pandas as pd

from flows.report import drawing, words
from flows.report.figure import Cell, Figure, Section, Table
from flows.report.query import Query

ABSENT = "The source holds no consensus estimates, so there is nothing to show."
COHORTS = ("SMALL", "LARGE", "LARGE_EX_MAG7", "MAG7")
LEGEND = [drawing.Key(words.named(cohort), drawing.COLOURS[cohort]) for cohort in COHORTS]


def section(con: duckdb.DuckDBPyConnection) -> Section:
    """The section of earnings."""
    handoff = Query.ask(con, "earnings_handoff")
    return Section(
        "earnings",
        "Earnings hand-off",
        _lead(handoff.rows),
        (
            _growth(Query.ask(con, "earnings_growth")),
            _gap(handoff),
            _readings(handoff),
            _revisions(Query.ask(con, "estimate_revision")),
        ),
    )


def newest(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the newest snapshot."""
    return rows.loc[rows["snapshot_date"].eq(rows["snapshot_date"].max())]


def _lead(rows: pd.DataFrame) -> str:
    """The reading of the next fiscal year, with and without loss makers."""
    now = newest(rows)
    now = now[(now["horizon"] == "+1y") & now["gap_pct"].notna()]
    if now.empty:
        return "The growth of the next fiscal year is not known for both sides."
    row: Any = now.iloc[0]
    sides = (
        f"Next fiscal year small companies' earnings are expected to grow by "
        f"{words.number(row.small_growth_pct)} %, the seven's by "
        f"{words.number(row.mag7_growth_pct)} %: a gap of {words.change(row.gap_pct)} points, and "
        f"of {words.change(row.gap_ex_losses_pct)} points without loss makers."
    )
    if pd.isna(row.gap_ex_losses_pct):
        verdict = "without loss makers there is no number"
    elif bool(row.is_handoff) == bool(row.is_handoff_ex_losses):
        verdict = "a hand-off by both readings" if row.is_handoff else "no hand-off by either"
    elif row.is_handoff:
        verdict = "a hand-off by one reading, with loss makers, and none by the other"
    else:
        verdict = "a hand-off by one reading, without loss makers, and none by the other"
    flag = " Under 75 % of the members are covered." if row.is_low_coverage else ""
    return f"{sides} That is {verdict}.{flag}"


def _growth(query: Query) -> Figure:
    rows = query.rows.assign(horizon=query.rows["horizon"].map(words.named))
    known = rows[rows["earnings_growth_pct"].notna()]
    horizons = known["horizon"].drop_duplicates().tolist()
    base = (
        alt.Chart(drawing.data(query.name))
        .transform_filter("isValid(datum.earnings_growth_pct)")
        .transform_calculate(
            faint="datum.is_low_coverage ? 0.4 : 1",
            flag="datum.is_low_coverage ? 'under 75 %, flagged' : 'enough'",
        )
    )
    offset = alt.XOffset("cohort:N", sort=list(COHORTS))
    x = alt.X(
        "horizon:N",
        sort=horizons,
        title=None,
        axis=alt.Axis(labelAngle=0, labelExpr="split(datum.label, ' ')"),
    )
    colour = alt.Color(
        "cohort:N",
        legend=None,
        scale=alt.Scale(domain=list(COHORTS), range=[drawing.COLOURS[c] for c in COHORTS]),
    )
    tooltip = [
        alt.Tooltip("cohort:N"),
        alt.Tooltip("horizon:N"),
        alt.Tooltip("earnings_growth_pct:Q", title="growth, %", format="+.1f"),
        alt.Tooltip("earnings_growth_ex_losses_pct:Q", title="without loss makers", format="+.1f"),
        alt.Tooltip("median_growth_pct:Q", title="median company", format="+.1f"),
        alt.Tooltip("loss_maker_share_pct:Q", title="loss makers, % of companies", format=".0f"),
        alt.Tooltip("coverage_pct:Q", title="covered, %", format=".0f"),
        alt.Tooltip("flag:N", title="coverage"),
    ]
    bars = base.mark_bar().encode(
        x=x,
        xOffset=offset,
        y=alt.Y("earnings_growth_pct:Q", title=None),
        color=colour,
        opacity=alt.Opacity("faint:Q", scale=None, legend=None),
        tooltip=tooltip,
    )
    marks = base.mark_point(
        shape="diamond", size=70, color=drawing.INK, stroke="var(--card)", strokeWidth=1
    ).encode(x=x, xOffset=offset, y="earnings_growth_ex_losses_pct:Q", tooltip=tooltip)
    notes = []
    for horizon, own in rows.groupby("horizon", sort=False):
        low = own[own["is_low_coverage"].astype(bool)]
        if own["earnings_growth_pct"].isna().all():
            notes.append(f"{words.sentence(str(horizon))}: no member has both years, so no number.")
        elif len(low):
            said = words.listed(
                f"{words.named(one.cohort)} {one.coverage_pct:.0f} %" for one in low.itertuples()
            )
            notes.append(f"{words.sentence(str(horizon))}: few members covered ({said}), faint.")
    return Figure(
        title="Expected earnings growth by cohort and horizon",
        unit="Percent against the same companies' earnings a year earlier, summed. Bars: all "
        "covered companies; diamonds: without loss makers. Faint: under 75 % covered.",
        source="rotation.earnings_growth, consensus",
        query=query,
        absent=ABSENT,
        rows=rows,
        spec=drawing.spec(alt.layer(bars, marks), query.name, height=260) if len(known) else None,
        legend=[*LEGEND, drawing.Key("without loss makers", drawing.INK)],
        notes=notes,
    )


GAPS = [
    drawing.Series("gap_pct", "all covered companies", drawing.FOR),
    drawing.Series("gap_ex_losses_pct", "without loss makers", drawing.INK),
    drawing.Series("gap_median_pct", "median company", "var(--violet)", (5, 3)),
]


def _gap(query: Query) -> Figure:
    rows = query.rows
    known = rows[rows["gap_pct"].notna()]
    horizons = sorted(known["horizon"].unique(), key=lambda name: (name != "+1y", name))
    chosen = alt.param(
        "year",
        value=horizons[0] if horizons else "+1y",
        bind=alt.binding_select(
            options=horizons, labels=[words.named(name) for name in horizons], name="Growth over"
        ),
    )
    base = alt.Chart(drawing.data(query.name)).transform_filter("datum.horizon === year")
    base = base.transform_calculate(session="datum.snapshot_date")
    tooltip = drawing.tips(
        {one.column: (one.label, "+.1f") for one in GAPS}
        | {
            "small_growth_pct": ("small, %", "+.1f"),
            "mag7_growth_pct": ("the seven, %", "+.1f"),
            "small_coverage_pct": ("small covered, %", ".0f"),
        },
        day="snapshot_date",
    )
    drawn = drawing.known(GAPS, rows)
    chart = drawing.lines(
        base, drawn, tooltip, form="+,~f", marks=[drawing.level(0)], has_points=True
    ).add_params(chosen)
    return Figure(
        title="The gap: growth of small companies less that of the seven",
        unit="Percent points, by the consensus of each snapshot; above 0 earnings hand over. "
        "The tooltip says how many members are covered.",
        source="rotation.earnings_handoff, consensus",
        query=query,
        absent=ABSENT,
        spec=drawing.spec(chart, query.name) if len(known) else None,
        legend=drawing.keys(drawn),
    )


def _readings(query: Query) -> Figure:
    def reading(value: Any) -> Cell:
        if pd.isna(value):
            return Cell(words.MISSING, "muted")
        return Cell("hand-off" if value else "none", "for" if value else "against")

    def row(horizon: Any) -> list[Cell]:
        covered = f"{horizon.small_coverage_pct:.0f} % / {horizon.mag7_coverage_pct:.0f} %"
        tone: Any = "flag" if horizon.is_low_coverage else ""
        return [
            Cell(
                words.sentence(words.named(horizon.horizon)),
                hint="under 75 % covered" if horizon.is_low_coverage else "",
            ),
            Cell(words.change(horizon.gap_pct), tone),
            reading(horizon.is_handoff),
            Cell(words.change(horizon.gap_ex_losses_pct), tone),
            reading(horizon.is_handoff_ex_losses),
            Cell(words.change(horizon.gap_median_pct), tone),
            Cell(words.day(horizon.handoff_since)),
            Cell(words.change(horizon.gap_30d_ago_pct)),
            Cell(words.change(horizon.gap_90d_ago_pct)),
            Cell(words.change(horizon.small_earnings_drift_90d_pct)),
            Cell(words.change(horizon.small_base_drift_90d_pct)),
            Cell(covered, tone),
        ]

    headings = [
        "Growth over",
        "Gap",
        "Reading",
        "Gap without loss makers",
        "Reading",
        "Gap of medians",
        "Hand-off since",
        "Gap 30 days ago",
        "Gap 90 days ago",
        "Small: earnings in 90 days, %",
        "Small: base in 90 days, %",
        "Covered, small / seven",
    ]
    return Figure(
        title="Hand-off or not, by every reading",
        unit="Gap in percent points. Where the readings with and without loss makers differ, the "
        "hand-off rests on loss makers. A gap may widen because the base fell.",
        source="rotation.earnings_handoff, consensus",
        query=query,
        absent=ABSENT,
        table=Table(headings, [row(one) for one in newest(query.rows).itertuples()]),
        is_wide=True,
    )


def _revisions(query: Query) -> Figure:
    def row(one: Any) -> list[Cell]:
        tone: Any = "flag" if one.is_low_coverage else ""
        breadth = one.revision_breadth_pct
        share = None if pd.isna(breadth) else max(-1.0, min(1.0, breadth / 100)) or None
        return [
            Cell(words.named(one.cohort), hint=words.named(one.horizon)),
            Cell(words.change(breadth, 0), tone, share=share),
            Cell(words.number(one.up_30d, 0)),
            Cell(words.number(one.down_30d, 0)),
            Cell(words.change(one.earnings_drift_30d_pct), tone),
            Cell(words.change(one.earnings_drift_90d_pct), tone),
            Cell(words.number(one.coverage_pct, 0, "%"), tone),
        ]

    rows = sorted(
        (one for one in query.records if one.horizon in ("0y", "+1y")),
        key=lambda one: (one.horizon != "0y", COHORTS.index(one.cohort)),
    )
    return Figure(
        title="Revisions: which way analysts change their minds",
        unit="Net revisions of 30 days: up less down, percent of both. Earnings: change of the "
        "summed consensus in percent, of companies known at both ends.",
        source="rotation.estimate_revision, consensus",
        query=query,
        absent=ABSENT,
        table=Table(
            [
                "Cohort",
                "Net revisions, %",
                "Up",
                "Down",
                "Earnings in 30 days, %",
                "Earnings in 90 days, %",
                "Covered",
            ],
            [row(one) for one in rows],
        ),
        is_wide=True,
    )
