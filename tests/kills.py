"""Nights killed at random moments, each then run again; run by `make kills`.

After the kill readers must find the publication of before or the new one; after the plain rerun
every table must equal that of an undisturbed night, and nothing may be left over. Nights are the
real command in a forked process, against one standing Prefect server; every tenth brings its own,
which must go with it. Checks are cut to two suites and the page to a word, so that moments fall
densely where something is written. Moments lie evenly over a night's processor time, which does
not depend on what else the machine does; every fifth lies evenly over the seconds of publishing,
which mostly waits, or, every fifteenth, where the new folder has its name and the link not yet.
A full run, of 300 moments or more, fails where a stage of the night was never hit.
"""

import argparse
import filecmp
import logging
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from pathlib import Path

import duckdb
import night
import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from warehouse import calendar, declaration
from warehouse.connect import FOLDER, open_published
from warehouse.place import Place
from warehouse.run import read_records

SOURCE = "demo:60x1"
FIRST, SECOND = "2026-01-27", "2026-01-28"
CHECKED = ["core.quote", "rotation.streak"]
USUAL = {"build.duckdb", "current", "prefect", "published", "run.lock", "runs"}
SERVER_GOES_WITHIN_SECONDS = 30  # its process may not yet have come so far as to notice
STAGES = {  # by the first word of a night's last line
    "": "0 starting",
    "ingest": "1 landing",
    "land": "1 landing",
    "build": "2 building",
    "compare": "2 building",
    "moved": "2 building",
    "check": "3 checking",
    "publish": "4 publishing: pages, build file",
    "source": "4 publishing: pages, build file",
}
COPYING = "5 publishing: copying"
WHOLE = "6 publishing: whole, not linked"
LINKED = "7 publishing: linked"
FULL_RUN = 300  # moments, of which every stage must get some
# From run to run; and after one that died, nobody is sure how far back it reached.
DIFFER = {"run_id", "started_at", "finished_at", "published_at", "changed_since"}

Contents = Mapping[str, pd.DataFrame]
Night = Callable[[Path, str, bool], None]


@dataclass(frozen=True)
class Moment:
    """After so much processor time, so many seconds after publishing began, or as it is whole."""

    processor_seconds: float = 0
    publishing_seconds: float | None = None
    is_whole: bool = False


@dataclass(frozen=True)
class Killed:
    """What became of one night: where it was, what readers saw then, what was wrong."""

    stage: str
    seen: str
    trouble: str = ""


def command_night(home: Path, session: str, own_server: bool) -> None:
    """`rotation nightly`."""
    from flows.cli import main

    words = logging.FileHandler(home.with_suffix(".steps"))
    words.setFormatter(logging.Formatter("%(created)f %(message)s"))
    logging.getLogger("rotation").addHandler(words)
    if own_server:
        del os.environ["PREFECT_API_URL"]
    sys.argv = ["rotation", "nightly", "--source", SOURCE]
    sys.argv += ["--session", session, "--home", str(home)]
    main()


def plain_night(home: Path, session: str, own_server: bool) -> None:
    """The same without Prefect and checks, on a handful of bars."""
    from warehouse.run import published_record

    if published_record(Place(home)).get("session") != session:
        day = date.fromisoformat(session)
        frames = {"quote": night.bars(["IWM", "SPY"], day, 5)}
        night.run_night(home, day, frames, ["core.session", "core.quote"])


def start(run: Night, home: Path, session: str, own_server: bool = False) -> int:
    """Fork a process that leads a group of its own and runs a night; gives its id."""
    if pid := os.fork():
        return pid
    code: object = 70
    try:
        os.setsid()
        with home.with_suffix(".log").open("w") as screen:
            os.dup2(screen.fileno(), 1)
            os.dup2(screen.fileno(), 2)
        run(home, session, own_server)
        code = 0
    except SystemExit as end:
        code = end.code or 0
    finally:
        os._exit(int(str(code)))


def finish(run: Night, home: Path, session: str, own_server: bool = False) -> float:
    """Run a night to its end, which must be a good one; gives its processor seconds."""
    _, status, used = os.wait4(start(run, home, session, own_server), 0)
    if status:
        raise AssertionError(f"the night failed: {home.with_suffix('.log').read_text()[-2000:]}")
    return used.ru_utime + used.ru_stime


def kill(run: Night, home: Path, session: str, at: "Moment", own_server: bool) -> bool:
    """Start a night and kill its group at a moment; False where it ended before."""
    pid = start(run, home, session, own_server)
    while processor_seconds(pid) < at.processor_seconds and not has_ended(pid):
        time.sleep(0.002)
    if at.publishing_seconds is not None:
        while last_step(home) != "publish" and not has_ended(pid):
            time.sleep(0.001)
        time.sleep(at.publishing_seconds)
    if at.is_whole:
        published = Place(home).published
        before = len(list(published.glob("[!.]*")))
        while len(list(published.glob("[!.]*"))) == before and not has_ended(pid):
            pass
    ended = has_ended(pid)
    if not ended:
        os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return not ended


