"""A share of a run's symbols: worked at on a connection of its own, taken over by the run.

Who works at a share reads the lake as it was when the run began, and writes what it finds as
Parquet files of the lake that belong to no table yet. The run alone makes them rows, in the one
transaction that it commits. So a share that is done twice, or by somebody who dies over it, doubles
and loses nothing; at worst a file stays that nobody names.
"""

import secrets
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from warehouse import lake
from warehouse.comment import comment_on
from warehouse.connect import WORKING
from warehouse.dataset import Dataset
from warehouse.declaration import literal
from warehouse.history import HISTORIES, OF_BASKET, delete_changed, make_fresh
from warehouse.judge import with_row_numbers
from warehouse.land import CHANGED, Found, Landed, find_news, note_landed
from warehouse.parts import parts
from warehouse.place import Lake
from warehouse.refuse import require_few_bad
from warehouse.run import Run
from warehouse.transform import QUOTES, Transform

# Rows of the snapshot that files replace; `moved` is what the run changed, of all shares.
UNMOVED = "anti join moved as m on q.symbol = m.symbol and q.session >= m.session"
EVERY = """
    select symbol, null::date as session
    from (
        select symbol from raw.quote
        union
        select basket from reference.basket_member
    )
"""


@dataclass(frozen=True)
class Share:
    """One of `count` shares, numbered from 0, of the work of a run that began at `snapshot`.

    `data_path` says of which lake.
    """

    number: int
    count: int
    run: Run
    snapshot: int
    data_path: str

    def of(self, answer: pd.DataFrame) -> pd.DataFrame:
        """The rows of an answer whose symbols fall to the share, with their place in it."""
        return with_row_numbers(answer)[dealt(answer["symbol"], self.count) == self.number]


def dealt(symbols: pd.Series, count: int) -> pd.Series:
    """The share that each symbol falls to, the same on every machine."""
    names = symbols.astype("str").str.strip()
    shares = {name: zlib.crc32(str(name).encode()) % count for name in names.unique()}
    return names.map(shares)


@dataclass(frozen=True)
class News:
    """What a share of an answer has that is new: raw rows in files, and what is noted of them.

    `files` says of each how many rows it has; `noted` has what `warehouse.land.find_news` sets
    aside, and of bars what they restate and which symbols they change.
    """

    dataset: str
    received: int
    found: Found
    files: Sequence[tuple[str, int]]
    noted: Mapping[str, pa.Table]


