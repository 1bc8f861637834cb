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
    -- The calendar begins before any series does.
    and coalesce(r.fed_target_upper_pct, r.t10y_pct, r.t2y_pct, r.t3m_pct, r.hy_oas_bp) is not null
order by r.session
