-- What had small and large companies done in the year, as the evening of 2026-01-27 knew it?
-- `core.quote_as_of(ts)` is `core.quote` as it was known at a moment in UTC.
with known as (
    select
        symbol,
        session,
        close
    from core.quote_as_of('2026-01-27 22:30')
    where symbol in ('IWM', 'SPY') and session >= '2025-12-31'
)

select
    symbol,
    max(session) as newest_session_known,
    round(100 * (arg_max(close, session) / arg_min(close, session) - 1), 2) as ytd_pct
from known
group by symbol
order by symbol
