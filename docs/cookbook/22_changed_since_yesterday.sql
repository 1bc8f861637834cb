-- What changed since yesterday?
-- The score and its regime, then the signals that moved most, between the newest two sessions.
with newest as (
    select session
    from rotation.scorecard
    order by session desc
    limit 2
),

reading as (
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
        r.*,
        lag(r.score) over past as score_before,
        lag(r.says) over past as said_before
    from reading as r
    semi join newest as n on r.session = n.session
    window past as (partition by r.signal order by r.session)
)

select
    signal,
    round(score, 3) as score,
    round(score_before, 3) as score_before,
    says,
    said_before
from change
where
    session = (select max(session) from newest)
    and (score is distinct from score_before or signal = 'scorecard')
order by signal = 'scorecard' desc, abs(score - score_before) desc nulls first, signal
limit 6
