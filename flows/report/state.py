"""The first screen: the scorecard's sentence, its score over time, key numbers, freshness."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import altair as alt
import duckdb
import pandas as pd

from flows.report import drawing, words
from flows.report.figure import Figure
from flows.report.query import Query

# Number in key_numbers.sql: label, decimals, unit, unit of the change.
CARDS = {
    "excess_1m_pct": ("Small against large, 1 month (IWM − SPY)", 1, "pts", "pts"),
    "excess_3m_pct": ("Small against large, 3 months (IWM − SPY)", 1, "pts", "pts"),
    "excess_ytd_pct": ("Small against large, year to date", 1, "pts", "pts"),
    "streak_sessions": ("Sessions running that small beat large (− lost)", 0, "", ""),
    "SMALL": ("Small companies above their 50-session mean", 0, "%", "pts"),
    "LARGE": ("Large companies above their 50-session mean", 0, "%", "pts"),
    "MAG7": ("The seven above their 50-session mean", 0, "%", "pts"),
    "gap_pct": ("Earnings growth, small − seven, next fiscal year", 1, "pts", "pts"),
    "gap_ex_losses_pct": ("The same without loss makers", 1, "pts", "pts"),
    "discount_to_mag7_pct": ("Forward P/E of small against the seven's", 0, "%", "pts"),
    "discount_to_mag7_ex_losses_pct": ("The same without loss makers", 0, "%", "pts"),
    "fed_target_upper_pct": ("Fed target, upper end", 2, "%", "pts"),
    "slope_10y2y_bp": ("Yield curve, 10 less 2 years", 0, "bp", "bp"),
    "hy_oas_bp": ("High-yield spread", 0, "bp", "bp"),
    "volatility": ("Volatility a year of small companies (IWM, 3 months)", 1, "%", "pts"),
}
SIGNED = ("excess", "streak", "gap", "discount", "slope")
DATASETS = {
    "quote": "Quotes",
    "rate": "Rates",
    "holding": "Holdings",
    "estimate": "Estimates",
    "fundamental": "Company facts",
}


@dataclass(frozen=True)
class Card:
    """One key number with its change since the session before."""

    label: str
    value: str
    change: str
    is_low_coverage: bool


@dataclass(frozen=True)
class Numbers:
    """The key numbers and the query that gives them."""

    query: Query
    cards: list[Card]


@dataclass(frozen=True)
class Line:
    """How fresh one dataset is."""

    dataset: str
    newest: str
    lateness: str
    is_late: bool


@dataclass(frozen=True)
class Freshness:
    """How fresh the data is, what the checks said, and the query that tells."""

    query: Query
    lines: list[Line]
    checks: str


@dataclass(frozen=True)
class Verdict:
    """The scorecard's newest row in words, and the query that gives it."""

    query: Query
    summary: str
    score: str = words.MISSING
    moved: str = ""
    regime_name: str = ""
    regime: str = "No regime"
    since: str = ""


def verdict(con: duckdb.DuckDBPyConnection, session: date) -> Verdict:
    """What the scorecard says, or that there is none yet."""
    query = Query.ask(con, "today")
    if query.rows.empty:
        return Verdict(query, f"No scorecard for {session} yet: it takes a year of quotes.")
    now: Any = query.rows.iloc[0]
    moved = ""
    if not pd.isna(now.score_change):
        moved = f"{_change(now.score_change, 2)} since {words.short_day(now.session_before)}"
    if not isinstance(now.regime, str):
        return Verdict(query, now.summary)
    return Verdict(
        query,
        now.summary,
        words.change(now.score, 2),
        moved,
        now.regime,
        words.named(now.regime),
        f"since {words.day(now.regime_since)}",
    )


def numbers(con: duckdb.DuckDBPyConnection) -> Numbers:
    """The key numbers, one card each; a number that the source does not hold says so."""
    query = Query.ask(con, "key_numbers")
    found = query.rows.set_index("number")
    return Numbers(
        query,
        [_card(name, found.loc[name] if name in found.index else None) for name in CARDS],
    )


def _change(moved: float, decimals: int, unit: str = "") -> str:
    return words.change(moved, decimals, unit) if round(abs(moved), decimals) else "unchanged"


