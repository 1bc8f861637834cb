select
    r.session,
    r.symbol,
    i.name,
    r.vol_21d_pct,
    r.vol_63d_pct,
    r.vol_252d_pct,
    r.beta_252d,
    r.corr_63d,
    r.drawdown_pct,
    r.max_drawdown_252d_pct,
    r.history_start
from rotation.risk as r
left join core.instrument as i on r.symbol = i.symbol
where
    r.session = (select max(session) from rotation.risk)
    and (
        r.symbol in ('IWM', 'SPY', 'QQQ', 'RSP', 'MAG7', 'OLD_ECONOMY')
        or r.symbol in (select symbol from reference.basket_member where basket = 'MAG7')
    )
order by
    list_position(['IWM', 'SPY', 'QQQ', 'RSP', 'MAG7', 'OLD_ECONOMY'], r.symbol) nulls last,
    r.symbol
