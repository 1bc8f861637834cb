"""The Fed, the curve and credit, what they did to the rotation, and what a cut is worth."""

from typing import Any

import altair as alt
import duckdb
import pandas as pd

from flows.report import drawing, words
from flows.report.figure import Cell, Figure, Section, Table
from flows.report.query import Query

ABSENT = "The source holds no interest rates, so there is nothing to show."
YIELDS = [
    drawing.Series("t3m_pct", "3 months", "var(--violet)", (2, 2)),
    drawing.Series("t2y_pct", "2 years", "var(--gold)"),
    drawing.Series("t10y_pct", "10 years", drawing.INK),
    drawing.Series("t30y_pct", "30 years", "var(--teal)", (6, 3)),
]
SPREADS = [
    drawing.Series("slope_10y2y_bp", "10 less 2 years", drawing.INK),
    drawing.Series("slope_10y3m_bp", "10 years less 3 months", "var(--violet)", (5, 3)),
    drawing.Series("hy_oas_bp", "high-yield spread", "var(--gold)"),
]
SWITCH = ("1y", "2y", "5y", "all")
SHOCKS = (-100, -50, -25, 25)


def section(con: duckdb.DuckDBPyConnection) -> Section:
    """The section of rates."""
    query = Query.ask(con, "rates")
    return Section(
        "rates",
        "Rates",
        _lead(query.rows),
        (
            _yields(query),
            _spreads(query),
            _events(Query.ask(con, "policy_event")),
            _sensitivity(Query.ask(con, "rate_sensitivity")),
        ),
    )


def _lead(rows: pd.DataFrame) -> str:
    if rows.empty or pd.isna(rows.iloc[-1].fed_target_upper_pct):
        return "The Fed's target is not known on this session."
    now: Any = rows.iloc[-1]
    stance = now.stance if isinstance(now.stance, str) else now.cycle
    curve = f", the curve of 10 less 2 years {words.change(now.slope_10y2y_bp, 0)} bp"
    moved = now.curve_move if isinstance(now.curve_move, str) else ""
    return (
        f"The Fed's target is {now.fed_target_lower_pct:.2f} to {now.fed_target_upper_pct:.2f} % "
        f"(stance: {words.named(stance)}){curve}"
        f"{f' ({words.named(moved)} over 63 sessions)' if moved else ''}, high-yield bonds pay "
        f"{words.number(now.hy_oas_bp, 0)} bp more than Treasuries."
    )


def _from(query: Query) -> str:
    """From when on changes of the target are on record."""
    known = query.rows.loc[query.rows["change_bp"].notna(), "session"]
    return f" from {known.min():%Y} on" if len(known) else ""


def _base(query: Query) -> alt.Chart:
    return drawing.within(alt.Chart(drawing.data(query.name)))


def _changes(base: alt.Chart) -> list[alt.Chart]:
    """A rule and a triangle for each change of the target; up is a rise."""
    events = base.transform_filter("isValid(datum.change_bp)")
    tooltip = drawing.tips({"change_bp": ("change of the target, bp", "+d")})
    return [
        events.mark_rule(color="var(--other)", opacity=0.45, strokeWidth=1).encode(
            x=drawing.sessions()
        ),
        events.transform_calculate(way="datum.change_bp > 0 ? 'rise' : 'cut'")
        .mark_point(size=45, color=drawing.INK, opacity=0.9)
        .encode(
            x=drawing.sessions(),
            y=alt.value(6),
            shape=alt.Shape(
                "way:N",
                legend=None,
                scale=alt.Scale(domain=["rise", "cut"], range=["triangle-up", "triangle-down"]),
            ),
            tooltip=tooltip,
        ),
    ]


def _yields(query: Query) -> Figure:
    base = _base(query)
    band = base.mark_area(
        interpolate="step-after", color="var(--other)", opacity=0.55, line={"color": "var(--other)"}
    ).encode(
        x=drawing.sessions(),
        y=alt.Y("fed_target_lower_pct:Q", title=None),
        y2="fed_target_upper_pct:Q",
    )
    columns = {one.column: (one.label, ".2f") for one in YIELDS}
    tooltip = drawing.tips(
        columns
        | {
            "fed_target_lower_pct": ("target from", ".2f"),
            "fed_target_upper_pct": ("target to", ".2f"),
            "effective_rate_pct": ("effective rate", ".2f"),
            "cpi_yoy_pct": ("inflation, year on year", ".1f"),
            "change_bp": ("change of the target, bp", "+d"),
        }
    )
    drawn = drawing.known(YIELDS, query.rows)
    chart = drawing.lines(base, drawn, tooltip, marks=[band, *_changes(base)]).add_params(
        drawing.horizon("5y", SWITCH)
    )
    return Figure(
        title="The Fed's target and Treasury yields, with the changes of policy",
        unit=f"Percent. Triangles: changes of the target{_from(query)}, up a rise, down a cut. As "
        "known each evening; daily for two years, weekly before.",
        source="rotation.rate_regime, rotation.policy_event",
        query=query,
        absent=ABSENT,
        spec=drawing.spec(chart, query.name, height=260),
        legend=[drawing.Key("Fed target", "var(--other)"), *drawing.keys(drawn)],
    )


