-- The newest word on each bar. The ratio of adj_close is taken within one answer of the source,
-- because a later dividend rewrites all of it: the newest answer in which the bars are neighbours.
with made_of as not materialized (
    select distinct
        basket,
        unnest([symbol, stand_in]) as symbol
    from reference.basket_member
),

said as not materialized (
    select
        *,
        null as basket
    from raw.quote
    union all
    -- What each basket is made of once more, so that who asks for one symbol computes no other.
    select
        q.*,
        m.basket
    from raw.quote as q
    inner join made_of as m on q.symbol = m.symbol
),

-- The bar before is the one that is stored; previous_session is what the answer said.
heard as not materialized (
    select
        *,
        adj_close / previous_adj_close as told_adj_ratio,
        last_value(session) over (
            bar range between unbounded preceding and interval 1 day preceding
        ) as session_before,
        lag(close) over told as close_before
    from said
    window
        bar as (partition by basket, symbol order by session),
        told as (partition by basket, symbol order by session, known_at, run_id)
),

-- Of a bar's words the newest; what stood before the first is the newest word on the bar before.
ratio as not materialized (
    select
        * exclude (told_adj_ratio, close_before),
        close / first_value(close_before) over word as price_ratio,
        (close + dividend) / first_value(close_before) over word as dividend_ratio,
        last_value(
            case when previous_session = session_before then told_adj_ratio end ignore nulls
        ) over word as adj_ratio
    from heard
    window word as (partition by basket, symbol, session order by known_at, run_id)
    qualify lead(session) over word is null
),

listed as not materialized (
    select
        basket,
        symbol,
        session,
        open,
        high,
        low,
        close,
        volume,
        dividend,
        split_ratio,
        100 * (price_ratio - 1) as return_pct,
        100 * (coalesce(dividend_ratio, adj_ratio) - 1) as total_return_pct,
        case
            when dividend_ratio is not null then 'dividend'
            when adj_ratio is not null then 'adj_close'
        end as total_return_method,
        source,
        known_at,
        is_final
    from ratio
),

composition as (
    select
        *,
        count(*) over (partition by basket) as member_count
    from reference.basket_member
),

-- Members' returns; a stand-in's before the member's own first.
member as (
    select
        l.basket,
        b.symbol as member,
        b.rebalance,
        b.member_count,
        l.session,
        l.return_pct,
        l.total_return_pct,
        l.known_at,
        l.is_final
    from listed as l
    inner join composition as b
        on l.basket = b.basket and (l.symbol = b.symbol or l.symbol = b.stand_in)
    where l.basket is not null and l.return_pct is not null
    qualify l.symbol = b.symbol or l.session < coalesce(
        min(l.session) filter (where l.symbol = b.symbol) over (
            partition by l.basket, b.symbol
        ),
        'infinity'
    )
),

-- Each member's growth since the last rebalancing: every session, or a year's last close.
held as (
    select
        *,
        case rebalance when 'year' then year(session) else epoch(session) end as period,
        product(1 + return_pct / 100) over since_rebalancing as growth,
        case
            when bool_and(total_return_pct is not null) over since_rebalancing
                then product(1 + total_return_pct / 100) over since_rebalancing
        end as total_growth
    from member
    window since_rebalancing as (partition by basket, member, period order by session)
),

-- A basket has a return only where every member has one.
basket_growth as (
    select
        h.basket,
        h.session,
        h.period,
        d.previous_session,
        avg(h.growth) as growth,
        case when count(h.total_growth) = count(*) then avg(h.total_growth) end as total_growth,
        max(h.known_at) as known_at,
        bool_and(h.is_final) as is_final
    from held as h
    inner join reference.calendar_day as d on h.session = d.day
    group by
        h.basket, h.session, h.period, h.rebalance, h.member_count, d.previous_session
    having count(*) = h.member_count
    -- What is weighted at a year's last close starts with the first year that follows one.
    qualify
        h.rebalance = 'session'
        or h.period > min(h.period) over (partition by h.basket)
        or bool_or(year(d.previous_session) < year(h.session)) over (
            partition by h.basket, h.period
        )
),

basket_return as (
    select
        *,
        growth / coalesce(lag(growth) over since_rebalancing, 1) as price_ratio,
        total_growth / coalesce(lag(total_growth) over since_rebalancing, 1) as total_ratio
    from basket_growth
    window since_rebalancing as (partition by basket, period order by session)
),

basket_index as (
    select
        *,
        100 * product(price_ratio) over history as close,
        row_number() over history as number_of_returns
    from basket_return
    window history as (partition by basket order by session)
),

-- Before its first return stands the session from which it is one.
basket as (
    select
        r.basket,
        case when b.is_base then r.previous_session else r.session end as session,
        case when b.is_base then 100 else r.close end as close,
        case when not b.is_base then 100 * (r.price_ratio - 1) end as return_pct,
        case when not b.is_base then 100 * (r.total_ratio - 1) end as total_return_pct,
        case when not b.is_base and r.total_ratio is not null then 'members' end
            as total_return_method,
        r.known_at,
        r.is_final
    from basket_index as r
    inner join unnest([false, true]) as b (is_base)
        on not b.is_base or r.number_of_returns = 1
)

select
    symbol,
    session,
    open,
    high,
    low,
    close,
    volume,
    dividend,
    split_ratio,
    return_pct,
    total_return_pct,
    total_return_method,
    source,
    known_at,
    is_final
from listed
where basket is null
union all
select
    basket as symbol,
    session,
    null as open,
    null as high,
    null as low,
    close,
    null as volume,
    null as dividend,
    null as split_ratio,
    return_pct,
    total_return_pct,
    total_return_method,
    'basket' as source,
    known_at,
    is_final
from basket
