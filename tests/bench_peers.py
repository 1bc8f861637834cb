"""What the work on every symbol costs beside its peers: plain pandas and Polars on the same bars.

Run by `make bench`. From closes to shares per session: returns over 1, 21, 63 and 252 sessions,
means of 20, 50 and 200 closes, highs and lows of 252. Each way is a process of its own, timed from
its start to its result, loading included. Before a figure is told, all results must be equal.

The peers are written as their users write them and may trust that files come sorted. The product's
way is its own transforms, which read the files where they expect `core.quote`, in a build file of
its own, each table stored as a rebuild does. That counts more than is compared: medians,
oscillator, coverage, the benchmark.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from warehouse.transform import Transform

SYMBOLS, SESSIONS, FILES = 5_000, 5_240, 5  # 26.2 million bars, almost 21 years
SEED = 20260701
RETURNS = {"1d": 1, "1m": 21, "3m": 63, "12m": 252}
MEANS = (20, 50, 200)
MARGIN = 1 + 1e-12  # a price that stands still is not above its mean
EQUAL = 1e-9
GOAL, MOST_GB = 0.8, 2.0  # of the better peer's time; of memory
COLUMNS = [
    "session",
    "advancers",
    "decliners",
    *(f"above_sma_{n}_pct" for n in MEANS),
    "new_high_252",
    "new_low_252",
    *(f"rising_{span}_pct" for span in ("1m", "3m", "12m")),
]


def write_bars(folder: Path) -> None:
    """Random walks in cents as a source's Parquet files, by symbol and session."""
    import exchange_calendars
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    calendar = exchange_calendars.get_calendar("XNYS", start="2000-01-03")
    days = calendar.sessions[calendar.sessions <= "2026-07-01"][-SESSIONS:]
    days = days.to_numpy().astype("datetime64[D]")
    rng = np.random.default_rng(SEED)
    count = SYMBOLS // FILES
    for file in range(FILES):
        names = [f"S{number:04d}" for number in range(file * count, (file + 1) * count)]
        steps = 0.02 * rng.standard_normal((count, SESSIONS), dtype=np.float32)
        walk = rng.uniform(5, 200, (count, 1)) * np.exp(steps.cumsum(axis=1, dtype=np.float64))
        bars = {
            "symbol": pa.array(np.repeat(names, SESSIONS)),
            "session": np.tile(days, count),
            "close": np.maximum(walk.round(2), 0.01).ravel(),
        }
        pq.write_table(pa.table(bars), folder / f"bars_{file}.parquet")


def in_pandas(bars: Path, result: Path) -> None:
    import pandas as pd

    frame = pd.read_parquet(bars)
    symbol = frame["symbol"].astype("category")
    close = frame["close"]
    closes = close.groupby(symbol, observed=True)

    def flag(holds: "pd.Series[bool]", known: "pd.Series[float]") -> "pd.Series[float]":
        return holds.astype("float32").where(known.notna())

    def rolled(window: int, statistic: str) -> "pd.Series[float]":
        values: pd.Series[float] = getattr(closes.rolling(window), statistic)()
        return values.droplevel(0)  # in the order of the bars, which is by symbol

    flags = {}
    for span, sessions in RETURNS.items():
        change = close / closes.shift(sessions) - 1
        flags[f"rising_{span}"] = flag(change > 0, change)
        if span == "1d":
            flags["falling_1d"] = flag(change < 0, change)
    for window in MEANS:
        mean = rolled(window, "mean")
        flags[f"above_{window}"] = flag(close > mean * MARGIN, mean)
    high, low = rolled(252, "max"), rolled(252, "min")
    flags["high"], flags["low"] = flag(close >= high, high), flag(close <= low, low)
    groups = pd.DataFrame(flags).groupby(frame["session"])
    sums = groups.sum(min_count=1).astype("float64")
    shares = 100 * sums / groups.count()
    told = pd.DataFrame(
        {
            "advancers": sums["rising_1d"],
            "decliners": sums["falling_1d"],
            **{f"above_sma_{window}_pct": shares[f"above_{window}"] for window in MEANS},
            "new_high_252": sums["high"],
            "new_low_252": sums["low"],
            **{f"rising_{span}_pct": shares[f"rising_{span}"] for span in ("1m", "3m", "12m")},
        }
    )
    told.dropna(subset="advancers").sort_index().reset_index().to_parquet(result)


