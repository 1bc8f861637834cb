-- How does the rotation that is open compare with earlier ones?
select
    trough_session,
    confirmed_session,
    peak_session,
    end_session,
    round(gain_pct, 1) as gain_pct,
    duration_sessions,
    is_open,
    rank_by_gain
from rotation.episode
where pair = 'small_vs_large'
order by trough_session
