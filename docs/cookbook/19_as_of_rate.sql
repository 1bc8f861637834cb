-- Which rates and which inflation did the evening of 2026-01-27 know?
-- A daily series comes out a session later, a price index weeks after its month.
with known as (
    select
        series_id,
        max(observation_date) as newest_known_then,
        arg_max(value_pct, observation_date) as value_pct,
        arg_max(known_at, observation_date) as known_at
    from core.rate_as_of('2026-01-27 22:30')
    where series_id in ('CPIAUCSL', 'DFEDTARU', 'DGS10', 'DGS2')
    group by series_id
)

select
    k.series_id,
    s.name,
    k.newest_known_then,
    k.value_pct,
    k.known_at
from known as k
inner join reference.rate_series as s on k.series_id = s.series_id
order by k.series_id
