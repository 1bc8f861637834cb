"""What is paid for earnings, and how much of the market the seven are."""

from typing import Any

import altair as alt
import duckdb
import pandas as pd

from flows.report import drawing, words
from flows.report.earnings import COHORTS, LEGEND, newest
from flows.report.figure import Cell, Figure, Section, Table
from flows.report.query import Query

ABSENT = "The source holds no consensus or no shares outstanding, so there is no valuation."
DISCOUNTS = [
    drawing.Series("discount_to_mag7_pct", "all covered companies", drawing.FOR),
    drawing.Series("discount_to_mag7_ex_losses_pct", "without loss makers", drawing.INK),
]
SHARES = [
    drawing.Series("mag7_share_pct", "the seven", drawing.AGAINST),
    drawing.Series("top10_share_pct", "the ten largest", drawing.COLOURS["LARGE"]),
    drawing.Series("fund_weight_mag7_pct", "the seven in the fund", "var(--violet)", (4, 3)),
]


def section(con: duckdb.DuckDBPyConnection) -> Section:
    """The section of valuation and concentration."""
    query, concentration = Query.ask(con, "valuation"), Query.ask(con, "concentration")
    return Section(
        "value",
        "Valuation",
        _lead(query.rows, concentration.rows),
        (_multiples(query), _discount(query), _concentration(concentration)),
    )


def _lead(rows: pd.DataFrame, shares: pd.DataFrame) -> str:
    said = []
    now = newest(rows)
    small = now[now["cohort"] == "SMALL"]
    if len(small) and not pd.isna(small.iloc[0].discount_to_mag7_pct):
        row: Any = small.iloc[0]
        flag = f" (only {row.coverage_pct:.0f} % covered)" if row.is_low_coverage else ""
        said.append(
            f"Small companies cost {words.number(row.ntm_pe)} times next year's earnings, "
            f"{_against(row.discount_to_mag7_pct)} the seven, and "
            f"{words.number(row.ntm_pe_ex_losses)} without loss makers, "
            f"{_against(row.discount_to_mag7_ex_losses_pct)}{flag}."
        )
    if len(shares) and not pd.isna(shares.iloc[-1].mag7_share_pct):
        last: Any = shares.iloc[-1]
        said.append(
            f"The seven are {words.number(last.mag7_share_pct)} % of the S&P 500's market value."
        )
    return " ".join(said) or "Neither valuation nor concentration is known."


def _against(discount: float) -> str:
    if pd.isna(discount):
        return "not to be compared with"
    return f"{words.number(abs(discount), 0)} % {'below' if discount < 0 else 'above'}"


def _multiples(query: Query) -> Figure:
    now = newest(query.rows).drop(columns="snapshot_date")
    known = now[now["ntm_pe"].notna()]
    base = alt.Chart(drawing.data("valuation"))
    day = words.day(query.as_of) if query.as_of else ""
    base = base.transform_filter(
        f"timeFormat(datum.snapshot_date, '%Y-%m-%d') === '{day}' && isValid(datum.ntm_pe)"
    ).transform_calculate(
        faint="datum.is_low_coverage ? 0.4 : 1",
        name="{" + ", ".join(f"{c}: '{words.named(c)}'" for c in COHORTS) + "}[datum.cohort]",
    )
    y = alt.Y(
        "name:N",
        sort=[words.named(cohort) for cohort in COHORTS],
        title=None,
        axis=alt.Axis(labelLimit=140),
    )
    tooltip = [
        alt.Tooltip("name:N", title="cohort"),
        alt.Tooltip("ntm_pe:Q", title="next 12 months", format=".1f"),
        alt.Tooltip("ntm_pe_ex_losses:Q", title="without loss makers", format=".1f"),
        alt.Tooltip("current_year_pe:Q", title="this fiscal year", format=".1f"),
        alt.Tooltip("next_year_pe:Q", title="next fiscal year", format=".1f"),
        alt.Tooltip("trailing_gaap_pe:Q", title="last year, GAAP", format=".1f"),
        alt.Tooltip("net_margin_pct:Q", title="net margin, %", format=".1f"),
        alt.Tooltip("coverage_pct:Q", title="covered, %", format=".0f"),
    ]
    scale = alt.Scale(domainMin=0, padding=45, nice=False)  # room for the number behind
    bars = base.mark_bar(height={"band": 0.55}).encode(
        x=alt.X("ntm_pe:Q", title=None, scale=scale, axis=alt.Axis(grid=True)),
        y=y,
        color=alt.Color(
            "cohort:N",
            legend=None,
            scale=alt.Scale(domain=list(COHORTS), range=[drawing.COLOURS[c] for c in COHORTS]),
        ),
        opacity=alt.Opacity("faint:Q", scale=None, legend=None),
        tooltip=tooltip,
    )
    marks = base.mark_point(
        shape="diamond", size=80, color=drawing.INK, stroke="var(--card)", strokeWidth=1
    ).encode(x="ntm_pe_ex_losses:Q", y=y, tooltip=tooltip)
    texts = (
        base.mark_text(align="left", dx=10)
        .encode(x=alt.X("label_at:Q", title=None), y=y, text=alt.Text("ntm_pe:Q", format=".1f"))
        .transform_calculate(label_at="max(datum.ntm_pe, datum.ntm_pe_ex_losses)")
    )
    notes = [
        f"{words.named(one.cohort)}: {one.coverage_pct:.0f} % of the members covered; published "
        "with this flag and not used by the scorecard."
        for one in known.itertuples()
        if one.is_low_coverage
    ]
    return Figure(
        title="What is paid for the next twelve months' earnings",
        unit="Price/earnings ratio: market value over consensus earnings of the same companies. "
        "Diamonds: without loss makers. Faint: under 75 % covered.",
        source="rotation.valuation, consensus",
        query=query,
        absent=ABSENT,
        spec=drawing.spec(alt.layer(bars, marks, texts), query.name, height=190)
        if len(known)
        else None,
        legend=[*LEGEND, drawing.Key("without loss makers", drawing.INK)],
        notes=notes,
    )


