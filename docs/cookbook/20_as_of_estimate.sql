-- How has the consensus for next year changed since the evening of 2026-03-31?
-- Next year as it was called then, told by its end: the horizons move on when a year is reported.
with past as (
    select
        symbol,
        arg_max(fiscal_period_end, snapshot_date) as fiscal_period_end,
        arg_max(eps_avg, snapshot_date) as eps_usd
    from core.estimate_as_of('2026-03-31 22:30')
    where horizon = '+1y'
    group by symbol
),

now as (
    select
        symbol,
        fiscal_period_end,
        arg_max(eps_avg, snapshot_date) as eps_usd
    from core.estimate
    where horizon in ('0y', '+1y')
    group by symbol, fiscal_period_end
)

select
    symbol,
    fiscal_period_end,
    round(past.eps_usd, 2) as eps_usd_then,
    round(now.eps_usd, 2) as eps_usd_now,
    round(100 * (now.eps_usd - past.eps_usd) / abs(past.eps_usd), 1) as change_pct
from past
inner join now using (symbol, fiscal_period_end)
where symbol in ['AAPL', 'MSFT', 'GOOGL', 'AMZN', 'META', 'NVDA', 'TSLA']
order by symbol
