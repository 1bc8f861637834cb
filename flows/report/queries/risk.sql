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
    r.symbol,
    r.vol_63d_pct,
    r.drawdown_pct
from rotation.risk as r
inner join days as d on r.session = d.session
where r.symbol in ('IWM', 'SPY', 'MAG7') and (d.sessions_back <= 504 or d.is_week_end)
order by r.session, r.symbol
