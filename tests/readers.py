"""Readers that ask in a loop while nights are published; run by `make readers`.

Each reader opens the published file anew every time, as the README says, and in one transaction
asks twice for the newest run and for the newest session in three schemas: they must be of one run.
One more holds a transaction open from the first publication to the last: a publication that waited
for a reader would never end. Nights are small and without Prefect and checks: a publication is what
counts, and its wall-clock seconds, watched, must stay near those alone.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
from night import FIRST, REPOSITORY, bars, run_night

from warehouse import calendar
from warehouse.place import Place
from warehouse.publish import publish as publish_whole

PAUSE_SECONDS = 0.1  # between two questions, so that the nights get a turn
# Readers take the processor from a publication, which must not take much longer for it.
WAITED_TIMES, WAITED_SECONDS = 10, 5
TABLES = ["core.session", "core.quote"]
SEEN = """
    select
        (select max_by((run_id, session), run_id) from ops.published) as published,
        (select max_by((run_id, session), run_id) from ops.run) as run,
        (select max(session) from core.quote) as quoted,
        (select max(run_id) from raw.quote) as landed
"""


@dataclass(frozen=True)
class Report:
    """What came of it: wall-clock seconds of publications, times asked, what was wrong."""

    alone: Sequence[float]
    watched: Sequence[float]
    asked: int
    complaints: Sequence[str]


def look(con: duckdb.DuckDBPyConnection) -> tuple[object, ...]:
    """Ask twice in the open transaction; AssertionError where the answers are not of one run."""
    seen = con.execute(SEEN).fetchall()[0]
    again = con.execute(SEEN).fetchall()[0]
    published, run, quoted, landed = seen
    assert seen == again, f"{seen}, then {again}"
    assert published == run, f"published is {published}, the newest run {run}"
    assert (landed, quoted) == tuple(published), f"{seen} are not of one run"
    return seen


def read(warehouse: Path) -> None:
    """Be a reader until standard input ends; say how often we asked, or what went wrong."""
    import select

    asked, last = 0, ""
    while not select.select([sys.stdin], [], [], 0)[0]:
        with duckdb.connect(warehouse, read_only=True) as con:
            con.begin()
            run_id = look(con)[3]
            con.commit()
        assert str(run_id) >= last, f"{run_id} after {last}"
        asked, last = asked + 1, str(run_id)
        time.sleep(PAUSE_SECONDS)
    print(asked)


def start(warehouse: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, __file__, "--read", warehouse],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def publish(home: Path, sessions: Sequence[date]) -> Iterator[float]:
    """Run nights; gives the wall-clock seconds that the publication of each took."""
    took: list[float] = []

    def timed(*arguments: Any) -> Path:
        began = time.perf_counter()
        folder = publish_whole(*arguments)
        took.append(time.perf_counter() - began)
        return folder

    with patch("night.publish", timed):
        for session in sessions:
            run_night(home, session, {"quote": bars(["IWM", "SPY"], session, 5)}, TABLES)
            yield took[-1]


@contextmanager
def faithful(warehouse: Path) -> Iterator[list[str]]:
    """Hold one transaction open; it sees the same run in the end as in the beginning."""
    complaints: list[str] = []
    with duckdb.connect(warehouse.resolve(), read_only=True) as con:
        con.begin()
        first = look(con)
        yield complaints
        if look(con) != first:
            complaints.append(f"a transaction that was kept open saw {first}, then {look(con)}")


def watch(home: Path, publishes: int, readers: int) -> Iterator[float | Report]:
    """Publish a few times alone, then watched; gives the seconds of each, then the report."""
    days = [day.date() for day in calendar.exchange().sessions if day.date() >= FIRST]
    alone, watched = [], []
    for seconds in publish(home, days[: publishes // 5 + 2]):
        alone.append(seconds)
        yield seconds
    warehouse = Place(home).warehouse
    asking = [start(warehouse) for _ in range(readers)]
    with faithful(warehouse) as complaints:
        for seconds in publish(home, days[len(alone) : len(alone) + publishes]):
            watched.append(seconds)
            yield seconds
    asked = 0
    for reader in asking:
        out, err = reader.communicate("\n", timeout=60)
        if reader.returncode:
            complaints.append(err.strip().splitlines()[-1])
        else:
            asked += int(out)
    if (longest := max(watched)) > WAITED_TIMES * max(alone[1:]) + WAITED_SECONDS:
        complaints.append(f"a publication took {longest:.1f} s: it waited for a reader")
    yield Report(alone[1:], watched, asked, complaints)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--publishes", type=int, default=50)
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--read", type=Path, help="be a reader of this file")
    asked = parser.parse_args()
    if asked.read:
        read(asked.read)
        return
    with tempfile.TemporaryDirectory(prefix="readers-") as folder:
        for number, done in enumerate(watch(Path(folder), asked.publishes, asked.readers)):
            if isinstance(done, Report):
                break
            if number % 5 == 0:
                print(f"published {number + 1}", file=sys.stderr, flush=True)
    assert isinstance(done, Report)
    for complaint in done.complaints:
        print(complaint)
    alone, watched = (statistics.median(seconds) for seconds in (done.alone, done.watched))
    print(
        f"{len(done.watched)} publishes, {asked.readers} readers, {done.asked:,} answers, "
        f"{len(done.complaints)} failed; a publication took {alone:.2f} s alone, {watched:.2f} s "
        f"watched and {max(done.watched):.2f} s at most."
    )
    sys.exit(bool(done.complaints) or not done.asked)


if __name__ == "__main__":
    main()
