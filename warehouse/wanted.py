"""What a night wants of a vendor: which names, and since when, by what the warehouse lacks."""

from collections.abc import Mapping
from datetime import date

import duckdb
import pandas as pd

from warehouse.dataset import Dataset
from warehouse.run import Run

OVERLAP_SESSIONS = 5  # fetched again, since vendors correct the last days
GAP_SESSIONS = 63  # how far back a missing bar is asked for again
REST_DAYS = 7  # between two tries for a name that is dead; without any news before it is
DEAD_NIGHTS = 2  # on which a name that never gave anything must have sounded dead
DEAD = ("unknown", "empty", "stopped")
REPORT_DAYS = 7  # around a report the consensus moves: such companies are asked for daily

# Everything that a pair, a basket or a quadrant names, and the members of the newest holdings.
SYMBOLS = """
with named as (
    select long_symbol as symbol from reference.pair
    union
    select short_symbol from reference.pair
    union
    select unnest([symbol, stand_in]) from reference.basket_member
    union
    select symbol from reference.instrument where kind <> 'basket'
),

benchmark as (
    select symbol
    from named
    where
        symbol is not null
        and symbol not in (select basket from reference.basket_member)
),

newest as (
    select f.cohort, arg_max(h.fund, h.holdings_date) as fund, max(h.holdings_date) as day
    from raw.holding as h
    inner join reference.cohort_fund as f on h.fund = f.fund
    where not list_contains($leave_out, f.cohort)
    group by f.cohort
),

member as (
    select distinct coalesce(t.symbol, h.ticker) as symbol
    from raw.holding as h
    inner join newest as n on h.fund = n.fund and h.holdings_date = n.day
    left join reference.ticker_spelling as t on h.ticker = t.ticker
    where
        coalesce(h.asset_class, 'Equity') = 'Equity'
        and coalesce(h.exchange, '') not like 'NO MARKET%'
        and h.ticker <> '-'
)
"""


def _dead(dataset: str, landed: str, last_day: str) -> str:
    """The SQL of `tried` and `dead`, names of a dataset by the sessions of the runs that asked.

    A vendor's bad night is no death: a name is dead that has been silent for a week besides, or on
    several nights where nothing of it ever landed.
    """
    return f"""
tried as (
    select
        split_part(s.key, ' ', 2) as symbol,
        max(r.session) as session,
        max(r.session) filter (where r.session < $session) as session_before,
        list_contains($dead, arg_max(s.outcome, s.run_id)) as sounds_dead,
        count(distinct r.session) filter (where list_contains($dead, s.outcome)) as dead_nights
    from ops.source_outcome as s
    inner join ops.run as r on s.run_id = r.run_id
    where s.source = 'live' and s.key like '{dataset} %' and s.outcome <> 'not_asked'
    group by s.key
),

dead as (
    select t.symbol, t.session > $session - $rest_days as rests
    from tried as t
    left join {landed} as l on t.symbol = l.symbol
    where
        t.sounds_dead
        and coalesce(l.{last_day} <= $session - $rest_days, t.dead_nights >= $dead_nights)
)
"""


QUOTES = f"""
{SYMBOLS},

wanted as (
    select symbol, true as is_benchmark from benchmark
    union all
    select symbol, false as is_benchmark
    from member
    where symbol not in (select symbol from benchmark)
),

landed as (
    select
        symbol,
        min(session) as first_session,
        max(session) as last_session,
        max(session) filter (where is_final) as final_session
    from raw.quote
    group by symbol
),

{_dead("quote", "landed", "last_session")},

recent as (
    select day as session
    from reference.calendar_day
    where is_session and day <= $session
    order by day desc
    limit $gap_sessions
),

gap as (
    select l.symbol, min(r.session) as session
    from landed as l
    inner join recent as r on r.session between l.first_session and l.last_session
    anti join raw.quote as q on l.symbol = q.symbol and r.session = q.session
    group by l.symbol
),

since as (
    select
        w.symbol,
        case
            when l.symbol is not null
                then least(coalesce(l.final_session, l.first_session), g.session)
        end as day,
        w.is_benchmark
    from wanted as w
    left join landed as l on w.symbol = l.symbol
    left join gap as g on w.symbol = g.symbol
)

-- A start that is itself no session is none; an overlap shows what the vendor has rewritten.
select
    s.symbol,
    coalesce(
        (
            select min(o.day)
            from (
                select c.day
                from reference.calendar_day as c
                where c.is_session and c.day <= s.day
                order by c.day desc
                limit {OVERLAP_SESSIONS} + 1
            ) as o
        ),
        case when not s.is_benchmark then $session - to_years($member_years::integer) end
    )::date as since,
    coalesce(not d.rests, false) as is_dead
from since as s
left join landed as l on s.symbol = l.symbol
left join dead as d on s.symbol = d.symbol
where not coalesce(d.rests, false)
-- Whose turn the time of the last nights did not allow comes first.
order by s.is_benchmark desc, l.last_session nulls first, s.symbol
"""