def in_polars(bars: Path, result: Path) -> None:
    import polars as pl

    close = pl.col("close")
    measured = pl.scan_parquet(bars / "*.parquet").with_columns(
        **{
            f"return_{span}": close / close.shift(n).over("symbol") - 1
            for span, n in RETURNS.items()
        },
        **{f"mean_{n}": close.rolling_mean(n).over("symbol") for n in MEANS},
        high=close.rolling_max(252).over("symbol"),
        low=close.rolling_min(252).over("symbol"),
    )
    daily = pl.col("return_1d")
    told = (
        measured.group_by("session")
        .agg(
            covered=daily.count(),
            advancers=(daily > 0).sum(),
            decliners=(daily < 0).sum(),
            **{
                f"above_sma_{n}_pct": 100 * (close > pl.col(f"mean_{n}") * MARGIN).mean()
                for n in MEANS
            },
            new_high_252=(close >= pl.col("high")).sum(),
            new_low_252=(close <= pl.col("low")).sum(),
            eligible=pl.col("high").count(),
            **{
                f"rising_{span}_pct": 100 * (pl.col(f"return_{span}") > 0).mean()
                for span in ("1m", "3m", "12m")
            },
        )
        .filter(pl.col("covered") > 0)
        .with_columns(pl.when(pl.col("eligible") > 0).then(pl.col("new_high_252", "new_low_252")))
        .sort("session")
        .select(COLUMNS)
    )
    told.collect(engine="streaming").write_parquet(result)


def with_returns() -> "list[Transform]":
    """What breadth is built from, with shares of members that rose over 21, 63 and 252 sessions.

    Their returns go where the others are taken, and their sums where the others are added up.
    """
    import pandas as pd

    from warehouse.declaration import Column
    from warehouse.transform import TRANSFORMS, read_transforms

    with tempfile.TemporaryDirectory() as folder:
        for path in TRANSFORMS.glob("rotation/breadth*"):
            copy = Path(folder, "rotation", path.name)
            copy.parent.mkdir(exist_ok=True)
            copy.symlink_to(path)
        found = {transform.name: transform for transform in read_transforms(Path(folder))}
    count, breadth = found["rotation.breadth_count"], found["rotation.breadth"]
    assert count.part
    assert count.function
    module, added_up = count.part.__globals__, count.function
    measure, earlier = module["measure"], module["earlier"]
    spans = {span: sessions for span, sessions in RETURNS.items() if span != "1d"}

    def measure_more(quotes: Any) -> Any:
        close, place = quotes.close, quotes.place
        rising = {
            f"up_{span}": (place > sessions) & (close > earlier(close, sessions))
            for span, sessions in spans.items()
        }
        return measure(quotes) | rising

    def added_up_more(parts: Iterable[Any]) -> pd.DataFrame:
        told = list(parts)
        total = pd.concat([part.sums for part in told]).groupby(module["KEY"], as_index=False).sum()
        shares = {
            f"rising_{span}_pct": module["_share_pct"](
                total, f"up_{span}", f"eligible_{sessions + 1}_count"
            )
            for span, sessions in spans.items()
        }
        return added_up(told).assign(**shares)

    module["measure"] = measure_more
    needed = {sessions + 1 for sessions in spans.values()}
    module["ELIGIBLE"] = tuple(sorted(needed.union(module["ELIGIBLE"])))
    columns = tuple(Column(f"rising_{span}_pct", "double", "percent", "") for span in spans)
    return [
        replace(
            count,
            function=added_up_more,
            declaration=replace(count.declaration, columns=count.declaration.columns + columns),
        ),
        replace(
            breadth,
            text=breadth.text.replace(
                "    c.advancers,\n",
                "    c.advancers,\n" + "".join(f"    c.{column.name},\n" for column in columns),
            ),
            declaration=replace(breadth.declaration, columns=breadth.declaration.columns + columns),
        ),
    ]


