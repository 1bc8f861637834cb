with days as (
    select
        session,
        row_number() over (order by session desc) - 1 as sessions_back,
        session = max(session) over (partition by date_trunc('week', session)) as is_week_end
    from core.session
)

select
    c.session,
    d.sessions_back,
    c.mag7_share_pct,
    c.top10_share_pct,
    c.effective_n,
    c.hhi,
    c.fund_weight_mag7_pct,
    c.coverage_pct,
    c.is_low_coverage,
    c.is_membership_backfilled
from rotation.concentration as c
inner join days as d on c.session = d.session
where c.cohort = 'LARGE' and (d.sessions_back <= 504 or d.is_week_end)
order by c.session