def _discount(query: Query) -> Figure:
    rows = query.rows
    known = rows[(rows["cohort"] == "SMALL") & rows["discount_to_mag7_pct"].notna()]
    base = (
        alt.Chart(drawing.data(query.name))
        .transform_filter("datum.cohort === 'SMALL'")
        .transform_calculate(session="datum.snapshot_date")
    )
    tooltip = drawing.tips(
        {one.column: (one.label, "+.0f") for one in DISCOUNTS}
        | {"coverage_pct": ("covered, %", ".0f")},
        day="snapshot_date",
    )
    drawn = drawing.known(DISCOUNTS, known)
    chart = drawing.lines(
        base, drawn, tooltip, form="+,~f", marks=[drawing.level(0)], has_points=True
    )
    return Figure(
        title="Small companies' price/earnings ratio against the seven's",
        unit="Percent, next twelve months; below 0 small companies are cheaper. The tooltip says "
        "how many members are covered.",
        source="rotation.valuation, consensus",
        query=query,
        absent=ABSENT,
        spec=drawing.spec(chart, query.name, height=190) if len(known) else None,
        legend=drawing.keys(drawn),
    )


def _concentration(query: Query) -> Figure:
    base = drawing.within(alt.Chart(drawing.data(query.name)))
    tooltip = drawing.tips(
        {one.column: (f"{one.label}, %", ".1f") for one in SHARES}
        | {
            "effective_n": ("as concentrated as so many equals", ".0f"),
            "hhi": ("Herfindahl index", ",.0f"),
            "coverage_pct": ("covered, %", ".0f"),
        }
    )
    has_few = len(query.rows) < 30
    drawn = drawing.known(SHARES, query.rows)
    chart = drawing.lines(base, drawn, tooltip, has_points=has_few, zero=has_few).add_params(
        drawing.horizon("2y", ("6m", "1y", "2y", "5y", "all"))
    )
    rows = query.rows
    notes = []
    if len(rows) and rows["is_membership_backfilled"].astype(bool).any():
        late = rows.loc[rows["is_membership_backfilled"].astype(bool), "session"].max()
        notes.append(f"Up to {words.day(late)} the members are those of a later holdings file.")
    if len(rows) == 1:
        notes.append("Shares outstanding are known on one session only: there is no line to draw.")
    return Figure(
        title="How much of the S&P 500 a few companies are",
        unit="Percent of the market value of large companies; full, not free float.",
        source="rotation.concentration",
        query=query,
        absent="The source holds no shares outstanding, so market values are not known.",
        spec=drawing.spec(chart, query.name, height=190) if len(rows) > 1 else None,
        table=_newest(rows) if len(rows) else None,
        legend=drawing.keys(drawn) if len(rows) > 1 else (),
        notes=notes,
        is_wide=True,
    )


def _newest(rows: pd.DataFrame) -> Table:
    """Concentration on the newest session, and how it was a quarter and a year before."""
    shown = {"Newest": 0, "63 sessions before": 63, "252 sessions before": 252}
    found = {
        label: rows[rows["sessions_back"] == back].iloc[0]
        for label, back in shown.items()
        if (rows["sessions_back"] == back).any()
    }
    measures = {
        "mag7_share_pct": ("The seven, % of the market value", 1),
        "top10_share_pct": ("The ten largest, %", 1),
        "fund_weight_mag7_pct": ("The seven, % of the fund's weight", 1),
        "effective_n": ("As concentrated as so many equal companies", 0),
        "hhi": ("Herfindahl-Hirschman index, 0 to 10,000", 0),
        "coverage_pct": ("Covered, % of members", 0),
    }
    return Table(
        ["S&P 500", *(f"{label} ({words.day(row.session)})" for label, row in found.items())],
        [
            [Cell(name), *(Cell(words.number(row[column], digits)) for row in found.values())]
            for column, (name, digits) in measures.items()
        ],
    )
