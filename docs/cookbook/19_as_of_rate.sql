-- Which rates and which inflation did the evening of 2026-01-27 know?
-- A daily series comes out a session later, a price index weeks after its month.
with known as (
    select
        series_id,
        max(observation_date) as newest_known_then
    from core.rate_as_of('2026-01-27 22:30')
    group by series_id
)

select
    k.series_id,
    s.name,
    k.newest_known_then,
    r.value_pct,
    r.known_at
from known as k
inner join core.rate_as_of('2026-01-27 22:30') as r
    on k.series_id = r.series_id and k.newest_known_then = r.observation_date
inner join reference.rate_series as s on k.series_id = s.series_id
where k.series_id in ('CPIAUCSL', 'DFEDTARU', 'DGS10', 'DGS2')
order by k.series_id
