with close as (
    select
        s.session,
        d.closes_at
    from core.session as s
    inner join reference.calendar_day as d on s.session = d.day
),

event as (
    select
        c.session as event_date,
        d.announced_at,
        d.effective_date,
        d.change_bp,
        d.is_scheduled
    from rotation.policy_decision as d
    asof inner join close as c on d.announced_at < c.closes_at
    where d.change_bp <> 0
),

growth as (
    select
        session,
        pair,
        lag(long_index, 1) over past / lag(long_index, 6) over past
        - lag(short_index, 1) over past / lag(short_index, 6) over past as excess_pre_5d,
        long_index / lag(long_index, 1) over past
        - short_index / lag(short_index, 1) over past as excess_day0,
        lead(long_index, 4) over past / lag(long_index, 1) over past
        - lead(short_index, 4) over past / lag(short_index, 1) over past as excess_post_5d,
        lead(long_index, 20) over past / lag(long_index, 1) over past
        - lead(short_index, 20) over past / lag(short_index, 1) over past as excess_post_1m,
        lead(long_index, 62) over past / lag(long_index, 1) over past
        - lead(short_index, 62) over past / lag(short_index, 1) over past as excess_post_3m
    from rotation.relative_strength
    where basis = 'price'
    window past as (partition by pair order by session)
)

select
    e.event_date,
    g.pair,
    e.announced_at,
    e.effective_date,
    e.change_bp,
    e.is_scheduled,
    100 * g.excess_pre_5d as excess_pre_5d_pct,
    100 * g.excess_day0 as excess_day0_pct,
    100 * g.excess_day0 as excess_post_1d_pct,
    100 * g.excess_post_5d as excess_post_5d_pct,
    100 * g.excess_post_1m as excess_post_1m_pct,
    100 * g.excess_post_3m as excess_post_3m_pct
from event as e
inner join growth as g on e.event_date = g.session
