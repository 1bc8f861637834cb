"""Sectors, industries, small companies and the seven in four quadrants, and the sector table."""

from typing import Any

import altair as alt
import duckdb
import pandas as pd

from flows.report import drawing, words
from flows.report.figure import Cell, Figure, Section, Table
from flows.report.query import Query
from flows.report.strength import FULL_BAR

QUADRANTS = ("leading", "weakening", "lagging", "improving")


def section(con: duckdb.DuckDBPyConnection) -> Section:
    """The section of sectors."""
    query = Query.ask(con, "quadrant")
    return Section(
        "sectors",
        "Rotation of sectors",
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


def _quadrants(query: Query) -> Figure:
    rows = query.rows
    reach = 1.12 * max(
        0.5,
        (rows["relative_trend"] - 100).abs().max(),
        (rows["relative_momentum"] - 100).abs().max(),
    ) if len(rows) else 1
    low, high = 100 - reach, 100 + reach
    scale = alt.Scale(domain=[low, high], nice=False)
    x = alt.X("relative_trend:Q", title="relative trend →", scale=scale, axis=alt.Axis(grid=False))
    y = alt.Y(
        "relative_momentum:Q", title="relative momentum →", scale=scale, axis=alt.Axis(grid=False)
    )
    base = alt.Chart(drawing.data(query.name))
    colour = alt.Color(
        "side:N",
        legend=None,
        scale=alt.Scale(
            domain=["IWM", "MAG7", "other"],
            range=[drawing.FOR, drawing.AGAINST, "var(--other)"],
        ),
    )
    base = base.transform_calculate(
        side="datum.symbol === 'IWM' || datum.symbol === 'MAG7' ? datum.symbol : 'other'"
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
    names = (
        base.transform_filter("datum.sessions_ago === 0")
        .mark_text(align="left", dx=8, fontWeight="bold")
        .encode(x=x, y=y, text="symbol:N", opacity=strength)
    )
    corners = pd.DataFrame(
        {
            "at_x": [high, high, low, low],
            "at_y": [high, low, low, high],
            "quadrant": ["LEADING", "WEAKENING", "LAGGING", "IMPROVING"],
        }
    )
    signs = [
        alt.Chart(alt.InlineData(corners.iloc[[place]].to_dict("records")))
        .mark_text(
            align="right" if place < 2 else "left",
            baseline="top" if place in (0, 3) else "bottom",
            dx=-6 if place < 2 else 6,
            dy=6 if place in (0, 3) else -6,
            color=drawing.MUTED,
            fontSize=12,
        )
        .encode(x=alt.X("at_x:Q", title=None), y=alt.Y("at_y:Q", title=None), text="quadrant:N")
        for place in range(4)
    ]
    crossing = [
        alt.Chart(alt.InlineData([{"at": 100}])).mark_rule(color=drawing.MUTED).encode(x="at:Q"),
        drawing.level(100, dash=(1, 0)),
    ]
    chart = alt.layer(*crossing, *signs, trails, dots, heads, names)
    return Figure(
        title="Rotation quadrants against the S&P 500 (SPY), with trails of 10 sessions",
        unit="Relative trend and momentum, scores around 100 (deviations from a 63-session mean). "
        "Read clockwise: leading, weakening, lagging, improving. An open approximation of a "
        "proprietary method.",
        source="rotation.quadrant",
        query=query,
        absent="No fund has the 140 sessions of history that a place takes.",
        spec=drawing.spec(chart, query.name, height=520),
        legend=[
            ("small companies (IWM)", drawing.FOR),
            ("the seven (MAG7)", drawing.AGAINST),
            ("sectors and industries", "var(--other)"),
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
            Cell(words.number(fund.drawdown_pct, 1)),
        ]

    headings = ["Sector", "126 sessions", "1 day", "1 month", "3 months", "Year to date",
                "Quadrant", "Drawdown, %"]
    return Figure(
        title="Sectors against the S&P 500",
        unit="Sector fund's return less SPY's, percent points by price, strongest over three "
        "months first; the line is the ratio to SPY over 126 sessions.",
        source="rotation.relative_strength, rotation.quadrant, rotation.risk",
        query=query,
        absent="No sector fund is quoted.",
        table=Table(headings, [row(fund) for fund in query.rows.itertuples()]),
    )


def _excess(value: float, horizon: str) -> Cell:
    if pd.isna(value):
        return Cell(words.MISSING, "muted", "too little history")
    return Cell(
        words.change(value), share=max(-1.0, min(1.0, value / FULL_BAR[horizon])) or None
    )
