"""How much small companies, large ones and the seven move, and how far they have fallen."""

from typing import Any

import altair as alt
import duckdb
import pandas as pd

from flows.report import drawing, words
from flows.report.figure import Cell, Figure, Section, Table
from flows.report.query import Query

SYMBOLS = {"IWM": "SMALL", "SPY": "LARGE", "MAG7": "MAG7"}
LEGEND = [
    drawing.Key(f"{words.named(cohort)} ({symbol})", drawing.COLOURS[cohort])
    for symbol, cohort in SYMBOLS.items()
]
ABSENT = "None of IWM, SPY and the seven has the history that this takes."


def section(con: duckdb.DuckDBPyConnection) -> Section:
    """The section of risk."""
    query, now = Query.ask(con, "risk"), Query.ask(con, "risk_now")
    return Section(
        "risk",
        "Risk",
        _lead(now),
        (
            _chart(
                query,
                "vol_63d_pct",
                "Volatility over 63 sessions",
                "Percent a year, from daily price returns.",
            ),
            _chart(
                query,
                "drawdown_pct",
                "Drawdown: how far below the highest close",
                "Percent below the running maximum of the history at hand.",
            ),
            _table(now),
        ),
    )


def _lead(query: Query) -> str:
    parts = [
        f"{words.SPOKEN[SYMBOLS[one.symbol]]} {words.number(one.vol_63d_pct, 0)} %"
        for one in query.records
        if one.symbol in SYMBOLS and not pd.isna(one.vol_63d_pct)
    ]
    return f"Volatility a year: {words.listed(parts)}." if parts else "No volatility is known yet."


def _chart(query: Query, column: str, title: str, unit: str) -> Figure:
    base = drawing.within(alt.Chart(drawing.data(query.name)))
    line = base.mark_line().encode(
        x=drawing.sessions(),
        y=drawing.value(column),
        color=alt.Color(
            "symbol:N",
            legend=None,
            scale=alt.Scale(
                domain=list(SYMBOLS), range=[drawing.COLOURS[c] for c in SYMBOLS.values()]
            ),
        ),
    )
    wide = base.transform_pivot("symbol", value=column, groupby=["session"])
    tooltip = drawing.tips({symbol: (f"{symbol}, %", ".1f") for symbol in SYMBOLS})
    chart = alt.layer(line, drawing.hover(wide, tooltip)).add_params(
        drawing.horizon("2y", ("1y", "2y", "5y", "all"))
    )
    return Figure(
        title=title,
        unit=f"{unit} Daily for two years, weekly before.",
        source="rotation.risk",
        query=query,
        absent=ABSENT,
        spec=drawing.spec(chart, query.name),
        legend=LEGEND,
    )


def _table(query: Query) -> Figure:
    def row(one: Any) -> list[Cell]:
        name = one.name if isinstance(one.name, str) else ""
        return [
            Cell(one.symbol, hint=name),
            *(
                Cell(words.number(value))
                for value in (one.vol_21d_pct, one.vol_63d_pct, one.vol_252d_pct)
            ),
            Cell(words.number(one.beta_252d, 2)),
            Cell(words.number(one.corr_63d, 2)),
            Cell(words.number(one.drawdown_pct)),
            Cell(words.number(one.max_drawdown_252d_pct)),
            Cell(words.day(one.history_start)),
        ]

    return Figure(
        title="Risk on the newest session",
        unit="Volatility in percent a year; beta and correlation to SPY; drawdown in percent.",
        source="rotation.risk",
        query=query,
        absent=ABSENT,
        table=Table(
            [
                "Symbol",
                "Volatility, 21 sessions",
                "63 sessions",
                "1 year",
                "Beta, 1 year",
                "Correlation, 63 sessions",
                "Drawdown",
                "Worst in 1 year",
                "History from",
            ],
            [row(one) for one in query.records],
        ),
        is_wide=True,
    )
