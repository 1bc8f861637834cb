"""A warehouse in memory, small enough to check by hand, that runs the transforms as they stand."""

from collections.abc import Sequence
from datetime import date, datetime, time
from functools import cache

import duckdb
import pandas as pd

from warehouse.calendar import calendar_days
from warehouse.connect import FOLDER
from warehouse.declaration import Declaration, read_declarations
from warehouse.transform import Transform, read_transforms

Price = float | None


class Market:
    """Holds the tables that a test gives; builds a table with all that it reads."""

    def __init__(self) -> None:
        self.con = duckdb.connect()
        self.given: set[str] = set()
        for schema in ("raw", "reference", "core", "rotation"):
            self.con.execute(f"create schema {schema}")
        for declaration in landed():
            self.con.execute(declaration.create_statement)
        self.give("reference.calendar_day", exchange_days())

    def give(self, table: str, rows: pd.DataFrame | list[dict[str, object]]) -> None:
        """Append rows to a table; columns that they do not name stay empty."""
        if table in transforms():
            self.con.execute(transforms()[table].declaration.create_statement)
        self.con.register("rows", pd.DataFrame(rows))
        self.con.execute(f"insert into {table} by name select * from rows")
        self.con.unregister("rows")
        self.given.add(table)

    def build(self, table: str) -> pd.DataFrame:
        """The table that the transform gives, in the order of its grain, NULLs as None."""
        self._materialise(table)
        declaration = transforms()[table].declaration
        rows = self.con.execute(f"from {table} order by {', '.join(declaration.grain)}").fetchall()
        return pd.DataFrame(rows, columns=list(declaration.column_names), dtype=object)

    def _materialise(self, table: str) -> None:
        transform = transforms().get(table)
        if table in self.given or transform is None:
            return
        for name in transform.inputs:
            self._materialise(name)
        result = transform.text
        if transform.function is not None:
            frames = {
                name.replace(".", "_", 1): self.con.table(name).df() for name in transform.inputs
            }
            rows = (
                transform.function([transform.part(**frames)])
                if transform.part
                else transform.function(**frames)
            )
            self.con.register("result", rows)
            result = "from result"
        columns = ", ".join(
            f"{c.name}::{c.type} as {c.name}" for c in transform.declaration.columns
        )
        self.con.execute(f"create or replace table {table} as select {columns} from ({result})")
        self.given.add(table)


@cache
def transforms() -> dict[str, Transform]:
    return {transform.name: transform for transform in read_transforms()}


@cache
def landed() -> list[Declaration]:
    return [d for schema in ("raw", "reference") for d in read_declarations(FOLDER / schema)]


@cache
def exchange_days() -> pd.DataFrame:
    return calendar_days()


def sessions(count: int, start: str = "2024-01-02") -> list[date]:
    """So many sessions of the exchange from `start` on."""
    days = exchange_days()
    days = days[days["is_session"] & (days["day"] >= start)].head(count)
    return list(days["day"].dt.date)


def on(*days: str) -> list[date]:
    return [date.fromisoformat(day) for day in days]


def raw_quotes(
    symbol: str,
    closes: Sequence[Price],
    days: Sequence[date] | None = None,
    *,
    dividends: Sequence[Price] | None = None,
    adj_closes: Sequence[Price] | None = None,
) -> pd.DataFrame:
    """Rows of `raw.quote` from one answer of a source; no row where the close is None."""
    frame = pd.DataFrame(
        {
            "session": days or sessions(len(closes)),
            "close": closes,
            "dividend": dividends or [None] * len(closes),
            "adj_close": adj_closes or [None] * len(closes),
        }
    ).dropna(subset="close")
    known_at = [datetime.combine(day, time(22)) for day in frame["session"]]
    return frame.assign(
        symbol=symbol,
        known_at=known_at,
        source="files",
        run_id="first",
        previous_session=frame["session"].shift(),
        previous_adj_close=frame["adj_close"].shift(),
    )


def core_quotes(
    closes: dict[str, Sequence[Price]],
    days: Sequence[date] | None = None,
    total_returns_pct: dict[str, Sequence[Price]] | None = None,
) -> pd.DataFrame:
    """Rows of `core.quote` by symbol; no row where the close is None.

    Price returns are over consecutive quotes; total returns are empty unless given.
    """
    frames = []
    for symbol, values in closes.items():
        frame = pd.DataFrame({"session": days or sessions(len(values)), "close": values})
        frame["total_return_pct"] = (total_returns_pct or {}).get(symbol)
        frame = frame.dropna(subset="close")
        frame["return_pct"] = 100 * (frame["close"] / frame["close"].shift() - 1)
        frames.append(frame.assign(symbol=symbol))
    return pd.concat(frames, ignore_index=True)
