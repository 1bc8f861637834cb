select
    (
        select max(session)
        from rotation.relative_strength
        where pair = 'small_vs_large' and basis = 'price'
    ) as session,
    trough_session,
    confirmed_session,
    peak_session,
    end_session,
    gain_pct,
    duration_sessions,
    is_open,
    rank_by_gain,
    history_start
from rotation.episode
where pair = 'small_vs_large'
order by trough_session desc
