-- Which signals speak for a rotation, and which against it?
-- A score of 1 favours small companies most; a signal without a score has too little history.
select
    signal,
    round(value, 2) as value,
    round(score, 2) as score,
    weight,
    reads
from rotation.latest_scorecard_signal
order by score desc nulls last, signal asc
