"""Tables that are kept by symbol and session: built anew some symbols at a time, or extended."""

from collections.abc import Iterator, Mapping

import duckdb

from warehouse.dataset import LAID_OUT
from warehouse.declaration import literal
from warehouse.table import write_fresh, write_table
from warehouse.transform import Transform

# What is kept by symbol and session: who builds such a table reads them from its look-back on.
HISTORIES = ("raw.quote", "core.quote")
QUOTES_AT_ONCE = 2_500_000  # whose rows are built together, which fits into a run's memory
OF_BASKET = """
    select distinct unnest([basket, symbol, stand_in]) as symbol
    from reference.basket_member
"""
WHOLE = "(from {0} semi join changed using (symbol))"
SINCE_CHANGE = "semi join changed as c on built.symbol = c.symbol and built.session >= c.session"
# Apart, because what is read from a session on is found without a look at what is older.
READ_BACK = """(
    select q.*
    from {0} as q
    inner join reading as r on q.symbol = r.symbol and q.session >= r.session
    union all
    select q.*
    from {0} as q
    semi join (from reading where session is null) as r on q.symbol = r.symbol
)"""


def rebuild_history(con: duckdb.DuckDBPyConnection, transform: Transform) -> None:
    """Make a history's table anew, some symbols at a time."""
    con.execute(f"drop table if exists {transform.name}")
    con.execute(transform.declaration.create_statement)
    for narrow in _groups(con):
        narrowed = {table: narrow.format(table) for table in HISTORIES}
        write_table(con, transform, f"insert into {transform.name} by name", narrowed, LAID_OUT)


def make_fresh(
    con: duckdb.DuckDBPyConnection,
    transform: Transform,
    relations: Mapping[str, str],
    *,
    is_whole: bool = False,
) -> None:
    """Make the temporary table `fresh`: a history's rows of `changed` symbols since their change.

    Or all of their rows, where it `is_whole`. `relations` say, as SQL, where inputs are that are
    not in their tables alone.
    """
    if is_whole:
        narrow, tail = WHOLE, ""
    else:
        _read_back(con, transform)
        narrow, tail = READ_BACK, SINCE_CHANGE
    narrowed = {table: narrow.format(relations.get(table, table)) for table in HISTORIES}
    write_fresh(con, transform, {**relations, **narrowed}, tail)


def delete_changed(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Remove what `make_fresh` replaces."""
    con.execute(
        f"delete from {name} as t using changed as c "
        "where t.symbol = c.symbol and t.session >= c.session"
    )


def widen_to_baskets(con: duckdb.DuckDBPyConnection) -> None:
    """Let a basket change when a member does, from the session before: it may start there."""
    con.execute(
        """
        insert into changed
        select b.basket, min(coalesce(d.previous_session, c.session))
        from reference.basket_member as b
        inner join changed as c on c.symbol in (b.symbol, b.stand_in)
        inner join reference.calendar_day as d on c.session = d.day
        group by b.basket
        """
    )


def stretch_days(lookback: int) -> int:
    """Calendar days that hold so many quotes of a symbol amply."""
    return round(1.6 * lookback) + 30


def _groups(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """All symbols, about QUOTES_AT_ONCE at a time, as relations that want the name of a table.

    What is of baskets comes together. The bounds leave out what need not be read: rows of the same
    transaction are not found by what is joined to them.
    """
    con.execute(
        f"""
        create or replace temp table grouped as
        with of_basket as (
            {OF_BASKET}
        ),

        quoted as (
            select symbol, count(*) as quotes
            from raw.quote
            group by symbol
        )

        select symbol, (sum(quotes) over (order by symbol) // {QUOTES_AT_ONCE})::integer as number
        from quoted
        anti join of_basket using (symbol)
        union all
        select symbol, -1 as number
        from of_basket
        where symbol is not null
        """
    )
    groups = con.execute(
        "select number, min(symbol), max(symbol) from grouped group by number order by number"
    ).fetchall()
    for number, first, last in groups:
        yield f"""(
            select q.*
            from {{}} as q
            semi join (from grouped where number = {number}) as g on q.symbol = g.symbol
            where q.symbol between {literal(first)} and {literal(last)}
        )"""
    con.execute("drop table grouped")


def _read_back(con: duckdb.DuckDBPyConnection, transform: Transform) -> None:
    """Make `reading(symbol, session)`: from where each changed symbol must be read.

    That is the look-back before its earliest change, looked for in a stretch that holds so many
    sessions amply. No session is the whole symbol: one with fewer quotes there, and all that is of
    baskets where an index is made, which multiplies up from its first session.
    """
    lookback = transform.declaration.lookback
    assert lookback
    con.execute(
        f"""
        create or replace temp table reading as
        with before as (
            select q.symbol, max(q.session, {lookback}) as sessions
            from core.quote as q
            inner join changed as c using (symbol)
            where q.session < c.session and q.session >= c.session - $stretch_days
            group by q.symbol
        ),

        whole as (
            {OF_BASKET}
            where $makes_baskets
        )

        select
            c.symbol,
            case when len(b.sessions) = {lookback} then b.sessions[-1] end as session
        from changed as c
        left join before as b using (symbol)
        anti join whole using (symbol)
        union all
        select symbol, null as session
        from whole
        """,
        {
            "stretch_days": stretch_days(lookback),
            "makes_baskets": "reference.basket_member" in transform.inputs,
        },
    )
