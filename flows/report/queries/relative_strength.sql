with days as (
    select
        session,
        row_number() over (order by session desc) - 1 as sessions_back,
        session = max(session) over (partition by date_trunc('week', session)) as is_week_end
    from core.session
)

select
    r.session,
    d.sessions_back,
    r.pair,
    r.long_symbol,
    r.short_symbol,
    case when i.kind = 'etf' then coalesce(i.industry, i.sector, i.name) else i.name end
        as long_name,
    r.ratio
from rotation.relative_strength as r
inner join days as d on r.session = d.session
left join core.instrument as i on r.long_symbol = i.symbol
where r.basis = 'price' and (d.sessions_back <= 504 or d.is_week_end)
order by r.session, r.pair
