with horizon as (
    select distinct
        snapshot_date,
        horizon
    from rotation.member_earnings
),

-- Covered is who has earnings and their base.
member as (
    select
        m.snapshot_date,
        m.cohort,
        h.horizon,
        m.weight_pct,
        m.is_membership_backfilled,
        e.earnings_usd,
        e.base_earnings_usd,
        e.earnings_usd - e.base_earnings_usd as increase_usd,
        e.earnings_usd > 0 and e.base_earnings_usd > 0 as is_positive,
        e.symbol is not null as is_covered
    from rotation.snapshot_member as m
    inner join horizon as h on m.snapshot_date = h.snapshot_date
    left join rotation.member_earnings as e
        on
            m.snapshot_date = e.snapshot_date
            and m.symbol = e.symbol
            and h.horizon = e.horizon
            and e.earnings_usd is not null
            and e.base_earnings_usd is not null
),

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
        sum(earnings_usd) as earnings_usd,
        sum(base_earnings_usd) as base_earnings_usd,
        sum(earnings_usd) filter (where is_positive) as positive_usd,
        sum(base_earnings_usd) filter (where is_positive) as positive_base_usd,
        count(*) filter (where is_positive) as positive_count,
        median(100 * (earnings_usd / base_earnings_usd - 1)) filter (where is_positive)
            as median_growth_pct,
        count(*) filter (where earnings_usd < 0) as loss_maker_count,
        list_sum(max(increase_usd, 10)) as top10_increase_usd,
        sum(increase_usd) as increase_usd
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
    earnings_usd,
    base_earnings_usd,
    case when base_earnings_usd > 0 then 100 * (earnings_usd / base_earnings_usd - 1) end
        as earnings_growth_pct,
    100 * (positive_usd / positive_base_usd - 1) as earnings_growth_ex_losses_pct,
    positive_count,
    median_growth_pct,
    100 * loss_maker_count / nullif(covered_count, 0) as loss_maker_share_pct,
    case when increase_usd > 0 then 100 * top10_increase_usd / increase_usd end
        as top10_contribution_pct,
    is_membership_backfilled
from summed
