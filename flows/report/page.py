"""The page: everything that the sections say, put into one HTML file."""

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from flows.report import drawing, state, words
from flows.report.bundle import bundle
from flows.report.figure import Figure, Section
from flows.report.query import Query, packed
from warehouse.run import Run

FOLDER = Path(__file__).parent


def build_page(con: duckdb.DuckDBPyConnection, run: Run) -> str:
    """The nightly page of a warehouse as HTML that needs no other file and no network.

    `con` is any connection to a warehouse, `run` the run that built or published it.
    """
    from flows.report.sections import SECTIONS

    sections = [section(con) for section in SECTIONS]
    score = state.score(con)
    environment = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    return environment.get_template("template.html").render(
        session=run.session,
        long_session=words.long_day(run.session),
        is_simulated=run.is_simulated,
        state=_state(con, score, run.session),
        freshness=state.freshness(con),
        numbers=state.numbers(con),
        sections=sections,
        drawn=_drawn(score, sections),
        provenance=f"Made by run {run.run_id} from the source {run.source}, using nothing known "
        f"after {run.known_by:%Y-%m-%d %H:%M} UTC.",
        style=Markup(_read("page.css")),
        script=Markup(_read("page.js")),
        bundle=Markup(bundle()),
    )


def _read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _state(
    con: duckdb.DuckDBPyConnection, figure: Figure, session: date
) -> dict[str, object]:
    """The scorecard's newest row in words."""
    rows = Query.ask(con, "today").rows
    if rows.empty:
        summary = f"No scorecard for {session} yet: it takes a year of quotes."
        return dict.fromkeys(("since", "scale", "regime_name"), "") | {
            "summary": summary, "score": words.MISSING, "regime": "no regime", "figure": figure
        }
    now = rows.iloc[0]
    regime = now.regime if isinstance(now.regime, str) else "no regime"
    return {
        "summary": now.summary,
        "score": words.change(now.score, 2),
        "regime_name": regime,
        "regime": words.named(regime),
        "since": f"since {words.day(now.regime_since)}" if isinstance(now.regime, str) else "",
        "scale": f"Score from −1 to 1, of {int(now.signal_count)} signals with "
        f"{now.coverage_pct:.0f} % of the weight.",
        "figure": figure,
    }


def _drawn(score: Figure, sections: list[Section]) -> dict[str, Any]:
    """What the page's script draws: specs by the place they are drawn in, rows by their query."""
    figures = {"score": score} | {
        f"{section.name}-{place}": figure
        for section in sections
        for place, figure in enumerate(section.figures, 1)
    }
    shown = {place: f for place, f in figures.items() if f.spec is not None and not f.is_empty}
    return {
        "config": drawing.CONFIG,
        "specs": {place: figure.spec for place, figure in shown.items()},
        "rows": {f.query.name: packed(f.drawn_rows) for f in shown.values()},
    }
