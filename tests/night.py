"""Whole nights without Prefect, in this process or one that can be killed."""

import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Protocol

import duckdb
import pandas as pd

from warehouse import calendar
from warehouse.as_of import create_as_of_macros
from warehouse.catalog import write_catalog
from warehouse.land import Landed, land
from warehouse.materialize import Materializer
from warehouse.outcome import note_outcome
from warehouse.place import Place
from warehouse.publish import publish
from warehouse.run import Run
from warehouse.transform import Transform, read_transforms
from warehouse.writing import writing
from warehouse.yardstick import stood_at_publication

REPOSITORY = Path(__file__).parents[1]
FIRST, SECOND, THIRD = date(2026, 1, 7), date(2026, 1, 8), date(2026, 1, 9)

Row = Mapping[str, object]


class Tell(Protocol):
    """Lands rows of one dataset, as a night that knows what was known by a moment."""

    def __call__(
        self, dataset: str, rows: Sequence[Row] | pd.DataFrame, known_by: str = ...
    ) -> Landed: ...


# A process that dies, or is interrupted, as Python is about to do something to some path.
ENDING = """
import os, sys
from datetime import date
from pathlib import Path
from night import bars, run_night

home, session, event, part, end = sys.argv[1:]

def watch(name, arguments):
    if name == event and part in " ".join(map(str, arguments)):
        if end == "killed":
            os._exit(9)
        raise KeyboardInterrupt

day = date.fromisoformat(session)
frames = {"quote": bars(["IWM", "SPY"], day, 5)}
sys.addaudithook(watch)
run_night(Path(home), day, frames, ["core.session", "core.quote"])
"""


@cache
def all_transforms() -> list[Transform]:
    """Read once for all nights of a process."""
    return read_transforms()


def bars(symbols: Iterable[str], last: date, sessions: int) -> pd.DataFrame:
    """The last `sessions` bars up to `last` of each symbol; a day's close is always the same."""
    days = [day.date() for day in calendar.exchange().sessions if day.date() <= last][-sessions:]
    closes = {
        symbol: [100.0 + 10 * number + day.toordinal() * (2 * number + 3) % 17 for day in days]
        for number, symbol in enumerate(symbols)
    }
    frame = pd.DataFrame(closes, index=pd.Index(days, name="session")).reset_index()
    return frame.melt("session", var_name="symbol", value_name="close")


def build(
    con: duckdb.DuckDBPyConnection,
    news: Mapping[str, date],
    tables: Iterable[str] = (),
    *,
    rebuild: bool = False,
    stood: bool = False,
) -> dict[str, str]:
    """Materialise `tables` (none: all) with macros and catalog; says what became of each.

    `stood` says that the build file stood where the last publication does.
    """
    wanted = set(tables)
    transforms = [t for t in all_transforms() if not wanted or t.name in wanted]
    materializer = Materializer(con, transforms, news, rebuild=rebuild)
    done = {table.name: table.action for table in materializer.run()}
    create_as_of_macros(con, transforms)
    since = materializer.since if stood else {}
    write_catalog(con, transforms, materializer.fingerprints, since)
    return done


def run_night(
    home: Path, session: date, frames: Mapping[str, pd.DataFrame], tables: Iterable[str] = ()
) -> Run:
    """Land, build `tables` (none: all) and publish `session`, as the flow does."""
    place = Place.of(home)
    run = Run("nightly", "files", session, calendar.night_ends(session))
    with writing(place, run) as con:
        news = {}
        for name, frame in frames.items():
            landed = land(con, name, frame, run)
            note_outcome(con, run, landed)
            news[f"raw.{name}"] = landed.since
        build(con, news, tables, stood=stood_at_publication(con, place, run))
        con.commit()
        run.finish("published", f"Session {session} is published.")
        publish(con, place, run)
    return run


def end_at(home: Path, session: date, event: str, part: str, end: str = "killed") -> int:
    """Run a night in a process that is killed or interrupted at `event` about a path with `part`.

    `event` is one of Python's audit events; gives the exit code.
    """
    return subprocess.run(
        [sys.executable, "-c", ENDING, str(home), str(session), event, part, end],
        cwd=REPOSITORY / "tests",
        env={"PYTHONPATH": str(REPOSITORY)},
        stderr=subprocess.DEVNULL,
        check=False,
    ).returncode