def _spreads(query: Query) -> Figure:
    base = _base(query)
    tooltip = drawing.tips(
        {one.column: (one.label, ".0f") for one in SPREADS}
        | {"change_bp": ("change of the target, bp", "+d")}
    )
    drawn = drawing.known(SPREADS, query.rows)
    chart = drawing.lines(
        base, drawn, tooltip, marks=[drawing.level(0), *_changes(base)]
    ).add_params(drawing.horizon("5y", SWITCH))
    return Figure(
        title="The yield curve and the high-yield spread, with the changes of policy",
        unit="Basis points. A curve below 0 is inverted; a wide spread is fear.",
        source="rotation.rate_regime, rotation.policy_event",
        query=query,
        absent=ABSENT,
        spec=drawing.spec(chart, query.name, height=260) if drawn else None,
        legend=drawing.keys(drawn),
    )


def _events(query: Query) -> Figure:
    def excess(value: float, full: float) -> Cell:
        if pd.isna(value):
            return Cell(words.MISSING, "muted", "not there yet")
        return Cell(words.change(value), share=max(-1.0, min(1.0, value / full)) or None)

    def row(event: Any) -> list[Cell]:
        unplanned = "between meetings" if event.is_scheduled is False else ""
        return [
            Cell(words.day(event.event_date), hint=unplanned),
            Cell(words.change(event.change_bp, 0, "bp")),
            excess(event.excess_pre_5d_pct, 4),
            excess(event.excess_day0_pct, 2),
            excess(event.excess_post_5d_pct, 4),
            excess(event.excess_post_1m_pct, 8),
            excess(event.excess_post_3m_pct, 12),
        ]

    return Figure(
        title="Small against large around the Fed's last changes",
        unit="IWM's return less SPY's, percent points by price, from the close before the event.",
        source="rotation.policy_event",
        query=query,
        absent="No change of the target lies within the history of IWM and SPY.",
        table=Table(
            ["Event", "Change", "5 days before", "The day", "5 days", "1 month", "3 months"],
            [row(event) for event in query.records],
        ),
    )


def _sensitivity(query: Query) -> Figure:
    rows = query.rows.set_index(["cohort", "shock_bp"])

    def cells(cohort: str) -> list[Cell]:
        any_row: Any = rows.loc[cohort].iloc[0]
        if pd.isna(any_row.total_debt_usd):
            unknown = "the source holds the debt of none of its companies: not known"
            return [Cell(words.named(cohort), hint=unknown), *[Cell(words.MISSING, "muted")] * 6]
        tone: Any = "flag" if any_row.is_low_coverage else ""
        income: Any = rows.loc[(cohort, -100), "net_income_change_pct"]
        return [
            Cell(words.named(cohort), hint=f"{any_row.coverage_pct:.0f} % covered"),
            Cell(words.number(any_row.floating_share_pct, 0, "%")),
            *(
                Cell(words.change(rows.loc[(cohort, shock), "net_margin_change_bp"]), tone)
                for shock in SHOCKS
            ),
            Cell("losses in sum" if pd.isna(income) else words.change(income), tone),
        ]

    cohorts = [cohort for cohort in drawing.COLOURS if cohort in set(query.rows["cohort"])]
    is_known = query.rows["total_debt_usd"].notna().any()
    headings = [
        "Cohort",
        "Floating debt",
        "Margin: −100 bp",
        "−50 bp",
        "−25 bp",
        "+25 bp",
        "Income: −100 bp, %",
    ]
    return Figure(
        title="What a cut is worth: first-year effect of a change of all short rates",
        unit="Change of the net margin in basis points, after tax, and of net income in percent. "
        "A scenario, never evidence: unhedged, reset at once, on published shares of floating "
        "debt; cash earns less too. Financial companies are left out.",
        source="rotation.rate_sensitivity, company facts",
        query=query,
        absent="Not known: the source holds the debt, cash, revenue and income of none of the "
        "companies, and a debt that is not known is never guessed.",
        table=Table(headings, [cells(cohort) for cohort in cohorts]) if is_known else None,
    )
