select
    session,
    score,
    score - lead(score) over (order by session desc) as score_change,
    lead(session) over (order by session desc) as session_before,
    regime,
    regime_since,
    summary
from rotation.scorecard
order by session desc
limit 1
