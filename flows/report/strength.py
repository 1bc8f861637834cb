"""Relative strength of every pair, rebased at the start of a horizon, and all horizons at once."""

import json
from typing import Any

import altair as alt
import duckdb
import pandas as pd

from flows.report import drawing, words
from flows.report.figure import Cell, Figure, Section, Table
from flows.report.query import Query

# Style pairs in words; sector and stock pairs are named after their long side.
PAIRS = {
    "small_vs_large": "Small / large",
    "small_vs_nasdaq": "Small / Nasdaq-100",
    "small_vs_mag7": "Small / the seven",
    "russell_vs_sp500": "Russell 2000 / S&P 500",
    "nasdaq_vs_sp500": "Nasdaq / S&P 500",
    "equal_vs_cap": "Equal / cap weight",
    "value_vs_growth": "Value / growth",
    "small_value_vs_small_growth": "Small value / growth",
    "quality_small_vs_small": "Quality small / small",
    "mag7_vs_sp500": "The seven / large",
    "old_economy_vs_mag7": "Old economy / the seven",
    "credit_appetite": "High yield / Treasuries",
}
HORIZONS = ("1d", "5d", "1m", "3m", "6m", "12m", "ytd")
FULL_BAR = {"1d": 3, "5d": 6, "1m": 12, "3m": 20, "6m": 30, "12m": 40, "ytd": 30}  # points


def section(con: duckdb.DuckDBPyConnection) -> Section:
    """The section of relative strength."""
    table = Query.ask(con, "pairs")
    return Section(
        "strength",
        "Relative strength",
        _lead(table.rows),
        (_panels(Query.ask(con, "relative_strength")), _horizons(table)),
    )


def _lead(rows: pd.DataFrame) -> str:
    known = rows[~rows["is_behind"].astype(bool) & rows["excess_3m_pct"].notna()]
    if known.empty:
        return "How one side of a pair does against the other: no pair has three months yet."
    best, worst = known.iloc[0], known.iloc[-1]
    ahead = int((known["excess_3m_pct"] > 0).sum())
    return (
        f"Over three months the long side leads in {ahead} of {len(known)} pairs: most in "
        f"{label(best)} ({words.change(best.excess_3m_pct)} pts), least in {label(worst)} "
        f"({words.change(worst.excess_3m_pct)} pts)."
    )


def label(row: Any) -> str:
    """A pair in words, with its two symbols."""
    return f"{row.long_symbol} / {row.short_symbol}"


def _named(row: Any) -> str:
    if row.pair in PAIRS:
        return PAIRS[row.pair]
    name = row.long_name if isinstance(row.long_name, str) else row.long_symbol
    name = name.removesuffix(", Inc.").removesuffix(" Inc.")
    return name if row.short_symbol == "SPY" else f"{name} / {row.short_symbol}"


