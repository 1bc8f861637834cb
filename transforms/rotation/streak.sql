with signed as (
    select
        session,
        pair,
        basis,
        history_start,
        excess_1d_pct,
        long_index,
        short_index,
        lag(long_index) over past as long_before,
        lag(short_index) over past as short_before,
        -- Less than a billionth of a percent point is a tie: floating point, not the market.
        case when abs(excess_1d_pct) < 1e-9 then 0 else sign(excess_1d_pct) end as side,
        case when coalesce(side <> lag(side) over past, true) then session end as turned
    from rotation.relative_strength
    window past as (partition by pair, basis, history_start order by session)
    qualify excess_1d_pct is not null
),

begun as (
    select
        *,
        last_value(turned ignore nulls) over (past rows unbounded preceding) as streak_start
    from signed
    window past as (partition by pair, basis, history_start order by session)
),

run as (
    select
        *,
        (side * row_number() over so_far)::bigint as streak_sessions,
        100 * (long_index / first_value(long_before) over so_far)
        - 100 * (short_index / first_value(short_before) over so_far) as streak_excess_pct,
        100 * min(abs(excess_1d_pct)) over so_far as min_margin_bp,
        last_value(session) over whole as streak_end
    from begun
    window
        so_far as (
            partition by pair, basis, history_start, streak_start
            order by session
            rows unbounded preceding
        ),
        whole as (
            partition by pair, basis, history_start, streak_start
            order by session
            rows between unbounded preceding and unbounded following
        )
),

ranked as (
    select
        *,
        -- The row before with the same count belongs to the newest earlier streak of that sign
        -- that came at least as far.
        lag(streak_end) over (
            partition by pair, basis, history_start, streak_sessions
            order by session
        ) as longest_since,
        max(abs(streak_sessions)) over (
            partition by pair, basis, history_start, side
            order by session
            rows unbounded preceding
        ) as record_sessions
    from run
)

select
    session,
    pair,
    basis,
    excess_1d_pct,
    streak_sessions,
    case when side <> 0 then streak_start end as streak_start,
    case when side <> 0 then streak_excess_pct end as streak_excess_pct,
    case when side <> 0 then min_margin_bp end as min_margin_bp,
    case when side <> 0 then longest_since end as longest_since,
    case when side <> 0 then record_sessions end as record_sessions,
    side <> 0 and abs(streak_sessions) = record_sessions as is_record,
    history_start
from ranked
