with newest as (
    select
        *,
        row_number() over (partition by symbol order by session desc) - 1 as sessions_ago
    from rotation.quadrant
    where benchmark = 'SPY'
    qualify sessions_ago <= 10
)

select
    n.session,
    n.sessions_ago,
    n.symbol,
    coalesce(i.industry, i.sector, i.name) as name,
    n.relative_trend,
    n.relative_momentum,
    n.quadrant,
    n.heading_deg
from newest as n
left join core.instrument as i on n.symbol = i.symbol
-- A symbol whose quotes stopped has no place in today's picture.
qualify max(n.session) over (partition by n.symbol) = max(n.session) over ()
order by n.symbol, n.session
