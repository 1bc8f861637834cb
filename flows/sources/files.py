"""A folder of files as source: quotes, rates, holdings, estimates, fundamentals."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from flows.sources import SourceError
from flows.sources.columns import KINDS
from flows.sources.fred import read_graph_csv
from flows.sources.ishares import HOLDING_COLUMNS, find_header, read_holdings
from flows.sources.tables import check_table, join_tables, read_head, read_table, reading

FOLDERS = {"quote": "quotes", "estimate": "estimates", "fundamental": "fundamentals"}
RATE_COLUMNS = ("series_id", "observation_date", "value_pct")

# Names become keys of the warehouse, so they are ASCII and short on punctuation.
SERIES_FILE = re.compile(r"([A-Za-z0-9^.-]+)\.csv", re.ASCII | re.IGNORECASE)
HOLDINGS_FILE = re.compile(r"([A-Za-z0-9^.-]+)_(\d{4}-\d{2}-\d{2})\.csv", re.ASCII | re.IGNORECASE)


class Files:
    """Reads a folder whose quotes are required and whose other folders may be missing."""

    name = "files"
    is_simulated = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def require_folder(self) -> None:
        """Raises SourceError where the folder is missing."""
        if not os.path.isdir(self.folder):  # noqa: PTH112 - Path.is_dir raises for long names
            raise SourceError(
                f"The source {self.folder} is no folder; "
                "give demo, live or a folder that has quotes/."
            )

    def check(self) -> None:
        """Reads each file's header or footer; raises SourceError for the first that is unusable."""
        self.require_folder()
        if not self._tables("quote"):
            raise SourceError(
                f"{self.folder / 'quotes'} has no Parquet or CSV file; put the quotes there."
            )
        for dataset in FOLDERS:
            for path in self._tables(dataset):
                check_table(path, dataset)
        for path, series_id in self._rates():
            with _naming(path):
                read_graph_csv("".join(read_head(path).splitlines()[:1]), series_id)
        for path, fund, _ in self._holdings():
            with _naming(path):
                find_header(read_head(path).splitlines() or [""], fund)

    def newest_session(self, completed: date) -> date:
        """Newest date with a quote not later than `completed`; SourceError where there is none.

        It is the files' word and may be no trading day.
        """
        sessions: set[date] = set()
        for path in self._tables("quote"):
            cells = pc.unique(read_table(path, "quote", only="session")["session"])
            if cells.type == pa.date32():  # Arrow's dates reach beyond Python's
                cells = cells.filter(pc.less_equal(cells, pa.scalar(completed)))
                cells = cells.filter(pc.greater_equal(cells, pa.scalar(date.min)))
            days = map(_day, cells.to_pylist())
            sessions.update(day for day in days if day and day <= completed)
        if not sessions:
            raise SourceError(
                f"{self.folder / 'quotes'} has no session on or before {completed}; "
                "add older quotes or ask for a later session."
            )
        return max(sessions)

    def fetch(self, dataset: str, since: date | None, until: date) -> pd.DataFrame:
        """All rows of a dataset with the columns at hand; what `check_table` reads is Arrow-backed.

        DuckDB scans that without a copy. `since` and `until` are left to whoever lands the rows,
        by what was known when. Raises SourceError where a file cannot be read.
        """
        if dataset == "rate":
            rates = [_read(path, read_graph_csv, series_id) for path, series_id in self._rates()]
            return _stack(rates, RATE_COLUMNS)
        if dataset == "holding":
            holdings = [
                _read(path, read_holdings, fund, day) for path, fund, day in self._holdings()
            ]
            return _stack(holdings, HOLDING_COLUMNS)
        tables = [read_table(path, dataset) for path in self._tables(dataset)]
        if not tables:
            return _stack([], [name for name in KINDS[dataset] if name != "known_at"])
        frame: pd.DataFrame = join_tables(tables).to_pandas(types_mapper=pd.ArrowDtype)
        return frame

    def _tables(self, dataset: str) -> list[Path]:
        return self._paths(FOLDERS[dataset], (".parquet", ".csv"))

    def _rates(self) -> Iterator[tuple[Path, str]]:
        for path in self._paths("rates", (".csv",)):
            match = SERIES_FILE.fullmatch(path.name)
            if match is None:
                raise SourceError(
                    f"{path} is not named <SERIES>.csv with letters, digits, '^', '.' and '-', "
                    "for example DGS10.csv; rename it."
                )
            yield path, match[1]

    def _holdings(self) -> Iterator[tuple[Path, str, date]]:
        for path in self._paths("holdings", (".csv",)):
            match = HOLDINGS_FILE.fullmatch(path.name)
            try:
                day = date.fromisoformat(match[2] if match else "")
            except ValueError:
                match = None
            if match is None:
                raise SourceError(
                    f"{path} is not named <FUND>_<date>.csv, for example IWM_2026-05-05.csv; "
                    "rename it."
                )
            yield path, match[1], day

    def _paths(self, folder: str, suffixes: tuple[str, ...]) -> list[Path]:
        """The folder's files in order of name; hidden ones are another program's."""
        place = self.folder / folder
        with reading(place):
            return sorted(
                path
                for path in (place.iterdir() if place.is_dir() else [])
                if path.suffix.lower() in suffixes and path.is_file() and path.name[0] != "."
            )


def _read(path: Path, parse: Callable[..., pd.DataFrame], *key: str | date) -> pd.DataFrame:
    with _naming(path):
        return parse(path.read_text("utf-8-sig"), *key)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """The parsers of a text know its fund or series; here it gets the name of its file."""
    with reading(path):
        try:
            yield
        except SourceError as error:
            raise SourceError(f"{path}: {error}") from error


def _stack(frames: list[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    if not frames:
        return pd.DataFrame(columns=list(columns), dtype="str")
    return pd.concat(frames, ignore_index=True)


def _day(cell: str | date | None) -> date | None:
    """Day of a session cell; a text that is no date is left to landing."""
    if not isinstance(cell, str):
        return cell
    try:
        return date.fromisoformat(cell.strip()[:10])
    except ValueError:
        return None
