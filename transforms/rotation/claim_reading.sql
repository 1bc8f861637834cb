with observation as (
    select
        metric,
        symbol_or_pair,
        observed_on,
        value,
        history_start
    from rotation.claim_market_value
    union all by name
    select * from rotation.claim_member_value
    union all by name
    select * from rotation.claim_consensus_value
),

-- Every observation that a reading may use, and what forbids to judge by it.
usable as (
    select
        d.claim_id,
        d.reading_number,
        o.observed_on,
        o.value,
        o.coverage_pct,
        o.is_membership_backfilled,
        o.known_at,
        coalesce(o.value >= d.claimed_low, true) and coalesce(o.value <= d.claimed_high, true)
            as is_within,
        case
            when d.caveat is not null then d.caveat
            when o.coverage_pct < greatest(d.min_coverage_pct, 75)
                then format('only {:.0f} % of members are covered', floor(o.coverage_pct))
            when o.value is null then coalesce(o.remark, 'there is no value')
            when d.history_from < coalesce(o.history_start, 'infinity')
                then format(
                    'history starts {} and is needed from {} on',
                    coalesce(strftime(o.history_start, '%Y-%m-%d'), 'at an unknown time'),
                    d.history_from
                )
        end as obstacle
    from rotation.claim_definition as d
    inner join observation as o
        on
            d.metric = o.metric
            and d.symbol_or_pair = o.symbol_or_pair
            and coalesce(o.horizon, 'any') in ('any', d.lookback)
),

-- A claim is judged on its own day and on the newest one that its own reading can be measured on.
newest_measured as (
    select
        claim_id,
        max(observed_on) as observed_on
    from usable
    where reading_number = 1 and obstacle is null
    group by claim_id
),

newest as (
    select max(session) as session from core.session
),

asked as (
    select
        d.claim_id,
        d.reading_number,
        'on_date' as moment,
        d.stated_session as judged_on,
        c.night_ends as known_by,
        d.max_age_days,
        d.caveat
    from rotation.claim_definition as d
    left join reference.calendar_day as c on d.stated_session = c.day
    union all
    select
        d.claim_id,
        d.reading_number,
        'latest' as moment,
        case
            when d.is_about_the_past then least(d.stated_session, n.session)
            else coalesce(m.observed_on, n.session)
        end as judged_on,
        'infinity'::timestamp as known_by,
        d.max_age_days,
        d.caveat
    from rotation.claim_definition as d
    left join newest_measured as m on d.claim_id = m.claim_id
    cross join newest as n
),

picked as (
    select
        a.*,
        u.* exclude (claim_id, reading_number, obstacle),
        case
            when a.caveat is not null then a.caveat
            when u.observed_on is null then 'there is no value'
            else u.obstacle
        end as obstacle
    from asked as a
    left join usable as u
        on
            a.claim_id = u.claim_id
            and a.reading_number = u.reading_number
            and u.observed_on between a.judged_on - a.max_age_days and a.judged_on
            and coalesce(u.known_at <= a.known_by, true)
    qualify
        row_number() over (
            partition by a.claim_id, a.reading_number, a.moment
            order by u.observed_on desc
        ) = 1
),

first_within as (
    select
        u.claim_id,
        u.reading_number,
        min(u.observed_on) as observed_on,
        min_by(u.value, u.observed_on) as value
    from usable as u
    inner join rotation.claim_definition as d
        on u.claim_id = d.claim_id and u.reading_number = d.reading_number
    where
        u.is_within
        and u.obstacle is null
        and u.observed_on > d.stated_session
        and u.observed_on <= d.due_on
    group by all
)

select
    p.claim_id,
    p.reading_number,
    p.moment,
    p.judged_on,
    p.observed_on,
    case when p.obstacle is null then p.value end as value,
    p.coverage_pct,
    coalesce(p.is_membership_backfilled, false) as is_membership_backfilled,
    p.obstacle,
    case when p.obstacle is null then p.is_within end as is_within,
    f.observed_on as first_within_on,
    f.value as first_within
from picked as p
left join first_within as f
    on p.claim_id = f.claim_id and p.reading_number = f.reading_number and p.moment = 'latest'
