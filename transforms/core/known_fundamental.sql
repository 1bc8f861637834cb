with told as (
    select
        *,
        max(snapshot_date) over (
            partition by symbol
            order by known_at, snapshot_date, run_id
            rows unbounded preceding
        ) as newest_date
    from raw.fundamental
),

-- What corrects an older snapshot says nothing of the newest one.
standing as (
    select
        symbol,
        known_at,
        snapshot_date,
        market_cap_usd,
        revenue_usd,
        net_income_usd,
        run_id,
        last_value(case when shares_outstanding > 0 then shares_outstanding end ignore nulls) over (
            partition by symbol
            order by known_at, snapshot_date, run_id
            rows unbounded preceding
        ) as shares_outstanding
    from told
    where snapshot_date = newest_date
)

select
    symbol,
    known_at,
    snapshot_date,
    shares_outstanding,
    market_cap_usd,
    revenue_usd,
    net_income_usd
from standing
qualify row_number() over (
    partition by symbol, known_at
    order by snapshot_date desc, run_id desc
) = 1
