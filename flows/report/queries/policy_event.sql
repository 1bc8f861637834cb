select
    (select max(session) from rotation.rate_regime) as session,
    event_date,
    change_bp,
    is_scheduled,
    excess_pre_5d_pct,
    excess_day0_pct,
    excess_post_5d_pct,
    excess_post_1m_pct,
    excess_post_3m_pct
from rotation.policy_event
where pair = 'small_vs_large'
order by event_date desc
limit 12
