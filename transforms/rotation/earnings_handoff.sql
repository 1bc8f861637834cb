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
        g.snapshot_date,
        g.horizon,
        g.cohort,
        g.coverage_pct,
        g.earnings_growth_pct,
        g.earnings_growth_ex_losses_pct,
        g.median_growth_pct,
        case when s.then_base_30d_usd > 0 then 100 * (s.then_30d_usd / s.then_base_30d_usd - 1) end
            as growth_30d_ago_pct,
        case when s.then_base_90d_usd > 0 then 100 * (s.then_90d_usd / s.then_base_90d_usd - 1) end
            as growth_90d_ago_pct,
        100 * (s.now_usd - s.then_90d_usd) / nullif(abs(s.then_90d_usd), 0) as earnings_drift_pct,
        100 * (s.now_base_usd - s.then_base_90d_usd) / nullif(abs(s.then_base_90d_usd), 0)
            as base_drift_pct
    from rotation.earnings_growth as g
    left join summed as s
        on
            g.snapshot_date = s.snapshot_date
            and g.cohort = s.cohort
            and g.horizon = s.horizon
),

named as (
    select distinct
        snapshot_date,
        horizon
    from side
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
        s.growth_30d_ago_pct - m.growth_30d_ago_pct as gap_30d_ago_pct,
        s.growth_90d_ago_pct - m.growth_90d_ago_pct as gap_90d_ago_pct,
        s.earnings_drift_pct as small_earnings_drift_90d_pct,
        m.earnings_drift_pct as mag7_earnings_drift_90d_pct,
        s.base_drift_pct as small_base_drift_90d_pct,
        m.base_drift_pct as mag7_base_drift_90d_pct,
        s.coverage_pct as small_coverage_pct,
        m.coverage_pct as mag7_coverage_pct,
        coalesce(s.coverage_pct >= 60 and m.coverage_pct >= 60, false) as is_eligible
    from named as n
    left join side as s
        on n.snapshot_date = s.snapshot_date and n.horizon = s.horizon and s.cohort = 'SMALL'
    left join side as m
        on n.snapshot_date = m.snapshot_date and n.horizon = m.horizon and m.cohort = 'MAG7'
    left join side as l
        on n.snapshot_date = l.snapshot_date and n.horizon = l.horizon and l.cohort = 'LARGE'
    left join side as x
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
)

select
    snapshot_date,
    horizon,
    small_growth_pct,
    mag7_growth_pct,
    large_growth_pct,
    large_ex_mag7_growth_pct,
    gap_pct,
    gap_ex_losses_pct,
    gap_median_pct,
    gap_pct > 0 as is_handoff,
    gap_ex_losses_pct > 0 as is_handoff_ex_losses,
    case
        when is_in_run
            then min(snapshot_date) filter (where is_in_run) over (
                partition by horizon, run_number
                order by snapshot_date
            )
    end as handoff_since,
    gap_30d_ago_pct,
    gap_90d_ago_pct,
    small_earnings_drift_90d_pct,
    mag7_earnings_drift_90d_pct,
    small_base_drift_90d_pct,
    mag7_base_drift_90d_pct,
    small_coverage_pct,
    mag7_coverage_pct,
    not coalesce(small_coverage_pct >= 75 and mag7_coverage_pct >= 75, false) as is_low_coverage
from numbered
