"""A small simulated market that goes through landing and all transforms, and is taken back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

import duckdb
import numpy as np
import pandas as pd

from flows.sources import DATASETS
from flows.sources.demo import Demo
from warehouse import calendar
from warehouse.land import land
from warehouse.materialize import Materializer
from warehouse.run import Run
from warehouse.transform import Transform, read_transforms

LAST = date(2026, 6, 30)
DAYS = ("session", "snapshot_date", "observed_on")  # what a table of days is keyed by
Frames = dict[str, pd.DataFrame]
Tables = dict[str, pd.DataFrame]


@cache
def simulated() -> Frames:
    """Two years of 60 stocks, of funds, rates, holdings, estimates and fundamentals."""
    demo = Demo(symbols=60, years=2)
    frames = {dataset: demo.fetch(dataset, None, LAST) for dataset in DATASETS}
    frames["quote"]["symbol"] = frames["quote"]["symbol"].astype(str)
    return frames


@cache
def trading_days() -> list[date]:
    return [moment.date() for moment in sorted(simulated()["quote"]["session"].unique())]


@cache
def transforms() -> list[Transform]:
    return read_transforms()


@cache
def keyed() -> dict[str, Transform]:
    """The tables with a row per session, snapshot or day of observation, by name."""
    return {t.name: t for t in transforms() if day_of(t) is not None}


def day_of(transform: Transform) -> str | None:
    """The column of the key that is a day."""
    return next((name for name in transform.declaration.grain if name in DAYS), None)


@dataclass(frozen=True, repr=False)
class World:
    """A market, and all tables of the night of LAST that knows it."""

    con: duckdb.DuckDBPyConnection
    market: Frames
    whole: Tables

    @classmethod
    def of(cls, con: duckdb.DuckDBPyConnection, market: Frames) -> "World":
        """`con` is of a warehouse with its reference tables, in which nothing has landed."""
        return cls(con, market, build(con, [(LAST, market)]))

    def told(self, *nights: tuple[date, Frames]) -> Tables:
        """All tables if the sources had said so instead on these nights."""
        return build(self.con, nights)


def build(con: duckdb.DuckDBPyConnection, nights: Sequence[tuple[date, Frames]]) -> Tables:
    """All tables after these nights; the warehouse is left as it was."""
    con.begin()
    try:
        for session, frames in nights:
            run = Run("backfill", "demo", session, calendar.night_ends(session), True)
            for dataset, frame in frames.items():
                land(con, dataset, frame, run)
        list(Materializer(con, transforms(), {}, rebuild=True).run())
        return {t.name: read(con, t) for t in transforms()}
    finally:
        con.rollback()


def read(con: duckdb.DuckDBPyConnection, transform: Transform) -> pd.DataFrame:
    return con.execute(
        f"from {transform.name} order by {', '.join(transform.declaration.grain)}"
    ).df()


def until(transform: Transform, table: pd.DataFrame, session: date) -> pd.DataFrame:
    """The rows of a table of days up to a session."""
    return table[table[day_of(transform)] <= pd.Timestamp(session)].reset_index(drop=True)


def require_same(
    transform: Transform, one: pd.DataFrame, other: pd.DataFrame, besides: Iterable[str] = ()
) -> None:
    """The same keys, labels and NULLs; numbers within 1e-9 of the larger of 1 and themselves.

    Columns of `besides` may differ in their numbers, and not in where they have any.
    """
    assert len(one) == len(other), transform.name
    for column in transform.declaration.columns:
        left, right = one[column.name], other[column.name]
        where = f"{transform.name}.{column.name}"
        assert (left.isna() == right.isna()).all(), where
        if column.name in besides:
            continue
        if column.type == "double":
            error = (left - right).abs() / np.maximum(1, left.abs())
            is_far = error > 1e-9
        else:
            is_far = left.notna() & (left != right)
        key = one.loc[is_far, list(transform.declaration.grain)].head(1).to_dict("records")
        assert not is_far.any(), f"{where} differs on {is_far.sum()} rows, the first of {key}"
