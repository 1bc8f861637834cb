with side as (
    select long_symbol as symbol from reference.pair
    union
    select short_symbol as symbol from reference.pair
),

quoted as (
    select
        q.symbol,
        q.session,
        q.close,
        q.total_return_pct,
        sum((q.total_return_pct is null)::integer) over (
            partition by q.symbol
            order by q.session
            rows unbounded preceding
        ) as gap
    from core.quote as q
    semi join side on q.symbol = side.symbol
),

-- What a side is worth on each basis. Where total returns are unknown, a new history begins.
level as (
    select
        symbol,
        session,
        'price' as basis,
        close as level,
        0 as gap
    from quoted
    union all
    select
        symbol,
        session,
        'total_return' as basis,
        product(1 + total_return_pct / 100) over (
            partition by symbol, gap
            order by session
            rows unbounded preceding
        ) as level,
        gap
    from quoted
    where total_return_pct is not null
),

-- One side at a time: a planner that takes pairs for few joins every two symbols of a session.
long as materialized (
    select
        p.pair,
        p.long_symbol,
        p.short_symbol,
        l.session,
        l.basis,
        l.level,
        l.gap
    from reference.pair as p
    inner join level as l on p.long_symbol = l.symbol
),

common as (
    select
        long.session,
        long.pair,
        long.basis,
        long.long_symbol,
        long.short_symbol,
        long.level as long_level,
        short.level as short_level,
        long.gap + short.gap as history
    from long
    inner join level as short
        on
            long.short_symbol = short.symbol
            and long.session = short.session
            and long.basis = short.basis
),

indexed as (
    select
        *,
        100 * long_level / first_value(long_level) over past as long_index,
        100 * short_level / first_value(short_level) over past as short_index,
        first_value(session) over past as history_start,
        row_number() over past as sessions
    from common
    window past as (partition by pair, basis, history order by session)
),

-- A pair that is not quoted on the exchange's last session of a year has no base for the next.
year_end as (
    select
        pair,
        basis,
        history,
        year(session) as year,
        long_index,
        short_index
    from indexed
    where
        session in (
            select c.day
            from reference.calendar_day as c
            where c.is_session and year(c.next_session) > year(c.day)
        )
),

measured as (
    select
        i.*,
        i.long_index / i.short_index as ratio,
        100 * (i.long_index / lag(i.long_index, 1) over past)
        - 100 * (i.short_index / lag(i.short_index, 1) over past) as excess_1d_pct,
        100 * (i.long_index / lag(i.long_index, 5) over past)
        - 100 * (i.short_index / lag(i.short_index, 5) over past) as excess_5d_pct,
        100 * (i.long_index / lag(i.long_index, 21) over past)
        - 100 * (i.short_index / lag(i.short_index, 21) over past) as excess_1m_pct,
        100 * (i.long_index / lag(i.long_index, 63) over past)
        - 100 * (i.short_index / lag(i.short_index, 63) over past) as excess_3m_pct,
        100 * (i.long_index / lag(i.long_index, 126) over past)
        - 100 * (i.short_index / lag(i.short_index, 126) over past) as excess_6m_pct,
        100 * (i.long_index / lag(i.long_index, 252) over past)
        - 100 * (i.short_index / lag(i.short_index, 252) over past) as excess_12m_pct,
        100 * (i.long_index / y.long_index - 1) as long_ytd_pct,
        100 * (i.short_index / y.short_index - 1) as short_ytd_pct,
        avg(ratio) over (past rows 49 preceding) as mean_50,
        avg(ratio) over (past rows 199 preceding) as mean_200,
        avg(ratio) over (past rows 251 preceding) as mean_252,
        stddev_samp(ratio) over (past rows 251 preceding) as deviation_252
    from indexed as i
    left join year_end as y
        on
            i.pair = y.pair
            and i.basis = y.basis
            and i.history = y.history
            and year(i.session) - 1 = y.year
    window past as (partition by i.pair, i.basis, i.history order by i.session)
),

placed as (
    select
        *,
        -- The share of values so far that are not above this one.
        cume_dist(order by excess_3m_pct) over (
            partition by pair, basis, history, excess_3m_pct is null
            order by session
            rows unbounded preceding
        ) as share_below
    from measured
)

select
    session,
    pair,
    basis,
    long_symbol,
    short_symbol,
    long_index,
    short_index,
    ratio,
    excess_1d_pct,
    excess_5d_pct,
    excess_1m_pct,
    excess_3m_pct,
    excess_6m_pct,
    excess_12m_pct,
    long_ytd_pct,
    short_ytd_pct,
    long_ytd_pct - short_ytd_pct as excess_ytd_pct,
    case when sessions >= 50 then mean_50 end as ratio_sma_50,
    case when sessions >= 200 then mean_200 end as ratio_sma_200,
    case
        when sessions >= 252 and deviation_252 > 1e-9 * mean_252
            then (ratio - mean_252) / deviation_252
    end as ratio_zscore_252,
    case when sessions >= 63 + 252 then 100 * share_below end as excess_3m_percentile,
    history_start
from placed
