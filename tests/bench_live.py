"""What the live source adds to yfinance: the same symbols from the same stand-in vendors.

Run by `make bench`. Each download is a process of its own without anything cached; vendors answer
after 50 ms, as a near server does. Included are the product's own tries, checks of each answer and
the frame of all; left out are its pace, a matter of manners, and landing. Exits with 1 where the
product takes more than MOST times as long.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from vendors import Vendors, World, demo_world, drop_world

DROP = Path(__file__).parents[1].parent / "shared" / "data" / "drop"
NIGHT = datetime(2026, 7, 2, 22, 30)
LATENCY_SECONDS = 0.05
MOST = 1.3  # of plain yfinance's time
ROUNDS = 3  # the quickest counts: what disturbs only slows
SINCE = "2021-07-02"

BEGIN = """
import sys, time
from pathlib import Path
symbols, since, folder = sys.argv[3:], sys.argv[1], Path(sys.argv[2])
"""
PLAIN = f"""{BEGIN}
import yfinance
yfinance.set_tz_cache_location(str(folder))
began = time.perf_counter()
frame = yfinance.download(
    symbols, start=since, auto_adjust=False, actions=True, progress=False
)
assert frame["Close"].notna().any().all()
print(time.perf_counter() - began)
"""
PRODUCT = f"""{BEGIN}
import pandas as pd
from datetime import date
from flows.sources.live import Live
from flows.sources.live.settings import Settings
live = Live(Settings())
live.open(folder, lambda vendor, count: None)
wanted = pd.DataFrame({{"symbol": symbols, "since": pd.Timestamp(since)}})
began = time.perf_counter()
answer = live.ask("quote", wanted, date(2026, 7, 2), lambda done, total: None)
assert answer.frame["symbol"].nunique() == len(symbols)
print(time.perf_counter() - began)
"""


def seconds(script: str, symbols: Sequence[str], environment: dict[str, str]) -> float:
    """How long a download took, without the start of its process."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", script, SINCE, folder, *symbols],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        sys.exit(done.stderr)
    return float(done.stdout)


def compare(world: World, count: int) -> tuple[float, float]:
    """Seconds of yfinance alone and of the product, for the world's first symbols."""
    symbols = sorted(world.instruments)[:count]
    with Vendors(world, LATENCY_SECONDS) as vendors:
        rounds = [
            [seconds(script, symbols, vendors.environment) for script in (PLAIN, PRODUCT)]
            for _ in range(ROUNDS)
        ]
    plain, product = (min(times) for times in zip(*rounds, strict=True))
    return plain, product


def main() -> None:
    table = Table("download", "yfinance s", "product s", "ratio", "at most", box=None)
    worlds = [(demo_world(now=NIGHT), 60)]
    if DROP.is_dir():
        worlds.append((drop_world(DROP, now=NIGHT), 300))
    ratios = []
    for world, count in worlds:
        plain, product = compare(world, count)
        ratios.append(product / plain)
        row = (f"{count} symbols", f"{plain:.1f}", f"{product:.1f}", f"{ratios[-1]:.2f}")
        table.add_row(*row, f"{MOST:g}")
    Console().print(table)
    if max(ratios) > MOST:
        sys.exit(f"The live source takes {max(ratios):.2f} times as long as yfinance alone.")


if __name__ == "__main__":
    main()
