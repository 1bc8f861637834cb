"""What a night costs: whole commands, wall-clock seconds and the largest process's memory.

Run by `make bench`. The drop is real input that lies beside a checkout; without it, its lines are
left out. Budgets are those of a machine with 2 cores and 2 GB.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROTATION = Path(sys.executable).parent / "rotation"
DROP = Path(__file__).parents[1].parent / "shared" / "data" / "drop"


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


def measurements(folder: Path) -> Iterator[tuple[str, float, float, float]]:
    """Name, budget in seconds, seconds and memory of each benchmark."""
    demo, drop = str(folder / "demo"), str(folder / "drop")
    yield "demo, first night", 60, *measure("nightly", "--home", demo)
    if DROP.is_dir():
        real = ("nightly", "--source", str(DROP), "--home", drop)
        yield "drop, first night", 120, *measure(*real, "--session", "2026-07-01")
        yield "drop, the night after", 40, *measure(*real)
        yield "drop, rebuild", 120, *measure("rebuild", "--home", drop)
        count = "select count(*) from core.quote"
        yield "drop, one query", 1, *measure("query", count, "--home", drop)
    yield "help", 0.5, *measure("--help")


def main() -> None:
    table = Table("command", "budget s", "seconds", "memory MB", box=None)
    with tempfile.TemporaryDirectory() as folder:
        for name, budget, seconds, memory in measurements(Path(folder)):
            table.add_row(name, f"{budget:g}", f"{seconds:.1f}", f"{memory:,.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
