"""The real commands on a lake, held against the same nights in a file; run by `make lake`.

Two nights of the drop (of a simulated market where it does not lie beside the checkout) go into a
lake, on a PostgreSQL and an S3 stand-in of their own, into another one by workers on Dask, and into
a file. Every table must be the same after each. Four readers ask in a loop throughout and must see
whole nights only. Then every other command runs with nothing but the settings changed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from kills import contents, difference
from lakes import SECRETS, serving
from night import REPOSITORY
from rich.console import Console
from rich.table import Table

from warehouse.place import Place

DROP = REPOSITORY.parent / "shared" / "data" / "drop"
READERS = 4
READ = """
import sys, time
from pathlib import Path
from readers import look
from warehouse.connect import WarehouseError, open_published
from warehouse.place import Place

place, asked, seen = Place.of(Path(sys.argv[1])), 0, set()
stop = Path(sys.argv[2])
while not stop.exists():
    try:
        with open_published(place) as con:
            con.begin()
            seen.add(str(look(con)[3]))
            asked += 1
    except WarehouseError as error:
        assert str(error).startswith("Nothing is published"), error
    time.sleep(3)
print(asked, len(seen))
"""


class Failed(Exception):
    """A command ended otherwise than it should have."""


def rotation(settings: Mapping[str, str], *arguments: object, code: int = 0) -> tuple[float, str]:
    """Run the command; gives its seconds and what it said on standard output."""
    began = time.perf_counter()
    done = subprocess.run(
        [Path(sys.executable).parent / "rotation", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    if done.returncode != code:
        raise Failed(f"rotation {arguments[0]} ended with {done.returncode}: {said[-2000:]}")
    if shown := [secret for secret in SECRETS if secret in said]:
        raise Failed(f"rotation {arguments[0]} said {shown}")
    return time.perf_counter() - began, done.stdout


@contextmanager
def readers(settings: Mapping[str, str], folder: Path) -> Iterator[list[str]]:
    """Ask in a loop while the block lasts; afterwards the list says how often, and of how many."""
    stop, told = folder / "stop", list[str]()
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", READ, str(folder / "reader"), str(stop)],
            cwd=REPOSITORY / "tests",
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(READERS)
    ]
    try:
        yield told
    finally:
        stop.touch()
        ended = [reader.communicate() for reader in asking]
    for reader, (said, complaint) in zip(asking, ended, strict=True):
        if reader.returncode:
            raise Failed(f"a reader failed: {complaint[-2000:]}")
        told.append(said.strip())


def nights(
    settings: Mapping[str, Mapping[str, str]], folder: Path
) -> Iterator[tuple[str, list[float]]]:
    """What was run, and its seconds in each store; Failed where the tables differ."""
    homes = {store: folder / store for store in settings}
    source = str(DROP) if DROP.is_dir() else "demo:60x1"
    days = ("2026-07-01", "2026-07-02") if DROP.is_dir() else ("2026-01-27", "2026-01-28")

    def run(*arguments: object) -> list[float]:
        return [
            rotation(settings[store], *arguments, "--home", home)[0]
            for store, home in homes.items()
        ]

    def compare(what: str) -> None:
        seen = {}
        for store, home in homes.items():
            with patch.dict(os.environ, settings[store]):
                seen[store] = contents(Place.of(home))
            if found := difference(seen[store], seen["file"]):
                raise Failed(f"after {what} the {store} differs from the file: {found}")

    with readers(settings["lake"], folder) as told:
        for name, day in zip(("first night", "the night after"), days, strict=True):
            yield name, run("nightly", "--source", source, "--session", day)
            compare(name)
    for line in told:
        print(f"a reader saw {line.split()[1]} publications in {line.split()[0]} looks")
    yield "one query", run("query", "select count(*) from core.quote")
    yield "check", run("check")
    yield "report", run("report")
    yield "rebuild", run("rebuild")
    compare("the rebuild")
    span = ("--start", "2025-06-02", "--end", "2025-06-30", "--source", source)
    yield "backfill of a month", run("backfill", *span)
    compare("the backfill")
    yield "restore", run("restore", days[0])
    compare("the restoration")
    for store, home in homes.items():  # of a session long past: it says stale, and so
        rotation(settings[store], "status", "--home", home, code=1)


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    for name in ("ROTATION_WAREHOUSE", "ROTATION_DASK"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory(prefix="lake-") as folder, serving() as lakes:
        settings: dict[str, Mapping[str, str]] = {
            "file": {},
            "lake": lakes.make(),
            "lake with workers": {**lakes.make(), "ROTATION_DASK": "local"},
        }
        table = Table("command", *(f"{store} s" for store in settings), box=None)
        try:
            for name, seconds in nights(settings, Path(folder)):
                shown = [f"{took:.1f}" for took in seconds]
                table.add_row(name, *shown)
                print(f"{name}: {', '.join(shown)} s", flush=True)
        except Failed as failure:
            print(failure)
            sys.exit(1)
    Console().print(table)


if __name__ == "__main__":
    main()
