"""Sectors, industries, small companies and the seven in four quadrants, and the sector table."""

from typing import Any

import altair as alt
import duckdb
import pandas as pd

from flows.report import drawing, labels, words
from flows.report.figure import Cell, Figure, Section, Table
from flows.report.query import Query
from flows.report.strength import FULL_BAR

PLOT = 290, 560  # pixels: as narrow as on a phone, so that labels have room everywhere
Span = tuple[float, float]
SIDES = "IWM", "MAG7"
QUADRANTS = ("leading", "weakening", "lagging", "improving")


def section(con: duckdb.DuckDBPyConnection) -> Section:
    """The section of sectors."""
    query = Query.ask(con, "quadrant")
    return Section(
        "sectors",
        "Sectors",
        _lead(query.rows),
        (_quadrants(query), _sectors(Query.ask(con, "sectors"))),
    )


def _lead(rows: pd.DataFrame) -> str:
    now = rows[rows["sessions_ago"] == 0]
    parts = [
        f"{name}: {words.listed(sorted(own['symbol']))}"
        for name in QUADRANTS
        if len(own := now[now["quadrant"] == name])
    ]
    return f"{words.sentence('; '.join(parts))}." if parts else "No fund can be placed yet."


def _span(scores: "pd.Series[float]") -> Span:
    """A domain with 100 in its middle that holds every score."""
    reach = 1.12 * max(0.5, (scores - 100).abs().max() if len(scores) else 0.0)
    return 100 - reach, 100 + reach


def _labelled(rows: pd.DataFrame, across: Span, up: Span) -> pd.DataFrame:
    """The rows with a label where each stands today: first the two sides, then the outermost."""
    now = rows[rows["sessions_ago"] == 0]
    leads = now["symbol"].isin(SIDES)
    off_centre = (now["relative_trend"] - 100).abs() + (now["relative_momentum"] - 100).abs()
    now = now.loc[off_centre.where(~leads, float("inf")).sort_values(ascending=False).index]
    width, height = PLOT
    x = width * (now["relative_trend"] - across[0]) / (across[1] - across[0])
    y = height * (now["relative_momentum"] - up[0]) / (up[1] - up[0])
    points = list(map(labels.Point, now["symbol"], x, y))
    found = labels.sides(points, width, height, always=int(leads.sum()))
    return rows.assign(label=rows["symbol"], side=pd.Series(found, now.index, dtype=object))


