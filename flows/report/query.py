"""A query of the page: its text, which readers see and can run, and the rows that it gave."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

FOLDER = Path(__file__).parent / "queries"
DIGITS = 5  # significant ones that reach the page: more than a screen can show


@dataclass(frozen=True)
class Query:
    """A file of `queries/` and its answer."""

    name: str
    sql: str
    rows: pd.DataFrame

    @classmethod
    def ask(cls, con: duckdb.DuckDBPyConnection, name: str) -> "Query":
        """Run `queries/<name>.sql` as it stands."""
        sql = (FOLDER / f"{name}.sql").read_text(encoding="utf-8").strip()
        return cls(name, sql, con.execute(sql).df())

    @property
    def records(self) -> list[Any]:
        """The rows one by one, columns as attributes."""
        return list(self.rows.itertuples(index=False))

    @property
    def as_of(self) -> date | None:
        """The newest day in the first column that holds days; none without rows."""
        for name in self.rows:
            if pd.api.types.is_datetime64_any_dtype(self.rows[name]):
                newest = self.rows[name].max()
                return None if pd.isna(newest) else newest.date()
        return None


def packed(frame: pd.DataFrame) -> dict[str, Any]:
    """A frame as columns of plain values, small enough to stand in a page.

    Numbers keep five significant digits; text and days that repeat stand once, and by their
    place where they are used.
    """
    return {str(name): _packed(frame[name]) for name in frame}


def _packed(column: "pd.Series[Any]") -> Any:
    if pd.api.types.is_bool_dtype(column):
        return [None if pd.isna(value) else int(value) for value in column.tolist()]
    if pd.api.types.is_numeric_dtype(column):
        return [_rounded(value) for value in column.tolist()]
    is_day = pd.api.types.is_datetime64_any_dtype(column)
    text = column.dt.strftime("%Y-%m-%d") if is_day else column
    codes, words = pd.factorize(text)
    plain = [word if isinstance(word, str) else bool(word) for word in words]
    return {"days" if is_day else "words": plain, "codes": codes.tolist()}


def _rounded(value: float) -> float | None:
    if pd.isna(value):
        return None
    rounded = float(f"{value:.{DIGITS}g}")
    return int(rounded) if rounded.is_integer() else rounded
