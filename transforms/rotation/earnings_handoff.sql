-- Now and then of the issuers that are known at both ends.
with member as (
    select
        m.snapshot_date,
        m.cohort,
        e.horizon,
        e.earnings_usd,
        e.base_earnings_usd,
        e.earnings_30d_ago_usd,
        e.base_earnings_30d_ago_usd,
        e.earnings_90d_ago_usd,
        e.base_earnings_90d_ago_usd,
        (e.earnings_30d_ago_usd + e.base_earnings_30d_ago_usd) is not null as is_known_30d,
        (e.earnings_90d_ago_usd + e.base_earnings_90d_ago_usd) is not null as is_known_90d
    from rotation.snapshot_member as m
    inner join rotation.member_earnings as e
        on m.snapshot_date = e.snapshot_date and m.symbol = e.symbol
    where
        m.cohort in ('SMALL', 'MAG7')
        and e.earnings_usd is not null
        and e.base_earnings_usd is not null
),

summed as (
    select
        snapshot_date,
        cohort,
        horizon,
        sum(earnings_30d_ago_usd) filter (where is_known_30d) as then_30d_usd,
        sum(base_earnings_30d_ago_usd) filter (where is_known_30d) as then_base_30d_usd,
        sum(earnings_90d_ago_usd) filter (where is_known_90d) as then_90d_usd,
        sum(base_earnings_90d_ago_usd) filter (where is_known_90d) as then_base_90d_usd,
        sum(earnings_usd) filter (where is_known_90d) as now_usd,
        sum(base_earnings_usd) filter (where is_known_90d) as now_base_usd
    from member
    group by snapshot_date, cohort, horizon
),

side as (
    select
        snapshot_date,
        cohort,
        horizon,
        case when then_base_30d_usd > 0 then 100 * (then_30d_usd / then_base_30d_usd - 1) end
            as growth_30d_ago_pct,
        case when then_base_90d_usd > 0 then 100 * (then_90d_usd / then_base_90d_usd - 1) end
            as growth_90d_ago_pct,
        100 * (now_usd - then_90d_usd) / nullif(abs(then_90d_usd), 0) as earnings_drift_pct,
        100 * (now_base_usd - then_base_90d_usd) / nullif(abs(then_base_90d_usd), 0)
            as base_drift_pct
    from summed
),

named as (
    select distinct
        snapshot_date,
        horizon
    from rotation.earnings_growth
),

compared as (
    select
        n.snapshot_date,
        n.horizon,
        s.earnings_growth_pct as small_growth_pct,
        m.earnings_growth_pct as mag7_growth_pct,
        l.earnings_growth_pct as large_growth_pct,
        x.earnings_growth_pct as large_ex_mag7_growth_pct,
        s.earnings_growth_pct - m.earnings_growth_pct as gap_pct,
        s.earnings_growth_ex_losses_pct - m.earnings_growth_ex_losses_pct as gap_ex_losses_pct,
        s.median_growth_pct - m.median_growth_pct as gap_median_pct,
        s.coverage_pct as small_coverage_pct,
        m.coverage_pct as mag7_coverage_pct,
        coalesce(s.coverage_pct >= 60 and m.coverage_pct >= 60, false) as is_eligible
    from named as n
    left join rotation.earnings_growth as s
        on n.snapshot_date = s.snapshot_date and n.horizon = s.horizon and s.cohort = 'SMALL'
    left join rotation.earnings_growth as m
        on n.snapshot_date = m.snapshot_date and n.horizon = m.horizon and m.cohort = 'MAG7'
    left join rotation.earnings_growth as l
        on n.snapshot_date = l.snapshot_date and n.horizon = l.horizon and l.cohort = 'LARGE'
    left join rotation.earnings_growth as x
        on
            n.snapshot_date = x.snapshot_date
            and n.horizon = x.horizon
            and x.cohort = 'LARGE_EX_MAG7'
),

-- A run of positive gaps ends with an eligible snapshot whose gap is not positive.
numbered as (
    select
        *,
        is_eligible and coalesce(gap_pct > 0, false) as is_in_run,
        count(*) filter (where is_eligible and not coalesce(gap_pct > 0, false)) over (
            partition by horizon
            order by snapshot_date
        ) as run_number
    from compared
),

-- A run needs every snapshot. Members' sums are joined after it: a night wants the newest alone.
spanned as (
    select
        *,
        case
            when is_in_run
                then min(snapshot_date) filter (where is_in_run) over (
                    partition by horizon, run_number
                    order by snapshot_date
                )
        end as handoff_since
    from numbered
)

select
    n.snapshot_date,
    n.horizon,
    n.small_growth_pct,
    n.mag7_growth_pct,
    n.large_growth_pct,
    n.large_ex_mag7_growth_pct,
    n.gap_pct,
    n.gap_ex_losses_pct,
    n.gap_median_pct,
    n.gap_pct > 0 as is_handoff,
    n.gap_ex_losses_pct > 0 as is_handoff_ex_losses,
    n.handoff_since,
    s.growth_30d_ago_pct - m.growth_30d_ago_pct as gap_30d_ago_pct,
    s.growth_90d_ago_pct - m.growth_90d_ago_pct as gap_90d_ago_pct,
    s.earnings_drift_pct as small_earnings_drift_90d_pct,
    m.earnings_drift_pct as mag7_earnings_drift_90d_pct,
    s.base_drift_pct as small_base_drift_90d_pct,
    m.base_drift_pct as mag7_base_drift_90d_pct,
    n.small_coverage_pct,
    n.mag7_coverage_pct,
    not coalesce(n.small_coverage_pct >= 75 and n.mag7_coverage_pct >= 75, false)
        as is_low_coverage
from spanned as n
left join side as s
    on n.snapshot_date = s.snapshot_date and n.horizon = s.horizon and s.cohort = 'SMALL'
left join side as m
    on n.snapshot_date = m.snapshot_date and n.horizon = m.horizon and m.cohort = 'MAG7'
