-- How long is the streak of small companies against large ones, and since when was none so long?
select
    session,
    streak_sessions,
    streak_start,
    round(streak_excess_pct, 2) as streak_excess_pct,
    round(min_margin_bp, 1) as min_margin_bp,
    longest_since,
    record_sessions,
    is_record
from rotation.latest_streak
where pair = 'small_vs_large' and basis = 'price'
