-- The target's upper end as each newer day of it came to be known.
with seen as (
    select
        observation_date,
        value_pct,
        known_at
    from raw.rate
    where series_id = 'DFEDTARU'
    qualify row_number() over (
        partition by known_at
        order by observation_date desc, run_id desc
    ) = 1
),

newer as (
    select *
    from seen
    qualify observation_date > coalesce(
        max(observation_date) over (
            order by known_at
            rows between unbounded preceding and 1 preceding
        ),
        '-infinity'::date
    )
),

moved as (
    select
        observation_date,
        value_pct as upper_pct,
        round(100 * (value_pct - lag(value_pct) over (order by known_at)), 6) as change_bp,
        known_at
    from newer
    qualify change_bp <> 0
),

lower_end as (
    select
        observation_date,
        value_pct,
        known_at
    from raw.rate
    where series_id = 'DFEDTARL'
),

-- A change that FRED shows and the list of decisions lacks: what came after the list's end.
unlisted as (
    select
        m.known_at as announced_at,
        m.observation_date as effective_date,
        l.value_pct as lower_pct,
        m.upper_pct,
        m.change_bp
    from moved as m
    asof left join lower_end as l
        on m.observation_date = l.observation_date and m.known_at >= l.known_at
    where
        not exists (
            select d.announced_at
            from reference.fed_decision as d
            where m.observation_date - d.announced_at::date between 0 and 7
        )
),

decision as (
    select
        announced_at,
        effective_date,
        lower_pct,
        upper_pct,
        change_bp,
        is_scheduled,
        true as is_listed
    from reference.fed_decision
    union all
    select
        announced_at,
        effective_date,
        lower_pct,
        upper_pct,
        change_bp,
        null::boolean as is_scheduled,
        false as is_listed
    from unlisted
),

-- A night knows no decision of a later one.
known as (
    select
        *,
        count(*) filter (where change_bp <> 0) over (order by announced_at) as change_number
    from decision
    where
        announced_at <= (
            select max(d.night_ends)
            from reference.calendar_day as d
            inner join core.session as s on d.day = s.session
        )
),

-- A cycle starts with another sign, or 365 days after the last change, when a hold has begun.
change as (
    select
        change_number,
        change_bp,
        announced_at::date as announced_on,
        coalesce(
            sign(change_bp) <> sign(lag(change_bp) over past)
            or announced_at::date - lag(announced_at::date) over past >= 365,
            true
        )::integer as is_start
    from known
    where change_bp <> 0
    window past as (order by announced_at)
),

numbered as (
    select
        *,
        sum(is_start) over (order by change_number) as cycle_number
    from change
),

cycle as (
    select
        *,
        first_value(announced_on) over so_far as cycle_start,
        sum(change_bp) over so_far as cycle_change_bp
    from numbered
    window so_far as (partition by cycle_number order by change_number)
)

select
    k.announced_at,
    k.effective_date,
    k.lower_pct,
    k.upper_pct,
    k.change_bp,
    k.is_scheduled,
    k.is_listed,
    c.change_bp as last_change_bp,
    c.announced_on as last_change_date,
    case
        when k.change_number > 0
            then count(*) filter (where k.is_scheduled and k.change_bp = 0) over (
                partition by k.change_number
                order by k.announced_at
            )
    end as meetings_since_change,
    case sign(c.change_bp) when 1 then 'tightening' when -1 then 'easing' end as cycle,
    c.cycle_start,
    c.cycle_change_bp
from known as k
left join cycle as c on k.change_number = c.change_number
