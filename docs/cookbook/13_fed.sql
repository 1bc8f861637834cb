-- What have small companies done against large ones around cuts and rises of the Fed's target?
select
    case when change_bp < 0 then 'cut' else 'rise' end as decision,
    count(*) as decisions,
    round(avg(excess_day0_pct), 2) as mean_excess_day0_pct,
    round(avg(excess_post_1m_pct), 2) as mean_excess_1m_pct,
    round(avg(excess_post_3m_pct), 2) as mean_excess_3m_pct,
    count(*) filter (where excess_post_3m_pct > 0) as ahead_after_3m
from rotation.policy_event
where pair = 'small_vs_large'
group by decision
order by decision