COMPANIES = f"""
{SYMBOLS},

known as (
    select
        symbol,
        max(snapshot_date) as snapshot_date,
        arg_max(report_date, snapshot_date) as report_date
    from raw.estimate
    where source = 'live' and snapshot_date < $session
    group by symbol
),

{_dead("estimate", "known", "snapshot_date")},

company as (
    select symbol from member
    union
    select symbol from reference.basket_member where basket = 'MAG7'
),

-- Its shares are others than those of its last word.
split as (
    select distinct q.symbol
    from raw.quote as q
    inner join known as k on q.symbol = k.symbol
    where q.split_ratio not in (0, 1) and q.session between k.snapshot_date and $session
),

-- What landed in this session's own night does not count: fundamentals are asked of the same
-- companies as estimates.
turn as (
    select
        c.symbol,
        c.symbol in (select symbol from split) as has_split,
        coalesce(k.report_date between $session - $report_days and $session + $report_days, false)
            as is_reporting,
        row_number() over (
            order by
                greatest(k.snapshot_date, t.session_before) asc nulls first,
                c.symbol in (select symbol from reference.basket_member) desc,
                hash(c.symbol)
        ) as place
    from company as c
    left join known as k on c.symbol = k.symbol
    left join tried as t on c.symbol = t.symbol
    where c.symbol not in (select symbol from dead where rests)
)

-- Those that split, those around a report, but in half of the night at most: in a season of reports
-- they would leave nothing to the others. Then whose word is oldest, or the try at it.
select symbol
from turn
order by
    has_split desc,
    is_reporting
    and row_number() over (partition by is_reporting order by place) <= ceil($companies / 2) desc,
    place
limit $companies
"""

WANTED = {
    "holding": """
        select fund, download_url
        from reference.cohort_fund
        where download_url is not null and not list_contains($leave_out, cohort)
        order by fund
    """,
    "quote": QUOTES,
    # A week back: a release may be late to the archive.
    "rate": """
        select s.series_id, max(r.known_at)::date - 7 as since
        from reference.rate_series as s
        left join raw.rate as r on s.series_id = r.series_id and not r.is_known_at_assumed
        group by s.series_id
        order by s.series_id
    """,
    "estimate": COMPANIES,
    "fundamental": COMPANIES,
}


def wanted(
    con: duckdb.DuckDBPyConnection, dataset: str, run: Run, universe: Mapping[str, object]
) -> pd.DataFrame:
    """The names to ask for in the order of asking, one row each, `since` when where that matters.

    `universe` has `leave_out` (cohorts), `member_years` (of history for a new member) and
    `companies` (most of a night). Columns: quote (symbol, since: NaT is all there is, is_dead: not
    expected to answer), rate (series_id, since), holding (fund, download_url), estimate and
    fundamental (symbol).
    """
    query = WANTED[dataset]
    known = {
        **universe,
        "session": run.session,
        "dead": DEAD,
        "rest_days": REST_DAYS,
        "dead_nights": DEAD_NIGHTS,
        "gap_sessions": GAP_SESSIONS,
        "report_days": REPORT_DAYS,
    }
    named = {name: value for name, value in known.items() if f"${name}" in query}
    return con.execute(query, named).df()


def overlap_start(con: duckdb.DuckDBPyConnection, dataset: Dataset) -> date | None:
    """The session from which a dataset is asked for again; None where nothing of it has landed.

    What is older than all that landed, as before a backfill, comes by another backfill. Rates are
    asked for whole: some come out weeks after the day that dates them.
    """
    if dataset.name == "rate":
        return None
    row = con.execute(
        f"""
        select min(day) from (
            select day
            from reference.calendar_day
            where
                is_session
                and day <= (select max({dataset.dated_by}) from {dataset.declaration.name})
            order by day desc
            limit $sessions
        )
        """,
        {"sessions": OVERLAP_SESSIONS},
    ).fetchone()
    assert row
    start: date | None = row[0]
    return start
