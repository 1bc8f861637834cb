"""Earlier rotations from their troughs, and the present one among them."""

from typing import Any

import altair as alt
import duckdb
import pandas as pd

from flows.report import drawing, labels, words
from flows.report.figure import Cell, Figure, Section, Table
from flows.report.query import Query

PLOT = 300, 360  # pixels: as narrow as on a phone, so that labels have room everywhere
LONGEST = 252  # sessions of a path that are drawn
ABSENT = "IWM and SPY are not both quoted, so there is no episode."


def section(con: duckdb.DuckDBPyConnection) -> Section:
    """The section of episodes."""
    paths, known = Query.ask(con, "episode_paths"), Query.ask(con, "episodes")
    return Section(
        "episodes",
        "Earlier rotations",
        _lead(paths.rows, known.rows),
        (_paths(paths), _table(known)),
    )


def _lead(paths: pd.DataFrame, known: pd.DataFrame) -> str:
    present = paths[paths["is_present"].astype(bool)]
    if present.empty:
        return "No rotation can be measured yet."
    now: Any = present.iloc[-1]
    since = (
        f"{words.number(now.gain_from_trough_pct)} % on large ones since the trough of "
        f"{words.day(now.trough_session)}, {int(now.sessions_from_trough)} sessions ago"
    )
    count = len(known)
    earlier = (
        f"{count} episode{'s' * (count != 1)} since {known['history_start'].min():%Y}"
        if count
        else "no earlier episode"
    )
    if now.is_unconfirmed:
        return (
            f"No rotation is confirmed: small companies have gained {since}, "
            f"and 10 % confirm one. On record: {earlier}."
        )
    return (
        f"A rotation runs: small companies have gained {since}; its best so far, "
        f"{words.change(now.gain_pct)} %, ranks {int(now.rank_by_gain)} of {earlier}."
    )


def _labelled(rows: pd.DataFrame, low: float, high: float) -> pd.DataFrame:
    """The paths with the month of the trough at their ends, the present and newest ones first."""
    ends = rows.drop_duplicates("trough_session", keep="last")
    ends = ends.sort_values(["is_present", "trough_session"], ascending=False)
    names = ends["trough_session"].dt.strftime("%b %Y").mask(ends["is_present"], "now")
    width, height = PLOT
    x = width * ends["sessions_from_trough"] / LONGEST
    y = height * (ends["gain_from_trough_pct"] - low) / (high - low)
    points = list(map(labels.Point, names, x, y))
    found = labels.sides(points, width, height, always=int(ends["is_present"].sum()))
    return rows.assign(label=names, side=pd.Series(found, ends.index, dtype=object))


def _paths(query: Query) -> Figure:
    base = alt.Chart(drawing.data(query.name)).transform_calculate(
        trough="timeFormat(datum.trough_session, '%Y-%m-%d')"
    )
    tooltip = [
        alt.Tooltip("trough:N", title="trough"),
        alt.Tooltip("sessions_from_trough:Q", title="sessions since"),
        alt.Tooltip("gain_from_trough_pct:Q", title="gain so far, %", format="+.1f"),
        alt.Tooltip("gain_pct:Q", title="gain at the peak, %", format="+.1f"),
        alt.Tooltip("rank_by_gain:Q", title="rank by gain"),
    ]
    x = alt.X(
        "sessions_from_trough:Q",
        title="sessions since the trough",
        scale=alt.Scale(nice=False, domain=[0, LONGEST]),
    )
    gains = query.rows["gain_from_trough_pct"]
    span = min(0.0, gains.min()), 1.05 * max(10.0, gains.max())
    y = drawing.value("gain_from_trough_pct", form="+,~f", span=span)
    near = alt.selection_point(
        name="near", fields=["trough"], on="pointerover", clear="pointerout", empty=False
    )
    past = (
        base.transform_filter("!datum.is_present")
        .mark_line(strokeWidth=1.4, color="var(--other)")
        .encode(
            x=x,
            y=y,
            detail="trough:N",
            opacity=alt.condition(near, alt.value(1), alt.value(0.45)),
            tooltip=tooltip,
        )
        .add_params(near)
    )
    present = (
        base.transform_filter("datum.is_present")
        .mark_line(strokeWidth=3, color=drawing.FOR)
        .encode(x=x, y=y, detail="trough:N", tooltip=tooltip)
    )
    names = [
        one
        for is_now in (False, True)
        for one in labels.drawn(
            base.transform_filter(f"{'' if is_now else '!'}datum.is_present"),
            x,
            y,
            color=alt.value(drawing.FOR if is_now else drawing.MUTED),
        )
    ]
    return Figure(
        title="The present rise of small against large beside earlier ones, from their troughs",
        unit="Percent that IWM gained on SPY since the trough, by sessions since then (a year at "
        "most); labels, where there is room: the month of the trough.",
        source="rotation.episode, rotation.relative_strength",
        query=query,
        absent=ABSENT,
        rows=_labelled(query.rows, *span),
        spec=drawing.spec(
            alt.layer(past, drawing.level(10), present, *names), query.name, height=PLOT[1]
        ),
        legend=[drawing.Key("present", drawing.FOR), drawing.Key("earlier", "var(--other)")],
        is_wide=True,
    )


def _table(query: Query) -> Figure:
    def row(one: Any) -> list[Cell]:
        return [
            Cell(
                words.day(one.trough_session),
                hint=f"confirmed {words.day(one.confirmed_session)}",
            ),
            Cell(words.day(one.peak_session)),
            Cell("open" if one.is_open else words.day(one.end_session)),
            Cell(words.change(one.gain_pct), "for" if one.is_open else ""),
            Cell(str(one.duration_sessions)),
            Cell(str(one.rank_by_gain)),
        ]

    start = words.day(query.rows["history_start"].min()) if len(query.rows) else words.MISSING
    return Figure(
        title="Every rotation of small against large on record",
        unit=f"A rise of 10 % from the trough confirms one, a fall of 5 % from the peak ends it. "
        f"Gain in percent and sessions from trough to peak. History from {start}.",
        source="rotation.episode",
        query=query,
        absent="No rise of 10 % from a trough is on record yet.",
        table=Table(
            ["Trough", "Peak", "End", "Gain, %", "Sessions", "Rank"],
            [row(one) for one in query.records],
        ),
        is_wide=True,
    )
