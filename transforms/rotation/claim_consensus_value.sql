-- Earnings, valuation and debt, with how many issuers stand behind each value.
with grown as (
    select
        g.*,
        g.earnings_growth_pct - p.earnings_growth_pct as growth_change_pct,
        least(g.coverage_pct, p.coverage_pct) as change_coverage_pct
    from rotation.earnings_growth as g
    left join rotation.earnings_growth as p
        on
            g.snapshot_date = p.snapshot_date
            and g.cohort = p.cohort
            and p.horizon = case
                when g.horizon = '+1y' then '0y'
                when g.horizon like 'CY%' then 'CY' || (g.horizon[3:]::integer - 1)
            end
),

handed as (
    select
        h.*,
        least(h.small_coverage_pct, h.mag7_coverage_pct) as coverage_pct,
        g.is_membership_backfilled
    from rotation.earnings_handoff as h
    left join rotation.earnings_growth as g
        on h.snapshot_date = g.snapshot_date and h.horizon = g.horizon and g.cohort = 'SMALL'
),

valued as (
    select
        v.*,
        100 * (v.next_year_pe / m.next_year_pe - 1) as next_year_discount_to_mag7_pct,
        100 * (v.next_year_pe_ex_losses / m.next_year_pe_ex_losses - 1)
            as next_year_discount_to_mag7_ex_losses_pct,
        least(v.coverage_pct, m.coverage_pct) as discount_coverage_pct,
        100 * v.next_year_count / v.member_count as next_year_coverage_pct,
        100 * least(v.next_year_count / v.member_count, m.next_year_count / m.member_count)
            as next_year_discount_coverage_pct
    from rotation.valuation as v
    left join rotation.valuation as m on v.snapshot_date = m.snapshot_date and m.cohort = 'MAG7'
),

published as (
    select
        cohort,
        as_of,
        min(floating_share_pct) over past as low_pct,
        max(floating_share_pct) over past as high_pct,
        count(*) over past as figure_count
    from reference.floating_rate_share
    window past as (partition by cohort order by as_of)
    qualify row_number() over (partition by cohort, as_of) = 1
),

measured as (
    select
        'earnings_growth.' || name as metric,
        cohort as symbol_or_pair,
        horizon,
        snapshot_date as observed_on,
        value,
        if(name = 'growth_change_pct', change_coverage_pct, coverage_pct) as coverage_pct,
        is_membership_backfilled,
        null as remark
    from grown
    unpivot include nulls (
        value for name in (
            earnings_growth_pct, earnings_growth_ex_losses_pct, median_growth_pct,
            growth_change_pct
        )
    )
    union all
    select
        'earnings_handoff.' || name as metric,
        'small_vs_mag7' as symbol_or_pair,
        horizon,
        snapshot_date as observed_on,
        value,
        coverage_pct,
        is_membership_backfilled,
        null as remark
    from handed
    unpivot include nulls (value for name in (gap_pct, gap_ex_losses_pct, gap_median_pct))
    union all
    select
        'estimate_revision.revision_breadth_pct' as metric,
        cohort as symbol_or_pair,
        horizon,
        snapshot_date as observed_on,
        revision_breadth_pct as value,
        100 * counted_count / member_count as coverage_pct,
        is_membership_backfilled,
        null as remark
    from rotation.estimate_revision
    union all
    select
        'valuation.' || name as metric,
        cohort as symbol_or_pair,
        null as horizon,
        snapshot_date as observed_on,
        value,
        case
            when name like 'next_year_discount%' then next_year_discount_coverage_pct
            when name like 'discount%' then discount_coverage_pct
            when name like 'next_year%' then next_year_coverage_pct
            else coverage_pct
        end as coverage_pct,
        is_membership_backfilled,
        null as remark
    from valued
    unpivot include nulls (
        value for name in (
            ntm_pe, ntm_pe_ex_losses, next_year_pe, next_year_pe_ex_losses, discount_to_mag7_pct,
            discount_to_mag7_ex_losses_pct, next_year_discount_to_mag7_pct,
            next_year_discount_to_mag7_ex_losses_pct
        )
    )
    union all
    select
        'floating_rate_share.floating_share_pct' as metric,
        cohort as symbol_or_pair,
        null as horizon,
        as_of as observed_on,
        null as value,
        null as coverage_pct,
        false as is_membership_backfilled,
        format(
            'it is only published, in {} figures from {:.0f} % to {:.0f} %',
            figure_count,
            low_pct,
            high_pct
        ) as remark
    from published
),

-- A consensus counts from when its first estimate was known.
consensus as (
    select
        snapshot_date,
        min(known_at) as known_at
    from core.estimate
    group by snapshot_date
)

select
    m.metric,
    m.symbol_or_pair,
    coalesce(m.horizon, 'any') as horizon,
    m.observed_on,
    m.value,
    m.coverage_pct,
    m.is_membership_backfilled,
    c.known_at,
    m.remark
from measured as m
semi join rotation.claim_definition as d
    on
        m.metric = d.metric
        and m.symbol_or_pair = d.symbol_or_pair
        and coalesce(m.horizon, d.lookback) = d.lookback
left join consensus as c
    on
        m.observed_on = c.snapshot_date
        and m.metric not like 'floating_rate_share.%'