@contextmanager
def open_share(settings: Lake, share: Share, spill: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open what the run began with, read-only; what does not fit in memory goes to `spill`."""
    with lake.explaining(settings), lake.connected(settings, spill) as con:
        lake.attach(con, settings, snapshot=share.snapshot)
        con.execute(f"use {lake.NAME}")
        for setting in (*WORKING, "set threads = 1"):  # as many shares are worked at as are dealt
            con.execute(setting)
        yield con


def find_share_of_news(
    con: duckdb.DuckDBPyConnection, settings: Lake, name: str, answer: pd.DataFrame, share: Share
) -> News:
    """Find what is new in a share of an answer, as `warehouse.land.land` does in all of it."""
    dataset = Dataset.named(name)
    found, files = Found(), []
    tables = {"aside": "from aside"}
    if dataset.has_bars:
        tables |= {"restated": "from restated", "changed": CHANGED}
    noted: dict[str, list[pa.Table]] = {note: [] for note in tables}
    for part in find_news(con, dataset, answer, share.run):
        found += part
        files.append((_export(con, settings, f"raw.{name}", "news", share), part.news))
        for note, query in tables.items():
            noted[note].append(con.execute(query).to_arrow_table())
    notes = {note: pa.concat_tables(parts) for note, parts in noted.items()}
    return News(name, len(answer), found, files, notes)


def _export(
    con: duckdb.DuckDBPyConnection, settings: Lake, table: str, rows: str, share: Share
) -> str:
    """Write rows to a new file in the table's folder; two attempts at a share write two."""
    name = f"{share.run.run_id}-{share.number}-{secrets.token_hex(8)}.parquet"
    file = f"{settings.data_path}{table.replace('.', '/')}/{name}"
    con.execute(f"copy {rows} to {literal(file)} (format parquet)")
    return file


@dataclass(frozen=True)
class Work:
    """What a worker must know to build its share of a table.

    `changed` has the share's symbols, and the session from which on each is built anew, unless it
    is built whole; `moved` what the run changed, of all shares. `relations` say in SQL where inputs
    are that are not in the lake's tables alone, `handed` holds those that come along. Of a table
    that adds up rows are wanted from the day `since` on.
    """

    transform: Transform
    share: Share
    relations: Mapping[str, str]
    handed: Mapping[str, pa.Table]
    moved: pa.Table
    changed: pa.Table
    is_whole: bool = False
    since: date = date.min


def build_share(con: duckdb.DuckDBPyConnection, settings: Lake, work: Work) -> tuple[str, int]:
    """Build a history's rows of a share; gives their file and how many they are."""
    relations = _taken_in_hand(con, work)
    make_fresh(con, work.transform, relations, is_whole=work.is_whole)
    counted = con.execute("select count(*) from fresh").fetchone()
    assert counted
    return _export(con, settings, work.transform.name, "fresh", work.share), int(counted[0])


def build_parts(con: duckdb.DuckDBPyConnection, work: Work) -> list[Any]:
    """What a share's symbols add to a table."""
    relations = _taken_in_hand(con, work)
    relations[QUOTES] = f"(from {relations[QUOTES]} semi join changed using (symbol))"
    return list(parts(con, work.transform, work.since, relations))


def _taken_in_hand(con: duckdb.DuckDBPyConnection, work: Work) -> dict[str, str]:
    """Where each input is, those that came along registered."""
    relations = dict(work.relations)
    for name, rows in work.handed.items():
        relations[name] = name.replace(".", "_")
        con.register(relations[name], rows)
    con.register("moved", work.moved)
    con.register("changed", work.changed)
    return relations


class Shares:
    """A run's side of its shares: what they are given, and what it takes over of theirs.

    Made at the beginning of the run's transaction, before it writes anything.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, settings: Lake, run: Run) -> None:
        snapshot = con.execute(f"from {lake.NAME}.current_snapshot()").fetchone()
        assert snapshot
        self.con = con
        self.lake = settings
        self.run = run
        self.snapshot = int(snapshot[0])
        self.files: dict[str, list[str]] = {}
        self.rebuilt: set[str] = set()
        con.execute("create or replace temp table changed (symbol varchar, session date)")

    def deal(self, count: int) -> list[Share]:
        return [
            Share(number, count, self.run, self.snapshot, self.lake.data_path)
            for number in range(count)
        ]

    def find_alone(self, name: str, answer: pd.DataFrame) -> News:
        """What is new in an answer that the run has in hand, as one share."""
        return find_share_of_news(self.con, self.lake, name, answer, self.deal(1)[0])

    def land(self, name: str, told: Sequence[News]) -> Landed:
        """Append to `raw.<name>` what is new in the shares of an answer; as land() does with all.

        Raises Refused.
        """
        con, found = self.con, sum((news.found for news in told), Found())
        self._append("ops.quarantine", "aside", told)
        require_few_bad(con, name, found.counted, self.run)
        self._take(f"raw.{name}", [file for news in told for file in news.files])
        if Dataset.named(name).has_bars:
            self._append("ops.restatement", "restated", told)
            self._append("changed", "changed", told)
        return note_landed(name, sum(news.received for news in told), found, self.run)

    def works(
        self, transform: Transform, count: int, *, is_whole: bool, since: date = date.min
    ) -> list[Work]:
        """The shares of extending a history by what changed, or of rebuilding it.

        Those of a table that adds up are whole, and say since when rows are wanted.
        """
        relations, handed = self._inputs(transform, since)
        moved, changed = self._moved(), self._changed(count, is_whole=is_whole)
        return [
            Work(transform, share, relations, handed, moved, changed[share.number], is_whole, since)
            for share in self.deal(count)
        ]

    def take(
        self, transform: Transform, built: Sequence[tuple[str, int]], *, is_whole: bool
    ) -> int:
        """Put what the shares built into the table; gives how many rows they are."""
        name = transform.name
        if is_whole:
            self.con.execute(f"drop table if exists {name}")
            self.con.execute(transform.declaration.create_statement)
            comment_on(self.con, transform.declaration)
            self.rebuilt.add(name)
        else:
            delete_changed(self.con, name)
        self._take(name, built)
        return sum(rows for _, rows in built)

    def _take(self, table: str, built: Sequence[tuple[str, int]]) -> None:
        """Make the rows of files a table's own."""
        schema, name = table.split(".")
        self.files[table] = [file for file, _ in built]
        for file, rows in built:
            if rows:
                self.con.execute(
                    f"call ducklake_add_data_files('{lake.NAME}', '{name}', {literal(file)}, "
                    f"schema => '{schema}')"
                )

    def _inputs(
        self, transform: Transform, since: date
    ) -> tuple[dict[str, str], dict[str, pa.Table]]:
        """Where workers find each input, and those that are handed to them, as far as enough."""
        relations, handed, enough = {}, {}, transform.enough(since)
        for name in transform.inputs:
            if name in HISTORIES or name.startswith("reference."):
                relations[name] = self._relation(name)
            else:
                handed[name] = self.con.execute(f"from {enough.get(name, name)}").to_arrow_table()
        return relations, handed

    def _relation(self, table: str) -> str:
        """Where workers find the rows of a table: in the lake as it was, and in files."""
        if table not in self.files:
            return table
        new = f"from read_parquet([{', '.join(map(literal, self.files[table]))}])"
        if table in self.rebuilt:
            return f"({new})"
        kept = "" if table.startswith("raw.") else UNMOVED
        return f"(select q.* from {table} as q {kept} union all by name {new})"

    def _moved(self) -> pa.Table:
        return self.con.execute("from changed").to_arrow_table()

    def _changed(self, count: int, *, is_whole: bool) -> list[pa.Table]:
        """The symbols of each share; baskets and what they are made of are in the first."""
        symbols = self.con.execute(
            f"""
            with basket as (
                {OF_BASKET}
            )

            select
                symbol,
                session,
                exists (from basket as b where b.symbol = named.symbol) as is_of_basket
            from ({EVERY if is_whole else "from changed"}) as named
            """
        ).to_arrow_table()
        falls_to = dealt(symbols["symbol"].to_pandas(), count)
        falls_to[symbols["is_of_basket"].to_pandas()] = 0
        named = symbols.select(["symbol", "session"])
        return [named.filter(pa.array(falls_to == number)) for number in range(count)]

    def _append(self, table: str, note: str, told: Sequence[News]) -> None:
        self.con.register("told", pa.concat_tables([news.noted[note] for news in told]))
        self.con.execute(f"insert into {table} by name from told")
        self.con.unregister("told")