def has_ended(pid: int) -> bool:
    """Whether our child has ended, without taking its end from `waitpid`."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def processor_seconds(pid: int) -> float:
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def steps_of(home: Path) -> list[tuple[float, str]]:
    """When each step of a night began or ended, and its first word."""
    words = home.with_suffix(".steps")
    lines = words.read_text().splitlines() if words.exists() else []
    return [(float(line.split()[0]), line.split()[1]) for line in lines if len(line.split()) > 1]


def last_step(home: Path) -> str:
    said = steps_of(home)
    return said[-1][1] if said else ""


def contents(place: Place) -> Contents:
    """Every table that readers see, without what differs from run to run."""
    with open_published(place) as con:
        names = con.execute(
            """
            select schema_name || '.' || table_name
            from duckdb_tables()
            where schema_name <> 'ops'
            or table_name in ('table_catalog', 'quarantine', 'restatement')
            order by 1
            """
        ).fetchall()
        tables = {}
        for (name,) in names:
            shown = [
                column
                for column, *_ in con.execute(f"describe {name}").fetchall()
                if column not in DIFFER
            ]
            columns = ", ".join(shown)
            # What moved is told by the dead too, where they came so far.
            what = f"distinct {columns}" if name == "ops.restatement" else columns
            tables[name] = con.execute(f"select {what} from {name} order by all").df()
    catalog = tables["ops.table_catalog"]  # it counts runs and checks of the dead too
    tables["ops.table_catalog"] = catalog[catalog["schema_name"] != "ops"].reset_index(drop=True)
    return tables


@cache
def contents_of(home: Path) -> Contents:
    return contents(Place(home))


def files(place: Place) -> set[str]:
    """What a publication consists of."""
    folder = place.current.resolve()
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def difference(seen: Contents, wanted: Contents) -> str:
    """The first table that differs; numbers may by 1e-9 of the larger of 1 and themselves."""
    if seen.keys() != wanted.keys():
        return f"other tables: {sorted(seen.keys() ^ wanted.keys())}"
    for name, table in wanted.items():
        if len(table) != len(seen[name]):
            return f"{name} has {len(seen[name])} rows, not {len(table)}"
        for column in table.columns:
            one, other = table[column], seen[name][column]
            if one.dtype.kind == "f":
                error = (one - other).abs() / np.maximum(1, one.abs())
                same = one.isna().equals(other.isna()) and not (error > 1e-9).any()
            else:
                same = one.astype(str).equals(other.astype(str))
            if not same:
                return f"{name}.{column} differs"
    return ""


def stage(home: Path) -> str:
    """What a killed night was about, by its last words and what lies on the disk."""
    place = Place(home)
    first = read_records(place)[0]["run_id"]
    if place.published.exists():
        for path in place.published.iterdir():
            if path.name.startswith(".") and path.name[1:] > first:
                return COPYING
            if path.name > first:
                return LINKED if place.current.resolve() == path.resolve() else WHOLE
    return STAGES.get(last_step(home), "0 starting")


def leftovers(home: Path) -> str:
    """What a home holds that a sound one does not."""
    place = Place(home)
    odd = sorted({path.name for path in home.iterdir()} - USUAL)
    odd += [path.name for path in place.published.glob(".*")]
    odd += [path.name for path in place.runs.glob("*.partial")]
    return ", ".join(odd)


def servers(home: Path) -> list[str]:
    """The Prefect servers that were started for a home and still run."""
    running = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_text()
        except OSError:
            continue
        if str(home / "prefect") in words and "server.py" in words:
            running.append(process.name)
    return running


def server_stays(home: Path) -> bool:
    deadline = time.monotonic() + SERVER_GOES_WITHIN_SECONDS
    while servers(home):
        if time.monotonic() > deadline:
            return True
        time.sleep(0.1)
    return False


def what_readers_see(home: Path, old: Path, new: Contents) -> tuple[str, str]:
    """`old`, `new`, or `mix` with what is wrong; the file must open."""
    place, before = Place(home), Place(old)
    with duckdb.connect(place.warehouse.resolve(), read_only=True) as con:
        con.execute("select count(*) from core.quote").fetchall()
    if place.current.readlink() == before.current.readlink():
        same, differ, failed = filecmp.cmpfiles(
            place.current, before.current, files(before), shallow=False
        )
        trouble = ", ".join(differ + failed) or ", ".join(files(place) - set(same))
        return ("mix", f"the old publication differs in {trouble}") if trouble else ("old", "")
    if trouble := difference(contents(place), new):
        return "mix", f"readers see neither the old nor the new: {trouble}"
    return "new", ""


def one_moment(
    run: Night, home: Path, at: Moment, old: Path, undisturbed: Path, own_server: bool
) -> Killed:
    """Kill a night of SECOND, look, run it again, look again."""
    new = contents_of(undisturbed)
    shutil.copytree(old, home, symlinks=True)
    was_killed = kill(run, home, SECOND, at, own_server)
    where = stage(home) if was_killed else "8 ended before"
    saw, trouble = what_readers_see(home, old, new)
    if trouble:
        return Killed(where, saw, trouble)
    if own_server and server_stays(home):
        return Killed(where, saw, f"a Prefect server stays: {servers(home)}")
    try:
        finish(run, home, SECOND)
    except AssertionError as failure:
        return Killed(where, saw, str(failure))
    place = Place(home)
    if trouble := difference(contents(place), new):
        return Killed(where, saw, f"after the rerun {trouble}")
    if odd := files(place) ^ files(Place(undisturbed)):
        return Killed(where, saw, f"after the rerun the publication differs in {sorted(odd)}")
    if left := leftovers(home):
        return Killed(where, saw, f"after the rerun there is {left}")
    dead = [record["status"] for record in read_records(place)[1:]]
    wanted = [["published"], []] if saw == "new" else [["failed", "published"], ["published"]]
    if dead not in wanted:
        return Killed(where, saw, f"the records of the runs say {dead}")
    return Killed(where, saw)


@contextmanager
def command_nights(folder: Path) -> Iterator[None]:
    """What the command's nights share: imports, declarations, a standing Prefect server."""
    import great_expectations  # noqa: F401

    import flows.nightly
    import flows.sources.demo.quotes  # noqa: F401
    from flows import gate, steps
    from flows.server import prefect_server

    transforms = steps.read_transforms()
    steps.read_transforms = lambda: transforms
    steps.build_page = lambda con, run: "a page"
    gate.audit = partial(gate.audit, tables=CHECKED)
    with prefect_server(folder / "server") as await_server:
        await_server()
        yield


