-- Three fiscal years of one company, year ago, 0y and +1y, as of today, 30 and 90 days ago.
with company as (
    select
        snapshot_date,
        symbol,
        max(shares_outstanding) as shares,
        max(fiscal_period_end) filter (where horizon = '0y') as year_end,
        max(eps_year_ago) filter (where horizon = '0y' and is_usable) as year_ago,
        max(eps_avg) filter (where horizon = '0y' and is_usable) as this_now,
        max(eps_avg) filter (where horizon = '+1y' and is_usable) as next_now,
        max(eps_30d_ago) filter (where horizon = '0y' and is_usable) as this_30d,
        max(eps_30d_ago) filter (where horizon = '+1y' and is_usable) as next_30d,
        max(eps_90d_ago) filter (where horizon = '0y' and is_usable) as this_90d,
        max(eps_90d_ago) filter (where horizon = '+1y' and is_usable) as next_90d
    from rotation.member_estimate
    where horizon in ('0y', '+1y')
    group by snapshot_date, symbol
),

-- Every horizon is a blend of two successive fiscal years; weight is the earlier one's.
horizon as (
    select
        *,
        '0y' as horizon,
        1.0::double as weight
    from company
    union all
    select
        *,
        '+1y' as horizon,
        0.0::double as weight
    from company
    union all
    select
        *,
        'NTM' as horizon,
        least(greatest((year_end - snapshot_date) / 365, 0), 1) as weight
    from company
    where year_end is not null
    union all
    select
        *,
        'CY' || year(year_end) as horizon,
        month(year_end) / 12 as weight
    from company
    where year_end is not null
    union all
    -- The year after needs a third year, but where fiscal years are calendar years.
    select
        *,
        'CY' || (year(year_end) + 1) as horizon,
        0.0::double as weight
    from company
    where month(year_end) = 12
),

-- A year without weight need not be known.
blend as (
    select
        *,
        case weight
            when 1 then this_now
            when 0 then next_now
            else weight * this_now + (1 - weight) * next_now
        end as eps,
        case weight
            when 1 then year_ago
            when 0 then this_now
            else weight * year_ago + (1 - weight) * this_now
        end as base_eps,
        case weight
            when 1 then this_30d
            when 0 then next_30d
            else weight * this_30d + (1 - weight) * next_30d
        end as eps_30d_ago,
        case weight
            when 1 then year_ago
            when 0 then this_30d
            else weight * year_ago + (1 - weight) * this_30d
        end as base_eps_30d_ago,
        case weight
            when 1 then this_90d
            when 0 then next_90d
            else weight * this_90d + (1 - weight) * next_90d
        end as eps_90d_ago,
        case weight
            when 1 then year_ago
            when 0 then this_90d
            else weight * year_ago + (1 - weight) * this_90d
        end as base_eps_90d_ago
    from horizon
)

select
    snapshot_date,
    symbol,
    horizon,
    weight as first_year_weight,
    eps,
    base_eps,
    shares as shares_outstanding,
    eps * shares as earnings_usd,
    base_eps * shares as base_earnings_usd,
    eps_30d_ago * shares as earnings_30d_ago_usd,
    base_eps_30d_ago * shares as base_earnings_30d_ago_usd,
    eps_90d_ago * shares as earnings_90d_ago_usd,
    base_eps_90d_ago * shares as base_earnings_90d_ago_usd
from blend
where eps is not null
