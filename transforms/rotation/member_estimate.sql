-- A vendor is asked for part of the companies each night, so a snapshot carries the others' words.
with issuer as (
    select distinct
        m.snapshot_date,
        m.symbol,
        c.night_ends + to_days((m.snapshot_date - m.session)::integer) as known_by
    from rotation.snapshot_member as m
    inner join reference.calendar_day as c on m.session = c.day
),

told as (
    select
        e.* replace (coalesce(t.symbol, e.symbol) as symbol),
        t.ticker,
        e.horizon like '%y' as is_annual
    from raw.estimate as e
    left join reference.ticker_spelling as t on e.symbol = t.ticker
),

-- What corrects an older day's estimate says nothing of the newest one.
standing as (
    select
        *,
        max(snapshot_date) over (
            partition by symbol, horizon
            order by known_at
            range unbounded preceding
        ) as newest_date
    from told
    qualify
        snapshot_date = newest_date
        and row_number() over (
            partition by symbol, horizon, known_at, snapshot_date
            order by run_id desc, ticker asc nulls first
        ) = 1
),

horizon as (
    select unnest(['0q', '+1q', '0y', '+1y']) as horizon
),

-- Older than 30 days a consensus is another one: a quarter has been reported, analysts have moved.
-- This year and the next are of one answer: across a report the same year is 0y and +1y.
carried as (
    select
        i.snapshot_date,
        e.* exclude (snapshot_date),
        e.snapshot_date as estimate_date,
        max(e.snapshot_date) over (
            partition by i.snapshot_date, e.symbol, e.is_annual
        ) as newest_estimate_date
    from issuer as i
    cross join horizon as h
    asof inner join standing as e
        on i.symbol = e.symbol and h.horizon = e.horizon and i.known_by >= e.known_at
    where i.snapshot_date - e.snapshot_date <= 30
    qualify estimate_date = newest_estimate_date
),

valued as (
    select
        e.snapshot_date,
        e.symbol,
        e.horizon,
        e.estimate_date,
        e.fiscal_period_end,
        e.currency,
        e.eps_avg,
        e.eps_year_ago,
        -- The source writes 0 for a past mean that it does not have.
        nullif(e.eps_30d_ago, 0) as eps_30d_ago,
        nullif(e.eps_90d_ago, 0) as eps_90d_ago,
        e.up_30d,
        e.down_30d,
        v.shares_outstanding,
        v.market_value_usd,
        e.eps_avg > 0
        and e.currency is null
        and e.eps_avg * v.shares_outstanding > 0.5 * v.market_value_usd as is_suspect
    from carried as e
    left join rotation.member_value as v
        on e.snapshot_date = v.snapshot_date and e.symbol = v.symbol
)

select
    snapshot_date,
    symbol,
    horizon,
    estimate_date,
    fiscal_period_end,
    currency,
    eps_avg,
    eps_year_ago,
    eps_30d_ago,
    eps_90d_ago,
    up_30d,
    down_30d,
    shares_outstanding,
    market_value_usd,
    coalesce(is_suspect, false) as is_suspect,
    eps_avg is not null
    and coalesce(currency, 'USD') = 'USD'
    and not coalesce(is_suspect, false) as is_usable
from valued
