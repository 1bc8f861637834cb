-- What changed since yesterday?
-- The score and its regime, then the signals that moved most, between the newest two sessions.
with reading as (
    select
        session,
        'scorecard' as signal,
        score,
        regime as says
    from rotation.scorecard
    union all
    select
        session,
        signal,
        score,
        finding as says
    from rotation.scorecard_signal
),

change as (
    select
        *,
        lag(score) over (partition by signal order by session) as score_before,
        lag(says) over (partition by signal order by session) as said_before
    from reading
)

select
    signal,
    round(score, 3) as score,
    round(score_before, 3) as score_before,
    says,
    said_before
from change
where
    session = (select max(session) from rotation.scorecard)
    and (score is distinct from score_before or signal = 'scorecard')
order by signal = 'scorecard' desc, abs(score - score_before) desc nulls first, signal
limit 6
