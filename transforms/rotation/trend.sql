with windowed as (
    select
        symbol,
        session,
        close,
        return_pct,
        row_number() over bar as quotes,
        100 * (close / lag(close, 21) over bar - 1) as return_1m_pct,
        avg(close) over (bar rows 19 preceding) as sma_20,
        avg(close) over (bar rows 49 preceding) as sma_50,
        avg(close) over (bar rows 199 preceding) as sma_200,
        max(close) over (bar rows 251 preceding) as high_252,
        min(close) over (bar rows 251 preceding) as low_252
    from core.quote
    window bar as (partition by symbol order by session)
)

-- The margin keeps a price that stands still from being above a mean that is off in its last bit.
select
    symbol,
    session,
    return_pct,
    return_1m_pct,
    case when quotes >= 20 then close > sma_20 * (1 + 1e-12) end as is_above_sma_20,
    case when quotes >= 50 then close > sma_50 * (1 + 1e-12) end as is_above_sma_50,
    case when quotes >= 200 then close > sma_200 * (1 + 1e-12) end as is_above_sma_200,
    case when quotes >= 252 then close >= high_252 end as is_high_252,
    case when quotes >= 252 then close <= low_252 end as is_low_252
from windowed
