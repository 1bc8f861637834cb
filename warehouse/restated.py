"""What a vendor says anew of bars that landed: compared, explained, kept in `ops.restatement`."""

import duckdb
import pandas as pd

from warehouse.run import Run
from warehouse.wanted import OVERLAP_SESSIONS

SAME = 1e-6  # relative; nearer prices are one price in two precisions
REBASED = 1e-3  # relative; how exactly a rebased close fits the split's ratio
SAID = ("open", "high", "low", "close", "volume")

NEWEST = """
newest as (
    select q.*
    from raw.quote as q
    where q.symbol in (select symbol from answer)
    qualify row_number() over (
        partition by q.symbol, q.session order by q.known_at desc, q.run_id desc
    ) = 1
)
"""


def moved_symbols(con: duckdb.DuckDBPyConnection, bars: pd.DataFrame) -> pd.DataFrame:
    """Symbols whose answer differs in a close that landed and has not all that landed.

    Columns symbol, since (the first session that landed): asked for again from there, a split has
    one answer and one set of restatements.
    """
    con.register("answer", bars)
    try:
        return con.execute(
            f"""
            with {NEWEST},

            landed as (
                select symbol, min(session) as since
                from newest
                group by symbol
            ),

            told as (
                select symbol, min(session)::date as since
                from answer
                group by symbol
            )

            select distinct a.symbol, l.since
            from answer as a
            inner join newest as n on a.symbol = n.symbol and a.session = n.session
            inner join landed as l on a.symbol = l.symbol
            inner join told as t on a.symbol = t.symbol
            where abs(a.close / n.close - 1) > {SAME} and t.since > l.since
            order by a.symbol
            """
        ).df()
    finally:
        con.unregister("answer")


def rebased_bars(con: duckdb.DuckDBPyConnection, bars: pd.DataFrame) -> pd.DataFrame:
    """Bars that landed and that rewritten histories lack, rebased as the next bar after them is.

    `bars` are whole histories; without the bars that a vendor has lost in the meantime, those would
    stay as they stood before a split.
    """
    con.register("answer", bars)
    scaled = ", ".join(f"n.{name} * b.ratio as {name}" for name in ("open", "high", "low", "close"))
    try:
        return con.execute(
            f"""
            with {NEWEST},

            both_told as (
                select
                    a.symbol,
                    a.session::date as session,
                    a.close / n.close as ratio,
                    a.adj_close / n.adj_close as adj_ratio
                from answer as a
                inner join newest as n on a.symbol = n.symbol and a.session = n.session
            ),

            lacking as (
                from newest anti join answer using (symbol, session)
            )

            select
                n.symbol,
                n.session,
                {scaled},
                n.adj_close * b.adj_ratio as adj_close,
                round(n.volume / b.ratio) as volume,
                n.dividend * b.ratio as dividend,
                n.split_ratio
            from lacking as n
            asof inner join both_told as b on n.symbol = b.symbol and n.session <= b.session
            where abs(b.ratio - 1) > {REBASED}
            """
        ).df()
    finally:
        con.unregister("answer")


def with_finality(con: duckdb.DuckDBPyConnection, bars: pd.DataFrame, run: Run) -> pd.DataFrame:
    """The bars with `is_final`: whether an earlier answer said the same, or the bar is settled.

    Vendors correct the last days; a bar older than the overlap is settled when it first comes.
    """
    con.register("answer", bars)
    same = " and ".join(f"a.{name} is not distinct from n.{name}" for name in SAID)
    try:
        return con.execute(
            f"""
            with {NEWEST},

            overlap as (
                select day
                from reference.calendar_day
                where is_session and day <= $session
                order by day desc
                limit {OVERLAP_SESSIONS}
            )

            select
                a.*,
                case
                    when n.symbol is null then a.session < (select min(day) from overlap)
                    else n.run_id <> $run_id and {same}
                end as is_final
            from answer as a
            left join newest as n on a.symbol = n.symbol and a.session = n.session
            """,
            {"session": run.session, "run_id": run.run_id},
        ).df()
    finally:
        con.unregister("answer")


