"""The page: everything that the sections say, put into one HTML file."""

import json
import os
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from flows.report import drawing, state, words
from flows.report.bundle import bundle
from flows.report.figure import Figure, Section
from flows.report.query import packed
from warehouse.connect import open_published
from warehouse.place import PAGE, Place
from warehouse.publish import published_run
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
        source=run.source,
        state=state.verdict(con, run.session),
        score=score,
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


def write_page(place: Place) -> Path:
    """Make the page of the published warehouse anew, whole or not at all; gives its path.

    Raises WarehouseError where nothing is published.
    """
    with open_published(place) as con:
        record = published_run(con)  # of what is open: a night may publish meanwhile
        html = build_page(con, Run.of(record))
    folder = place.published / record["run_id"]
    page = folder / PAGE
    page.parent.mkdir(parents=True, exist_ok=True)
    partial = page.with_suffix(f".{os.getpid()}.partial")
    partial.write_text(html, encoding="utf-8")
    partial.replace(page)
    return place.current / PAGE if place.current.resolve() == folder.resolve() else page


def _read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _drawn(score: Figure, sections: list[Section]) -> dict[str, Any]:
    """What the page's script draws: specs by the place they are drawn in, rows by their query."""
    figures = {"score": score} | {
        f"{section.name}-{place}": figure
        for section in sections
        for place, figure in enumerate(section.figures, 1)
    }
    shown = {place: f for place, f in figures.items() if f.spec is not None and not f.is_empty}
    specs = json.dumps([figure.spec for figure in shown.values()])
    return {
        "config": drawing.CONFIG,
        "specs": {place: figure.spec for place, figure in shown.items()},
        "rows": {f.query.name: packed(_used(f.drawn_rows, specs)) for f in shown.values()},
    }


def _used(rows: pd.DataFrame, specs: str) -> pd.DataFrame:
    """The columns that charts name; the others are for the sentences and tables."""
    return rows[[name for name in rows if str(name) in specs]]
