-- Metrics of prices and rates, for what claims name and from when they need it.
with wanted as (
    select
        metric,
        symbol_or_pair,
        min(stated_on) - 45 as since
    from rotation.claim_definition
    group by all
),

traded as (
    select
        symbol,
        session,
        -- A close as it was that day: what later splits divided it by is multiplied back.
        close * coalesce(
            product(coalesce(nullif(split_ratio, 0), 1)) over (
                partition by symbol
                order by session
                rows between 1 following and unbounded following
            ),
            1
        ) as close,
        close as adjusted_close
    from core.quote
    where symbol in (select symbol_or_pair from wanted where metric like 'quote.%')
),

year_end as (
    select
        symbol,
        year(session) as year,
        adjusted_close as close
    from traded
    where
        session in (
            select c.day
            from reference.calendar_day as c
            where c.is_session and year(c.next_session) > year(c.day)
        )
),

quoted as (
    select
        t.symbol,
        t.session,
        t.close,
        100 * (t.adjusted_close / y.close - 1) as return_ytd_pct
    from traded as t
    left join year_end as y on t.symbol = y.symbol and year(t.session) - 1 = y.year
),

streaked as (
    select
        pair,
        session,
        history_start,
        streak_sessions::double as streak_sessions,
        greatest(0, max(streak_sessions) over month)::double as longest_1m_sessions,
        strftime(
            max_by(coalesce(longest_since, history_start), streak_sessions) over month, '%Y%m%d'
        )::double as longest_1m_since
    from rotation.streak
    where basis = 'price' and pair in (select symbol_or_pair from wanted)
    window month as (partition by pair order by session rows 20 preceding)
),

rated as (
    select
        * replace (
            last_change_bp::double as last_change_bp,
            strftime(cycle_start, '%Y%m%d')::double as cycle_start
        ),
        (stance = 'easing')::integer::double as is_easing,
        case
            when stance = 'paused' then cpi_yoy_pct - lag(cpi_yoy_pct, 63) over (order by session)
            when stance is not null then 0
        end as cpi_rise_while_paused_pct
    from rotation.rate_regime
),

risky as (
    select
        r.*,
        r.vol_63d_pct - m.vol_63d_pct as vol_63d_less_spy_pct,
        r.vol_252d_pct - m.vol_252d_pct as vol_252d_less_spy_pct
    from rotation.risk as r
    left join rotation.risk as m on r.session = m.session and m.symbol = 'SPY'
    where r.symbol in (select symbol_or_pair from wanted)
),

measured as (
    select
        'quote.' || name as metric,
        symbol as symbol_or_pair,
        session,
        value,
        null::date as history_start
    from quoted
    unpivot include nulls (value for name in (close, return_ytd_pct))
    union all
    select
        'relative_strength.' || name as metric,
        pair as symbol_or_pair,
        session,
        value,
        history_start
    from rotation.relative_strength
    unpivot include nulls (
        value for name in (
            excess_1d_pct, excess_5d_pct, excess_1m_pct, excess_3m_pct, excess_6m_pct,
            excess_12m_pct, excess_ytd_pct, ratio_zscore_252, excess_3m_percentile
        )
    )
    where basis = 'price' and pair in (select symbol_or_pair from wanted)
    union all
    select
        'streak.' || name as metric,
        pair as symbol_or_pair,
        session,
        value,
        history_start
    from streaked
    unpivot include nulls (
        value for name in (streak_sessions, longest_1m_sessions, longest_1m_since)
    )
    union all
    select
        'rate_regime.' || name as metric,
        'US' as symbol_or_pair,
        session,
        value,
        null::date as history_start
    from rated
    unpivot include nulls (
        value for name in (
            fed_target_lower_pct, fed_target_upper_pct, effective_rate_pct, t2y_pct, t10y_pct,
            breakeven_10y_pct, cpi_yoy_pct, real_policy_rate_pct, last_change_bp, cycle_change_bp,
            slope_10y2y_bp, slope_10y3m_bp, slope_change_63d_bp, change_2y_63d_bp,
            change_10y_63d_bp, hy_oas_bp, cycle_start, is_easing, cpi_rise_while_paused_pct
        )
    )
    union all
    select
        'risk.' || name as metric,
        symbol as symbol_or_pair,
        session,
        value,
        history_start
    from risky
    unpivot include nulls (
        value for name in (
            vol_21d_pct, vol_63d_pct, vol_252d_pct, vol_63d_less_spy_pct, vol_252d_less_spy_pct,
            beta_252d, drawdown_pct
        )
    )
)

select
    m.metric,
    m.symbol_or_pair,
    m.session as observed_on,
    m.value,
    m.history_start
from measured as m
inner join wanted as w on m.metric = w.metric and m.symbol_or_pair = w.symbol_or_pair
where m.session >= w.since
