"""What a night costs: whole commands, wall-clock seconds and the largest process's memory.

Run by `make bench`. The drop is real input that lies beside a checkout; without it, its lines are
left out. Budgets are those of a machine with 2 cores and 2 GB.
"""

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path
from statistics import quantiles

import duckdb
from rich.console import Console
from rich.table import Table

ROTATION = Path(sys.executable).parent / "rotation"
ROOT = Path(__file__).parents[1]
DROP = ROOT.parent / "shared" / "data" / "drop"
CLIENTS, ROUNDS = 8, 3


def measure(*arguments: str) -> tuple[float, float]:
    """Seconds and peak memory (MB, of the largest process) of one command; it must succeed."""
    began = time.perf_counter()
    with subprocess.Popen(
        [ROTATION, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"`rotation {' '.join(arguments)}` ended with {process.returncode}.")
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def transforms(home: str) -> float:
    """Seconds in which the newest run brought its tables up to date, as Prefect kept them.

    From the start of the first table's task to the end of the last one's.
    """
    with closing(sqlite3.connect(f"{home}/prefect/prefect.db")) as records:
        (seconds,) = records.execute(
            """
            select 86400 * (
                julianday(max(end_time) filter (where name like 'build %'))
                - julianday(min(start_time) filter (where name like 'build %'))
            )
            from task_run
            where flow_run_id = (select id from flow_run order by start_time desc limit 1)
            """
        ).fetchone()
    return float(seconds)


def checks(home: str) -> float:
    """Seconds of the newest run's checks: every suite, its results kept."""
    with closing(sqlite3.connect(f"{home}/prefect/prefect.db")) as records:
        (seconds,) = records.execute(
            """
            select 86400 * (julianday(end_time) - julianday(start_time))
            from task_run
            where
                name = 'check'
                and flow_run_id = (select id from flow_run order by start_time desc limit 1)
            """
        ).fetchone()
    return float(seconds)


def answers(warehouse: Path) -> list[float]:
    """Seconds of each of the cookbook's questions that one file answers, asked again and again.

    One thread for each client, as docs/bi.md has it where clients are more than cores.
    """
    texts = [file.read_text("utf-8") for file in sorted((ROOT / "docs" / "cookbook").glob("*.sql"))]
    seconds = []
    with duckdb.connect(warehouse, read_only=True, config={"threads": 1}) as con:
        for sql in [text for text in texts if "'data/" not in text] * ROUNDS:
            began = time.perf_counter()
            con.execute(sql).fetchall()
            seconds.append(time.perf_counter() - began)
    return seconds


def slowest_answers(home: str) -> float:
    """The 95th percentile of the seconds of an answer where eight clients ask at once."""
    warehouse = Path(home, "current", "warehouse.duckdb").resolve()
    with ProcessPoolExecutor(CLIENTS) as clients:
        told = clients.map(answers, [warehouse] * CLIENTS)
        return quantiles([seconds for client in told for seconds in client], n=20)[-1]


def measurements(folder: Path) -> Iterator[tuple[str, float, float, float | None]]:
    """Name, budget in seconds, seconds and memory of each benchmark."""
    demo, drop = str(folder / "demo"), str(folder / "drop")
    yield "demo, first night", 60, *measure("nightly", "--home", demo)
    if DROP.is_dir():
        real = ("nightly", "--source", str(DROP), "--home", drop)
        yield "drop, first night", 120, *measure(*real, "--session", "2026-07-01")
        yield "drop, the night after", 40, *measure(*real)
        yield "drop, its transforms alone", 8, transforms(drop), None
        yield "drop, its checks alone", 15, checks(drop), None
        yield "drop, rebuild", 120, *measure("rebuild", "--home", drop)
        yield "drop, its tables rebuilt", 60, transforms(drop), None
        yield "drop, its page", 5, *measure("report", "--home", drop)
        count = "select count(*) from core.quote"
        yield "drop, one query", 1, *measure("query", count, "--home", drop)
    yield "cookbook, 95 % of answers, eight clients", 0.05, slowest_answers(demo), None
    yield "help", 0.5, *measure("--help")


def main() -> None:
    table = Table("command", "budget s", "seconds", "memory MB", "", box=None)
    with tempfile.TemporaryDirectory() as folder:
        for name, budget, seconds, memory in measurements(Path(folder)):
            megabytes = "" if memory is None else f"{memory:,.0f}"
            over = "[red]over budget[/red]" if seconds > budget else ""
            table.add_row(name, f"{budget:g}", f"{seconds:.2f}", megabytes, over)
    Console().print(table)


if __name__ == "__main__":
    main()
