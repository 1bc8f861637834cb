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
    c.score,
    c.regime,
    c.signal_count,
    c.coverage_pct
from rotation.scorecard as c
inner join days as d on c.session = d.session
where c.score is not null and (d.sessions_back <= 504 or d.is_week_end)
order by c.session
