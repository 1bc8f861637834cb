with days as (
    select
        session,
        row_number() over (order by session desc) - 1 as sessions_back
    from core.session
    qualify sessions_back <= 126
),

lines as (
    select
        r.pair,
        list(r.ratio order by r.session) as ratios,
        max(r.session) as session
    from rotation.relative_strength as r
    inner join days as d on r.session = d.session
    where r.basis = 'price' and r.short_symbol = 'SPY'
    group by r.pair
)

select
    l.session,
    r.long_symbol as symbol,
    coalesce(i.industry, i.sector) as name,
    i.industry is null as is_sector,
    r.long_ytd_pct,
    r.excess_1d_pct,
    r.excess_5d_pct,
    r.excess_1m_pct,
    r.excess_3m_pct,
    r.excess_ytd_pct,
    q.quadrant,
    l.ratios,
    l.session < max(l.session) over () as is_behind
from lines as l
inner join rotation.relative_strength as r
    on l.pair = r.pair and l.session = r.session and r.basis = 'price'
inner join core.instrument as i on r.long_symbol = i.symbol
left join rotation.quadrant as q
    on l.session = q.session and r.long_symbol = q.symbol and r.short_symbol = q.benchmark
where i.kind = 'etf' and i.sector is not null
order by r.excess_3m_pct desc nulls last, r.long_symbol asc
