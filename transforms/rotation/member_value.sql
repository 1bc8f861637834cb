with snapshot as (
    select distinct
        m.snapshot_date,
        m.session,
        m.symbol,
        c.night_ends as session_ends,
        c.night_ends + to_days((m.snapshot_date - m.session)::integer) as known_by
    from rotation.snapshot_member as m
    inner join reference.calendar_day as c on m.session = c.day
),

trading as (
    select distinct
        session,
        session_ends
    from snapshot
),

-- The close that the session's night knew: a later split rewrites core.quote, not shares of then.
quoted as (
    select
        q.symbol,
        q.session,
        max_by(q.close, (q.known_at, q.run_id)) as close
    from raw.quote as q
    inner join trading as s on q.session = s.session and q.known_at <= s.session_ends
    group by q.symbol, q.session
),

known as (
    select
        s.snapshot_date,
        s.session,
        s.symbol,
        q.close,
        f.shares_outstanding,
        f.revenue_usd,
        f.net_income_usd,
        q.close * f.shares_outstanding as quoted_value_usd,
        -- As old as a daily rate may be.
        case when f.snapshot_date >= s.snapshot_date - 10 then f.market_cap_usd end
            as stated_value_usd
    from snapshot as s
    asof inner join core.known_fundamental as f
        on s.symbol = f.symbol and s.known_by >= f.known_at
    left join quoted as q on s.symbol = q.symbol and s.session = q.session
)

select
    snapshot_date,
    symbol,
    session,
    close,
    shares_outstanding,
    coalesce(quoted_value_usd, stated_value_usd) as market_value_usd,
    quoted_value_usd is null and stated_value_usd is not null as is_market_value_stated,
    revenue_usd,
    net_income_usd
from known