def _panels(query: Query) -> Figure:
    rows = query.rows
    wide = rows.pivot(index=["session", "sessions_back"], columns="pair", values="ratio")
    firsts = rows.drop_duplicates("pair").set_index("pair", drop=False)
    order = sorted(
        wide.columns,
        key=lambda pair: (list(PAIRS).index(pair) if pair in PAIRS else len(PAIRS), str(pair)),
    )
    columns = {f"p{place}": pair for place, pair in enumerate(order)}
    wide = wide[order].set_axis(list(columns), axis=1).reset_index()
    names = {column: _named(firsts.loc[pair]) for column, pair in columns.items()}
    symbols = {column: label(firsts.loc[pair]) for column, pair in columns.items()}
    base = alt.Chart()
    line = base.mark_line(strokeWidth=1.4).encode(
        x=drawing.sessions(ticks=3),
        y=alt.Y("rebased:Q", title=None, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=3)),
        color=alt.Color(
            "leads:N",
            legend=None,
            scale=alt.Scale(domain=["long", "short"], range=[drawing.FOR, drawing.AGAINST]),
        ),
    )
    tooltip = [
        alt.Tooltip("pair:N"),
        alt.Tooltip("symbols:N"),
        *drawing.tips({"rebased": ("rebased to 100", ".1f"), "ratio": ("ratio", ".4f")}),
    ]
    layers = alt.layer(
        drawing.level(100),
        line,
        drawing.hover(base, tooltip, ticks=3),
        data=drawing.data(query.name),
    )
    facet = alt.Facet(
        "pair:N", title=None, sort=list(names.values()), header=alt.Header(labelLimit=170)
    )
    chart = (
        layers.properties(width=150, height=86)
        .facet(facet=facet, columns=4)
        .transform_filter("datum.sessions_back <= horizon")
        .transform_fold(list(columns), as_=["column", "ratio"])
        .transform_filter("isValid(datum.ratio)")
        .transform_window(
            first="first_value(ratio)",
            last="last_value(ratio)",
            frame=[None, None],
            groupby=["column"],
            sort=[alt.SortField("session")],
        )
        .transform_calculate(
            rebased="100 * datum.ratio / datum.first",
            leads="datum.last >= datum.first ? 'long' : 'short'",
            pair=f"{json.dumps(names)}[datum.column]",
            symbols=f"{json.dumps(symbols)}[datum.column]",
        )
        .resolve_scale(y="independent")
        .properties(spacing={"row": 16, "column": 14})
    )
    this_year = pd.Timestamp(query.as_of or 0).year
    in_year = rows.loc[rows["session"].dt.year < this_year, "sessions_back"]
    ytd = int(in_year.min()) if len(in_year) else 0
    return Figure(
        title="Every pair: what the long side gained on the short one",
        unit="Ratio of the two prices, 100 at the start of the horizon; above 100 the first-named "
        "side leads. A name alone is against the S&P 500 (SPY). Price only. Daily for two years, "
        "weekly before; each panel has its own scale.",
        source="rotation.relative_strength",
        query=query,
        absent="No pair is quoted on both sides.",
        rows=wide,
        spec=drawing.spec(chart.add_params(drawing.horizon("1y", ytd=ytd)), query.name, panel=215),
        legend=[
            drawing.Key("first side leads", drawing.FOR),
            drawing.Key("second side leads", drawing.AGAINST),
        ],
        is_wide=True,
    )


def _horizons(query: Query) -> Figure:
    def row(pair: Any) -> list[Cell]:
        behind = f" · last quoted {words.day(pair.session)}" if pair.is_behind else ""
        streak = words.change(pair.streak_sessions, 0)
        if pair.is_record:
            streak += " (record)"
        elif not pd.isna(pair.longest_since):
            streak += f" (longest since {words.day(pair.longest_since)})"
        return [
            Cell(label(pair), hint=f"{pair.description}{behind}"),
            *(_bar(getattr(pair, f"excess_{horizon}_pct"), horizon) for horizon in HORIZONS),
            Cell(words.number(pair.excess_3m_percentile, 0), hint=f"since {pair.history_start:%Y}"),
            Cell(words.change(pair.ratio_zscore_252, 1)),
            Cell(streak),
        ]

    headings = [
        "Pair",
        "1 day",
        "5 days",
        "1 month",
        "3 months",
        "6 months",
        "1 year",
        "Year to date",
        "Percentile of 3 months",
        "Ratio's z-score, 1 year",
        "Streak",
    ]
    return Figure(
        title="Every pair over every horizon",
        unit="Long side's return less the short side's, percent points by price, strongest over "
        "three months first. Percentile: among the pair's own past. Streak: + sessions running "
        "that the long side won, − lost.",
        source="rotation.relative_strength, rotation.streak",
        query=query,
        absent="No pair is quoted on both sides.",
        table=Table(headings, [row(pair) for pair in query.records]),
        is_wide=True,
    )


def _bar(value: float, horizon: str) -> Cell:
    if pd.isna(value):
        return Cell(words.MISSING, "muted", "too little history")
    share = max(-1.0, min(1.0, value / FULL_BAR[horizon]))
    return Cell(words.change(value), share=share or None)
