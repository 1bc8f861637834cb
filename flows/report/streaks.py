"""Who won how many sessions running, and how rare that is."""

from typing import Any

import altair as alt
import duckdb
import pandas as pd

from flows.report import drawing, words
from flows.report.figure import Figure, Section
from flows.report.query import Query
from flows.report.strength import PAIRS


def section(con: duckdb.DuckDBPyConnection) -> Section:
    """The section of streaks."""
    history = Query.ask(con, "streak_history")
    return Section(
        "streaks",
        "Streaks",
        _lead(history.rows),
        (_ribbon(Query.ask(con, "streak")), _history(history)),
    )


def _lead(rows: pd.DataFrame) -> str:
    now = rows[rows["is_now"].astype(bool)]
    if now.empty:
        return "Small and large companies are level: no streak runs."
    length, start = int(now.iloc[0].streak_sessions), rows["history_start"].iloc[0].year
    same = rows[(rows["streak_sessions"] * length > 0)]
    as_long = same[same["streak_sessions"].abs() >= abs(length)]
    others = int(as_long["streaks"].sum()) - 1
    longest = int(same["streak_sessions"].abs().max())
    plural = "s" * (abs(length) != 1)
    return (
        f"Small companies (IWM) have {'beaten' if length > 0 else 'lost to'} large ones (SPY) on "
        f"{abs(length)} session{plural} running. Of {int(same['streaks'].sum()):,} streaks of that "
        f"kind since {start}, {others:,} others lasted as long or longer; the longest took "
        f"{longest} sessions."
    )


def _ribbon(query: Query) -> Figure:
    order = {pair: place for place, pair in enumerate(PAIRS)}
    pairs: Any = query.rows.drop_duplicates("pair")
    pairs = pairs.assign(place=pairs["pair"].map(order).fillna(len(order)))
    labels = pairs.sort_values(["place", "pair"])["label"].tolist()
    rows = query.rows.drop(columns="pair").sort_values("session")
    chart = (
        alt.Chart(drawing.data(query.name))
        .transform_calculate(
            wins="datum.streak_sessions > 0 ? 'long' : datum.streak_sessions < 0 ? 'short' : 'tie'",
            length="abs(datum.streak_sessions)",
            day="timeFormat(datum.session, '%Y-%m-%d')",
        )
        .mark_rect()
        .encode(
            x=alt.X(
                "day:O",
                title=None,
                axis=alt.Axis(
                    labelAngle=0,
                    labelExpr="timeFormat(toDate(datum.value), '%b %Y')",
                    values=[words.day(day) for day in _month_starts(rows)],
                    ticks=False,
                ),
            ),
            y=alt.Y("label:N", sort=labels, title=None, axis=alt.Axis(labelLimit=130)),
            color=alt.Color(
                "wins:N",
                legend=None,
                scale=alt.Scale(
                    domain=["long", "short", "tie"],
                    range=[drawing.FOR, drawing.AGAINST, drawing.FAINT],
                ),
            ),
            opacity=alt.Opacity(
                "length:Q", legend=None, scale=alt.Scale(domain=[0, 8], range=[0.18, 1], clamp=True)
            ),
            tooltip=[
                alt.Tooltip("label:N", title="pair"),
                *drawing.tips(
                    {
                        "streak_sessions": ("streak, sessions", "+d"),
                        "excess_1d_pct": ("excess of the day, pts", "+.2f"),
                        "streak_excess_pct": ("excess of the streak, pts", "+.2f"),
                    }
                ),
            ],
        )
    )
    return Figure(
        title="Streak ribbon: who won each of the last 126 sessions",
        unit="One column a session; the stronger the colour, the longer the streak (full from 8 "
        "sessions). By price.",
        source="rotation.streak",
        query=query,
        absent="No pair has a streak yet.",
        spec=drawing.spec(chart, query.name, height=22 * len(labels)),
        rows=rows,
        legend=[
            drawing.Key("first side won", drawing.FOR),
            drawing.Key("second side won", drawing.AGAINST),
        ],
    )


def _month_starts(rows: pd.DataFrame) -> list[pd.Timestamp]:
    """The first session of every second month."""
    firsts = rows.groupby(rows["session"].dt.to_period("M"))["session"].min().tolist()
    return firsts[1::2] or firsts


def _history(query: Query) -> Figure:
    lengths = query.rows["streak_sessions"]
    span = range(int(lengths.min()), int(lengths.max()) + 1) if len(lengths) else range(0)
    chart = (
        alt.Chart(drawing.data(query.name))
        .transform_calculate(
            side="datum.streak_sessions > 0 ? 'long' : 'short'",
            of_now="datum.is_now ? 1 : 0.45",
        )
        .mark_bar()
        .encode(
            x=alt.X(
                "streak_sessions:O",
                title=None,
                scale=alt.Scale(domain=[length for length in span if length]),
                axis=alt.Axis(
                    labelAngle=0, labelOverlap="greedy", labelExpr="replace(datum.label, '-', '−')"
                ),
            ),
            y=alt.Y(
                "streaks:Q",
                title=None,
                scale=alt.Scale(type="symlog", constant=5),
                axis=alt.Axis(values=[0, 1, 5, 10, 50, 100, 500, 1000, 5000]),
            ),
            color=alt.Color(
                "side:N",
                legend=None,
                scale=alt.Scale(domain=["long", "short"], range=[drawing.FOR, drawing.AGAINST]),
            ),
            opacity=alt.Opacity("of_now:Q", legend=None, scale=None),
            tooltip=[
                alt.Tooltip("streak_sessions:Q", title="length, sessions", format="+d"),
                alt.Tooltip("streaks:Q", title="streaks of that length", format=","),
                alt.Tooltip("last_seen:T", title="the newest ended on", format="%Y-%m-%d"),
            ],
        )
    )
    marker = (
        alt.Chart(drawing.data(query.name))
        .transform_filter("datum.is_now")
        .mark_text(dy=-8, text="now", fontWeight="bold")
        .encode(x="streak_sessions:O", y="streaks:Q")
    )
    return Figure(
        title="The present streak among all streaks of small against large",
        unit="Number of streaks (log-like scale) by length in sessions: right, small won; left, "
        "large won. IWM against SPY by price.",
        source="rotation.streak",
        query=query,
        absent="IWM and SPY are not both quoted.",
        spec=drawing.spec(alt.layer(chart, marker), query.name),
        legend=[drawing.Key("small won", drawing.FOR), drawing.Key("large won", drawing.AGAINST)],
    )