def _card(name: str, row: Any) -> Card:
    label, decimals, unit, unit_of_change = CARDS[name]
    if row is None or pd.isna(row.value):
        return Card(label, words.MISSING, "no number on this session", False)
    is_signed = name.startswith(SIGNED)
    moved = row.value - row.value_before
    if pd.isna(moved):
        said = "no number before"
    elif name == "streak_sessions":  # one that has turned is no difference of two lengths
        said = f"after {words.change(row.value_before, 0)} on "
        said += words.short_day(row.observed_before_on)
    else:
        said = f"{_change(moved, decimals, unit_of_change)} since "
        said += words.short_day(row.observed_before_on)
    is_low = not pd.isna(row.coverage_pct) and row.coverage_pct < 75
    if is_low:
        said += f" · only {row.coverage_pct:.0f} % covered"
    return Card(label, words.number(row.value, decimals, unit, signed=is_signed), said, is_low)


def freshness(con: duckdb.DuckDBPyConnection) -> Freshness:
    """How far each dataset reaches, which of them the newest run's checks found late."""
    query = Query.ask(con, "freshness")
    lines = []
    for row in query.records:
        behind = int(row.sessions_behind)
        said = [f"{behind} session{'s' * (behind != 1)} older"] * bool(behind)
        said += ["late"] * bool(row.is_late)
        lateness = f" ({', '.join(said)})" if said else ""
        newest = words.day(row.newest) if not pd.isna(row.newest) else "none in the source"
        lines.append(Line(DATASETS.get(row.dataset, row.dataset), newest, lateness, row.is_late))
    count, warnings = (int(query.rows[name].max()) for name in ("checks", "warnings"))
    checks = (
        f"{count} checks of this run, {warnings} with a warning."
        if count
        else "No check is recorded for this run."
    )
    return Freshness(query, lines, checks)


def score(con: duckdb.DuckDBPyConnection) -> Figure:
    """The score over time, with the regimes that it made."""
    query = Query.ask(con, "score")
    base = drawing.within(alt.Chart(drawing.data("score")))
    sides = base.transform_calculate(above="max(datum.score, 0)", below="min(datum.score, 0)")
    areas = [
        sides.mark_area(color=colour, opacity=0.3, line=False).encode(
            x=drawing.sessions(), y=drawing.value(side, span=(-1, 1))
        )
        for side, colour in (("above", drawing.FOR), ("below", drawing.AGAINST))
    ]
    # A ribbon at the foot: spells of one regime.
    spells = (
        base.transform_window(
            was="lag(regime)", until="lead(session)", sort=[alt.SortField("session")]
        )
        .transform_calculate(turn="datum.was === datum.regime ? 0 : 1")
        .transform_window(spell="sum(turn)", sort=[alt.SortField("session")])
        .transform_aggregate(start="min(session)", until="max(until)", groupby=["spell", "regime"])
        .transform_calculate(left="toDate(datum.start)", right="toDate(datum.until)")
        .mark_rect(height=7, opacity=0.9)
        .encode(
            x=alt.X("left:T", title=None),
            x2="right:T",
            y=alt.value(126),
            color=alt.Color(
                "regime:N",
                legend=None,
                scale=alt.Scale(
                    domain=["rotation", "neutral", "mega_cap_leadership"],
                    range=[drawing.FOR, drawing.FAINT, drawing.AGAINST],
                ),
            ),
        )
    )
    chart = drawing.lines(
        base,
        [drawing.Series("score", "score", drawing.INK)],
        drawing.tips(
            {
                "score": ("score", "+.2f"),
                "regime": ("regime", ""),
                "coverage_pct": ("% of the weight", ".0f"),
            }
        ),
        form="+.1f",
        span=(-1, 1),
        marks=[*areas, spells, drawing.level(0.25), drawing.level(-0.25)],
    ).add_params(drawing.horizon("1y", ("6m", "1y", "2y", "5y", "all")))
    return Figure(
        title="Score over time",
        unit="1: rotation to small companies, −1: the mega-caps lead; regimes start beyond ±0.25.",
        source="rotation.scorecard",
        query=query,
        absent="No session has a score yet: it takes a year of history.",
        spec=drawing.spec(chart, "score", height=130),
        legend=[
            drawing.Key("rotation", drawing.FOR),
            drawing.Key("neutral", drawing.FAINT),
            drawing.Key("mega-cap leadership", drawing.AGAINST),
        ],
    )