def find_restatements(con: duckdb.DuckDBPyConnection, run: Run) -> None:
    """Make `restated`, for `ops.restatement`: what `news` says anew of a bar that had landed.

    `news`, of landing, is not in `raw.quote` yet. A new split after a bar explains its rebased
    close and adj_close; a dividend after it that has come since it landed its adj_close alone;
    anything else is the vendor's. Open, high and low go with the close.
    """
    first = con.execute("select min(session) from news").fetchone()
    assert first
    con.execute(
        f"""
        create or replace temp table restated as
        with before as (
            select q.*
            from raw.quote as q
            semi join news using (symbol, session)
            qualify row_number() over (
                partition by q.symbol, q.session order by q.known_at desc, q.run_id desc
            ) = 1
        ),

        -- Of most nights only the overlap lands anew: a bar may hear of a dividend weeks later.
        -- What is bounded by a literal is found without a look at older years.
        paid as (
            select symbol, session, min(run_id) as run_id
            from (
                select symbol, session, dividend, run_id
                from raw.quote
                where session > $first and symbol in (select symbol from news)
                union all
                select symbol, session, dividend, run_id
                from news
            )
            where dividend <> 0
            group by symbol, session
        ),

        paid_since as (
            select b.symbol, b.session, max(p.run_id) > any_value(b.run_id) as is_new
            from before as b
            inner join paid as p on b.symbol = p.symbol and b.session < p.session
            group by b.symbol, b.session
        ),

        compared as (
            select
                n.symbol,
                n.session,
                n.close,
                n.adj_close,
                coalesce(p.is_new, false) as is_paid_since,
                nullif(n.dividend, 0) as dividend,
                coalesce(nullif(n.split_ratio, 0), 1) as split_ratio,
                b.close as old_close,
                b.adj_close as old_adj_close,
                nullif(b.dividend, 0) as old_dividend,
                coalesce(nullif(b.split_ratio, 0), 1) as old_split_ratio,
                b.symbol is not null as had_landed
            from (from news where symbol in (select symbol from before)) as n
            left join before as b on n.symbol = b.symbol and n.session = b.session
            left join paid_since as p on n.symbol = p.symbol and n.session = p.session
        ),

        explained as (
            select
                *,
                coalesce(product(split_ratio / old_split_ratio) over later, 1) as split_since,
                is_paid_since
                or coalesce(bool_or(dividend is distinct from old_dividend) over later, false)
                    as has_dividend_since
            from compared
            window later as (
                partition by symbol order by session
                rows between 1 following and unbounded following
            )
        ),

        changed as (
            select
                *,
                split_since <> 1
                and abs(close * split_since / old_close - 1) < {REBASED} as is_rebased,
                abs(close / old_close - 1) > {SAME} as is_close_changed,
                abs(adj_close / old_adj_close - 1) > {SAME} as is_adj_close_changed
            from explained
            where had_landed
        ),

        restated as (
            select
                symbol,
                session,
                'close' as column_name,
                old_close as old_value,
                close as new_value,
                case when is_rebased then 'split' else 'vendor' end as cause
            from changed
            where is_close_changed
            union all
            select
                symbol,
                session,
                'adj_close' as column_name,
                old_adj_close as old_value,
                adj_close as new_value,
                case
                    when is_rebased then 'split'
                    when has_dividend_since and not is_close_changed then 'dividend'
                    else 'vendor'
                end as cause
            from changed
            where is_adj_close_changed
            union all
            select
                symbol,
                session,
                'dividend' as column_name,
                old_dividend as old_value,
                dividend as new_value,
                'dividend' as cause
            from changed
            where dividend is distinct from old_dividend and split_since = 1
            union all
            select
                symbol,
                session,
                'split_ratio' as column_name,
                old_split_ratio as old_value,
                split_ratio as new_value,
                'split' as cause
            from changed
            where split_ratio <> old_split_ratio
        )

        select
            $run_id as run_id,
            'raw.quote' as dataset,
            symbol || ' ' || session as key,
            column_name,
            old_value::varchar as old_value,
            new_value::varchar as new_value,
            cause
        from restated
        """,
        {"run_id": run.run_id, "first": first[0]},
    )
