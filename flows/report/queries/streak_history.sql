with followed as (
    select
        session,
        history_start,
        streak_sessions,
        lead(streak_sessions) over (order by session) as next_sessions,
        max(session) over () as newest
    from rotation.streak
    where pair = 'small_vs_large' and basis = 'price'
),

-- A streak's length is known on its last session.
ended as (
    select *
    from followed
    where
        streak_sessions <> 0
        and (next_sessions is null or next_sessions <> streak_sessions + sign(streak_sessions))
)

select
    max(newest) as session,
    min(history_start) as history_start,
    streak_sessions,
    count(*) as streaks,
    bool_or(next_sessions is null) as is_now,
    max(session) as last_seen
from ended
group by streak_sessions
order by streak_sessions