def in_rotation(bars: Path, result: Path) -> None:
    """All symbols as one cohort; prints when each step was done, in seconds."""
    from warehouse.connect import open_build
    from warehouse.materialize import Materializer
    from warehouse.place import Place

    began = time.perf_counter()

    def step(name: str) -> None:
        print(f"{name}: {time.perf_counter() - began:.1f}", flush=True)

    transforms = with_returns()
    with tempfile.TemporaryDirectory() as home, open_build(Place(Path(home))) as con:
        con.execute(
            f"""
            create view core.quote as from '{bars}/*.parquet';
            create table reference.cohort as
            select 'ALL' as cohort, min(symbol) as benchmark_symbol from core.quote;
            create table core.benchmark_quote as
            from core.quote where symbol = (select benchmark_symbol from reference.cohort);
            create table core.cohort_member as
            select distinct
                'ALL' as cohort, symbol, null::double as weight_pct,
                date '2026-07-01' as valid_from, null::date as valid_to
            from core.quote;
            create table core.cohort_file as
            select
                'ALL' as cohort, date '2026-07-01' as valid_from, null::date as valid_to,
                date '1990-01-01' as applies_from, count(*) as member_count,
                null::double as weight_pct
            from core.cohort_member
            """
        )
        step("opened")
        for built in Materializer(con, transforms, {}, rebuild=True).run():
            step(built.name)
        con.execute(
            f"copy (select {', '.join(COLUMNS)} from rotation.breadth order by session) "
            f"to '{result}' (format parquet)"
        )


WAYS: dict[str, Callable[[Path, Path], None]] = {
    "pandas": in_pandas,
    "polars": in_polars,
    "rotation": in_rotation,
}


def measure(way: str, bars: Path, result: Path) -> tuple[float, float, str]:
    """Seconds from start to end of a process of its own, its peak memory in GB, what it printed."""
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", __file__, "--way", way, bars, result],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{way} ended with {process.returncode}.")
    return time.perf_counter() - began, usage.ru_maxrss / 1024**2, printed


def require_equal(results: dict[str, Path]) -> None:
    """Exit where one way's shares are not the others'."""
    import duckdb

    first, *others = results
    for way in others:
        unlike = " or ".join(
            f"(a.{c} is null) <> (b.{c} is null) or abs(a.{c} - b.{c}) > {EQUAL}"
            for c in COLUMNS[1:]
        )
        rows = duckdb.sql(
            f"""
            select coalesce(a.session, b.session)::date
            from '{results[first]}' as a
            full join '{results[way]}' as b on a.session::date = b.session::date
            where a.session is null or b.session is null or {unlike}
            order by all
            """
        ).fetchall()
        if rows:
            sys.exit(f"{first} and {way} differ on {len(rows)} sessions, first on {rows[0][0]}.")


def compare(bars: Path, runs: int) -> None:
    """Tell the medians of runs that take turns, after their results were found equal."""
    from rich.console import Console
    from rich.table import Table

    bars.mkdir(parents=True, exist_ok=True)
    if not any(bars.glob("*.parquet")):
        measure("bars", bars, bars)
    told: dict[str, list[tuple[float, float, str]]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        results = {way: Path(folder, f"{way}.parquet") for way in WAYS}
        for _ in range(runs):
            for way, result in results.items():
                told[way].append(measure(way, bars, result))
            require_equal(results)
    seconds = {way: median(took for took, _, _ in each) for way, each in told.items()}
    better = min(seconds[way] for way in WAYS if way != "rotation")
    table = Table(f"{SYMBOLS * SESSIONS / 1e6:.1f} million bars", "seconds", "memory GB", box=None)
    for way, each in told.items():
        table.add_row(way, f"{seconds[way]:.1f}", f"{max(memory for _, memory, _ in each):.1f}")
    console = Console()
    console.print(table)
    console.print(
        f"rotation takes {seconds['rotation'] / better:.2f} of the better peer's time; "
        f"the goal is {GOAL:g}, at {MOST_GB:g} GB at most. Its newest run, step by step:"
    )
    console.print(told["rotation"][-1][2].strip().replace("\n", ", "))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=Path, help="a folder that keeps the bars between calls")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--way", nargs=3, metavar=("WAY", "BARS", "RESULT"), help="one run alone")
    given = parser.parse_args()
    if given.way:
        way, bars, result = given.way
        if way == "bars":
            write_bars(Path(bars))
        else:
            WAYS[way](Path(bars), Path(result))
    elif given.bars:
        compare(given.bars, given.runs)
    else:
        with tempfile.TemporaryDirectory() as folder:
            compare(Path(folder), given.runs)


if __name__ == "__main__":
    main()
