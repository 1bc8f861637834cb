select
    s.session,
    r.name,
    s.signal_group,
    s.score,
    s.weight,
    100 * s.score * s.weight / sum(s.weight) filter (where s.score is not null) over ()
        as contribution,
    s.reads,
    s.observed_on,
    s.is_low_coverage,
    s.is_membership_backfilled
from rotation.scorecard_signal as s
inner join reference.scorecard_signal as r on s.signal = r.signal
where s.session = (select max(session) from rotation.scorecard)
order by contribution desc nulls last, s.weight desc, s.signal asc
