with days as (
    select
        session,
        row_number() over (order by session desc) - 1 as sessions_back,
        session = max(session) over (partition by date_trunc('week', session)) as is_week_end
    from core.session
)

select
    b.session,
    d.sessions_back,
    b.cohort,
    b.above_sma_20_pct,
    b.above_sma_50_pct,
    b.above_sma_200_pct,
    b.outperforming_1m_pct,
    b.net_new_high_pct,
    b.median_return_1m_pct,
    b.mcclellan,
    b.coverage_pct,
    b.is_low_coverage,
    b.is_membership_backfilled
from rotation.breadth as b
inner join days as d on b.session = d.session
where b.cohort in ('SMALL', 'LARGE', 'MAG7') and (d.sessions_back <= 504 or d.is_week_end)
order by b.session, b.cohort
