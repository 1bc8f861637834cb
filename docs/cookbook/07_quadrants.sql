-- Which funds changed quadrant in the last ten sessions?
with day as (
    select session
    from core.session
    order by session desc
    limit 1 offset 10
)

select
    q.symbol,
    i.name,
    before.quadrant as quadrant_10_sessions_ago,
    q.quadrant as quadrant_now,
    round(q.relative_trend, 1) as relative_trend,
    round(q.relative_momentum, 1) as relative_momentum
from rotation.latest_quadrant as q
inner join day on true
inner join rotation.quadrant as before
    on
        q.symbol = before.symbol
        and q.benchmark = before.benchmark
        and before.session = day.session
inner join core.instrument as i on q.symbol = i.symbol
where q.benchmark = 'SPY' and q.quadrant <> before.quadrant
order by q.symbol