def _quadrants(query: Query) -> Figure:
    rows = query.rows
    across, up = _span(rows["relative_trend"]), _span(rows["relative_momentum"])
    (left, right), (low, high) = across, up
    scales = {
        "x": alt.Scale(domain=[left, right], nice=False),
        "y": alt.Scale(domain=[low, high], nice=False),
    }
    axis = alt.Axis(grid=False, tickCount=6)
    x = alt.X("relative_trend:Q", title="relative trend →", scale=scales["x"], axis=axis)
    y = alt.Y("relative_momentum:Q", title="relative momentum →", scale=scales["y"], axis=axis)
    base = alt.Chart(drawing.data(query.name))
    colour = alt.Color(
        "colour:N",
        legend=None,
        scale=alt.Scale(
            domain=[*SIDES, "other"],
            range=[drawing.FOR, drawing.AGAINST, "var(--other)"],
        ),
    )
    base = base.transform_calculate(
        colour=f"indexof({list(SIDES)}, datum.symbol) < 0 ? 'other' : datum.symbol"
    )
    picked = alt.selection_point(
        name="picked", fields=["symbol"], on="pointerover", clear="pointerout"
    )
    strength = alt.condition(picked, alt.value(0.85), alt.value(0.12))
    trails = base.mark_line(strokeWidth=1.5, interpolate="monotone").encode(
        x=x, y=y, detail="symbol:N", order="session:T", color=colour, opacity=strength
    )
    tooltip = [
        alt.Tooltip("symbol:N"),
        alt.Tooltip("name:N"),
        *drawing.tips(
            {
                "quadrant": ("quadrant", ""),
                "relative_trend": ("relative trend", ".2f"),
                "relative_momentum": ("relative momentum", ".2f"),
            }
        ),
    ]
    dots = base.mark_circle(size=14).encode(
        x=x, y=y, color=colour, opacity=strength, tooltip=tooltip
    )
    heads = (
        base.transform_filter("datum.sessions_ago === 0")
        .mark_circle(size=90)
        .encode(x=x, y=y, color=colour, opacity=strength, tooltip=tooltip)
        .add_params(picked)
    )
    names = labels.drawn(base, x, y, opacity=strength)
    corners: list[tuple[str, float, float]] = [
        ("LEADING", right, high),
        ("WEAKENING", right, low),
        ("LAGGING", left, low),
        ("IMPROVING", left, high),
    ]
    signs = [
        alt.Chart(alt.InlineData([{"quadrant": name, "at_x": at_x, "at_y": at_y}]))
        .mark_text(
            align="right" if at_x > 100 else "left",
            baseline="top" if at_y > 100 else "bottom",
            dx=-6 if at_x > 100 else 6,
            dy=6 if at_y > 100 else -6,
            color=drawing.MUTED,
            fontSize=12,
        )
        .encode(
            x=alt.X("at_x:Q", scale=scales["x"]),
            y=alt.Y("at_y:Q", scale=scales["y"]),
            text="quadrant:N",
        )
        for name, at_x, at_y in corners
    ]
    crossing = [
        alt.Chart(alt.InlineData([{"at": 100}]))
        .mark_rule(color=drawing.MUTED)
        .encode(**{way: channel("at:Q", scale=scales[way])})
        for way, channel in (("x", alt.X), ("y", alt.Y))
    ]
    chart = alt.layer(*crossing, *signs, trails, dots, heads, *names)
    return Figure(
        title="Rotation quadrants against the S&P 500 (SPY), with trails of 10 sessions",
        unit="Relative trend and momentum, scores around 100 (deviations from a 63-session mean). "
        "Read clockwise: leading, weakening, lagging, improving. An open approximation of a "
        "proprietary method. Where names would hide each other, the tooltip says who it is.",
        source="rotation.quadrant",
        query=query,
        absent="No fund has the 140 sessions of history that a place takes.",
        rows=_labelled(rows, across, up),
        spec=drawing.spec(chart, query.name, height=PLOT[1]),
        legend=[
            drawing.Key("small companies (IWM)", drawing.FOR),
            drawing.Key("the seven (MAG7)", drawing.AGAINST),
            drawing.Key("sectors and industries", "var(--other)"),
        ],
    )


def _sectors(query: Query) -> Figure:
    def row(fund: Any) -> list[Cell]:
        behind = f" · last quoted {words.day(fund.session)}" if fund.is_behind else ""
        kind = "" if fund.is_sector else " (industry)"
        quadrant = fund.quadrant if isinstance(fund.quadrant, str) else words.MISSING
        return [
            Cell(fund.name, hint=f"{fund.symbol}{kind}{behind}"),
            Cell(f"{fund.name} against the S&P 500, 126 sessions", line=list(fund.ratios)),
            *(_excess(getattr(fund, f"excess_{h}_pct"), h) for h in ("1d", "1m", "3m", "ytd")),
            Cell(quadrant),
        ]

    headings = [
        "Sector",
        "126 sessions",
        "1 day",
        "1 month",
        "3 months",
        "YTD",
        "Quadrant",
    ]
    return Figure(
        title="Sectors against the S&P 500",
        unit="Sector fund's return less SPY's, percent points by price, strongest over three "
        "months first; the line is the ratio to SPY over 126 sessions.",
        source="rotation.relative_strength, rotation.quadrant",
        query=query,
        absent="No sector fund is quoted.",
        table=Table(headings, [row(fund) for fund in query.records]),
    )


def _excess(value: float, horizon: str) -> Cell:
    if pd.isna(value):
        return Cell(words.MISSING, "muted", "too little history")
    return Cell(words.change(value), share=max(-1.0, min(1.0, value / FULL_BAR[horizon])) or None)
