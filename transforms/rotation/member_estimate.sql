with issuer as (
    select distinct
        snapshot_date,
        symbol
    from rotation.snapshot_member
),

valued as (
    select
        e.snapshot_date,
        e.symbol,
        e.horizon,
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
    from core.estimate as e
    inner join issuer as i on e.snapshot_date = i.snapshot_date and e.symbol = i.symbol
    left join rotation.member_value as v
        on e.snapshot_date = v.snapshot_date and e.symbol = v.symbol
)

select
    snapshot_date,
    symbol,
    horizon,
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
