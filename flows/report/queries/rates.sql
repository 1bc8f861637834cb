with days as (
    select
        session,
        row_number() over (order by session desc) - 1 as sessions_back,
        session = max(session) over (partition by date_trunc('week', session)) as is_week_end
    from core.session
),

changes as (
    select
        event_date,
        any_value(change_bp) as change_bp
    from rotation.policy_event
    group by event_date
),

-- The calendar, and the Fed's target, may begin years before a source's series do.
known as (
    select
        coalesce(
            min(session) filter (
                where coalesce(t3m_pct, t2y_pct, t10y_pct, t30y_pct, hy_oas_bp) is not null
            ),
            min(session) filter (where fed_target_upper_pct is not null)
        ) as first_session
    from rotation.rate_regime
)

select
    r.session,
    d.sessions_back,
    r.fed_target_lower_pct,
    r.fed_target_upper_pct,
    r.effective_rate_pct,
    r.t3m_pct,
    r.t2y_pct,
    r.t10y_pct,
    r.t30y_pct,
    r.slope_10y2y_bp,
    r.slope_10y3m_bp,
    r.hy_oas_bp,
    r.cpi_yoy_pct,
    r.cycle,
    r.stance,
    r.curve_move,
    c.change_bp
from rotation.rate_regime as r
inner join days as d on r.session = d.session
left join changes as c on r.session = c.event_date
where
    (d.sessions_back <= 504 or d.is_week_end or c.change_bp is not null)
    and r.session >= (select first_session from known)
order by r.session
