"""Tables that add up over symbols: computed some symbols at a time, while the next are read."""

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from warehouse.declaration import literal
from warehouse.history import QUOTES_AT_ONCE, stretch_days
from warehouse.table import frames
from warehouse.transform import QUOTES, Transform

READ = "symbol, session, close"  # what of core.quote a part is given


def parts(
    con: duckdb.DuckDBPyConnection,
    transform: Transform,
    since: date,
    relations: Mapping[str, str],
) -> Iterator[Any]:
    """What some symbols after others add to a table, for its rows from a day on.

    There are rows of earlier days too, which lack part of their history. `relations` replace
    inputs, as SQL.
    """
    assert transform.part
    others = frames(con, (name for name in transform.inputs if name != QUOTES), relations)
    quotes = _reaching_back(con, transform, since, relations.get(QUOTES, QUOTES))
    threads = con.execute("select current_setting('threads')").fetchone()
    assert threads
    waiting: deque[Future[Any]] = deque()
    with _in_order(con), ThreadPoolExecutor(*threads) as computing:
        for symbols in _groups(con, quotes):
            rows = _read(con, quotes, symbols)
            waiting.append(computing.submit(_part, transform, rows, symbols, others))
            if len(waiting) > threads[0]:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def _in_order(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Read rows as they lie, which spares the parts a sort where that is by symbol."""
    con.execute("set preserve_insertion_order = true")
    try:
        yield
    finally:
        con.execute("set preserve_insertion_order = false")


def _groups(con: duckdb.DuckDBPyConnection, quotes: str) -> list[list[str]]:
    """The symbols with about QUOTES_AT_ONCE quotes after others, or a group for each thread."""
    groups = con.execute(
        f"""
        with quoted as (
            select symbol, count(*) as quotes
            from {quotes}
            group by symbol
        ),

        size as (
            select least({QUOTES_AT_ONCE}, sum(quotes) / current_setting('threads')) as quotes
            from quoted
        ),

        numbered as (
            select
                q.symbol,
                floor((sum(q.quotes) over (order by q.symbol) - q.quotes) / s.quotes) as number
            from quoted as q
            cross join size as s
        )

        select list(symbol order by symbol)
        from numbered
        group by number
        order by number
        """
    ).fetchall()
    return [symbols for (symbols,) in groups] or [[""]]


def _read(con: duckdb.DuckDBPyConnection, quotes: str, symbols: list[str]) -> pa.Table:
    """The quotes from the first of some symbols to the last, with the symbol's number from 0."""
    names = ", ".join(map(literal, symbols))
    return con.execute(
        f"""
        select enum_code(symbol::enum({names})) as number, session, close
        from {quotes}
        where symbol between {literal(symbols[0])} and {literal(symbols[-1])}
        """
    ).to_arrow_table()


def _part(
    transform: Transform, rows: pa.Table, symbols: list[str], others: dict[str, pd.DataFrame]
) -> Any:
    """What the symbols add; they and the sessions are categories, whose words take no room."""
    assert transform.part
    day = rows["session"].cast(pa.int32()).to_numpy()
    first, last = (day.min(), day.max()) if len(day) else (0, 0)
    is_session = np.zeros(last - first + 1, bool)
    is_session[day - first] = True
    number = (is_session.cumsum(dtype=np.int32) - 1)[day - first]
    sessions = (first + np.flatnonzero(is_session)).astype("datetime64[D]")
    frame = pd.DataFrame(
        {
            "symbol": pd.Categorical.from_codes(rows["number"].to_numpy(), pd.Index(symbols)),
            "session": pd.Categorical.from_codes(
                number,
                pd.DatetimeIndex(sessions),  # type: ignore[type-var]  # the stubs know words only
            ),
            "close": rows["close"].to_numpy(),
        },
        copy=False,
    )
    return transform.part(core_quote=frame, **others)


def _reaching_back(
    con: duckdb.DuckDBPyConnection, transform: Transform, since: date, relation: str
) -> str:
    """The quotes that a table's rows from a day on look back on, as a relation.

    Those of a stretch that holds the look-back amply, and of symbols with fewer there all.
    """
    if since == date.min:
        return relation
    lookback = transform.declaration.lookback
    assert lookback
    start = f"date '{since - timedelta(stretch_days(lookback))}'"
    con.execute(
        f"""
        create or replace temp table scarce as
        select symbol
        from {relation}
        where session >= {start}
        group by symbol
        having
            max(session) >= date '{since}'
            and count(*) filter (session < date '{since}') < {lookback}
        """
    )
    return f"""(
        select {READ} from {relation} where session >= {start}
        union all
        select {READ} from {relation} semi join scarce using (symbol) where session < {start}
    )"""
