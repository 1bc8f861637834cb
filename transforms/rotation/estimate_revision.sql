with horizon as (
    select distinct
        snapshot_date,
        horizon
    from rotation.member_estimate
),

member as (
    select
        m.snapshot_date,
        m.cohort,
        h.horizon,
        m.weight_pct,
        m.is_membership_backfilled,
        e.symbol is not null as is_covered,
        e.up_30d,
        e.down_30d,
        e.up_30d is not null and e.down_30d is not null as is_counted,
        e.eps_avg * e.shares_outstanding as earnings_usd,
        e.eps_30d_ago * e.shares_outstanding as earnings_30d_ago_usd,
        e.eps_90d_ago * e.shares_outstanding as earnings_90d_ago_usd
    from rotation.snapshot_member as m
    inner join horizon as h on m.snapshot_date = h.snapshot_date
    left join rotation.member_estimate as e
        on
            m.snapshot_date = e.snapshot_date
            and m.symbol = e.symbol
            and h.horizon = e.horizon
            and e.is_usable
),

-- Earnings then and now are of issuers known at both ends.
summed as (
    select
        snapshot_date,
        cohort,
        horizon,
        bool_or(is_membership_backfilled) as is_membership_backfilled,
        count(*) as member_count,
        count(*) filter (where is_covered) as covered_count,
        sum(weight_pct) as weight_pct,
        sum(weight_pct) filter (where is_covered) as covered_weight_pct,
        count(*) filter (where is_counted) as counted_count,
        sum(up_30d) filter (where is_counted) as up_30d,
        sum(down_30d) filter (where is_counted) as down_30d,
        count(earnings_usd + earnings_30d_ago_usd) as drift_30d_count,
        sum(earnings_usd) filter (where earnings_30d_ago_usd is not null) as now_30d_usd,
        sum(earnings_30d_ago_usd) filter (where earnings_usd is not null) as then_30d_usd,
        count(earnings_usd + earnings_90d_ago_usd) as drift_90d_count,
        sum(earnings_usd) filter (where earnings_90d_ago_usd is not null) as now_90d_usd,
        sum(earnings_90d_ago_usd) filter (where earnings_usd is not null) as then_90d_usd
    from member
    group by snapshot_date, cohort, horizon
)

select
    snapshot_date,
    cohort,
    horizon,
    member_count,
    covered_count,
    100 * covered_count / member_count as coverage_pct,
    100 * coalesce(covered_weight_pct, 0) / weight_pct as coverage_weight_pct,
    100 * covered_count < 75 * member_count as is_low_coverage,
    counted_count,
    up_30d,
    down_30d,
    100 * (up_30d - down_30d) / nullif(up_30d + down_30d, 0) as revision_breadth_pct,
    drift_30d_count,
    100 * (now_30d_usd - then_30d_usd) / nullif(abs(then_30d_usd), 0) as earnings_drift_30d_pct,
    drift_90d_count,
    100 * (now_90d_usd - then_90d_usd) / nullif(abs(then_90d_usd), 0) as earnings_drift_90d_pct,
    is_membership_backfilled
from summed