def warm_up() -> None:
    """Do once what is slow and the same for every night."""
    calendar.exchange()
    declaration.read_declaration = cache(declaration.read_declaration)
    for schema in ("raw", "reference", "ops"):
        declaration.read_declarations(FOLDER / schema)
    night.all_transforms()


def moments(run: Night, folder: Path, count: int, seed: int) -> Iterator[Killed]:
    """Kill a night at `count` moments that lie evenly over its length, in random order."""
    chance = random.Random(seed)
    warm_up()
    old, undisturbed = folder / "old", folder / "new"
    finish(run, old, FIRST)
    shutil.copytree(old, undisturbed, symlinks=True)
    seconds = finish(run, undisturbed, SECOND)
    said = steps_of(undisturbed)
    publishing = next((said[-1][0] - when for when, word in said if word == "publish"), None)
    shares = [(number + chance.random()) / count for number in range(count)]
    chance.shuffle(shares)
    for number, share in enumerate(shares):
        at = Moment(share * seconds)
        if publishing and number % 5 == 4:
            at = Moment(publishing_seconds=chance.uniform(0, 1.2 * publishing))
        if number % 15 == 14:
            at = Moment(is_whole=True)
        home = folder / f"home-{number}"
        yield one_moment(run, home, at, old, undisturbed, run is command_night and number % 10 == 0)
        shutil.rmtree(home)


def show(found: list[Killed], console: Console) -> None:
    table = Table("killed while", "moments", "readers saw the old", "the new", "failed", box=None)
    for name in sorted({killed.stage for killed in found}):
        own = [killed for killed in found if killed.stage == name]
        saw = Counter(killed.seen for killed in own)
        failed = sum(bool(killed.trouble) for killed in own)
        table.add_row(name[2:], *map(str, (len(own), saw["old"], saw["new"], failed)))
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--plain", action="store_true", help="without Prefect and checks")
    asked = parser.parse_args()
    run: Night = plain_night if asked.plain else command_night
    print(f"{asked.moments} moments, seed {asked.seed}", flush=True)
    found = []
    console = Console(width=None if sys.stdout.isatty() else 100)
    with (
        tempfile.TemporaryDirectory(prefix="kills-") as name,
        ExitStack() as nights,
        # No thread of its own: it would be forked.
        Progress(console=console, auto_refresh=False, disable=not console.is_terminal) as bar,
    ):
        folder = Path(name)
        task = bar.add_task("killing", total=asked.moments)
        if not asked.plain:
            nights.enter_context(command_nights(folder))
        for killed in moments(run, folder, asked.moments, asked.seed):
            found.append(killed)
            bar.update(task, advance=1, refresh=True)
            if killed.trouble:
                console.print(f"{killed.stage}: {killed.trouble}", markup=False, soft_wrap=True)
            elif not console.is_terminal and len(found) % 10 == 0:
                print(f"{len(found)} of {asked.moments}", flush=True)
    show(found, console)
    failed = sum(bool(killed.trouble) for killed in found)
    print(f"{len(found)} moments, {failed} failed, seed {asked.seed}.")
    missed: set[str] = set()
    if asked.moments >= FULL_RUN and not asked.plain:
        missed = {*STAGES.values(), COPYING, WHOLE, LINKED} - {killed.stage for killed in found}
        for name in sorted(missed):
            print(f"No moment hit a night {name[2:]}: run it again, or with more moments.")
    sys.exit(bool(failed or missed))


if __name__ == "__main__":
    main()
