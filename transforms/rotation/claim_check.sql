with newest as (
    select max(session) as session from core.session
),

-- The numbers as a reader sees them.
shown as (
    select
        r.*,
        d.* exclude (claim_id, reading_number),
        n.session as newest_session,
        r.reading_number = 1 as is_own,
        first_value(d.claimed) over (
            partition by r.claim_id, r.moment
            order by r.reading_number
        ) as own_claimed,
        d.unit = 'flag' as is_flag,
        list_transform(
            [r.value, r.first_within],
            lambda x: case d.unit
                when 'date' then strftime(strptime(x::bigint::varchar, '%Y%m%d'), '%Y-%m-%d')
                when 'flag' then if(x = 1, 'yes', 'no')
                else format('{:.{}f}', x, d.decimals)
            end
        ) as numbers
    from rotation.claim_reading as r
    inner join rotation.claim_definition as d
        on r.claim_id = d.claim_id and r.reading_number = d.reading_number
    cross join newest as n
),

worded as (
    select
        *,
        case
            when is_within is null then format('{} not measurable, because {}', reading, obstacle)
            when is_flag then format('{}: {}', reading, numbers[1])
            when is_within then format('{} {} agrees', reading, numbers[1])
            when judged_on < due_on then format('{} {} not yet', reading, numbers[1])
            else format('{} {} disagrees', reading, numbers[1])
        end
        || if(is_membership_backfilled, ' (of members known later)', '')
        || if(claimed = own_claimed, '', format(' with {}', claimed)) as words
    from shown
),

-- A forecast is judged on its own reading alone; else all that can be measured must agree with it.
judged as (
    select
        claim_id,
        moment,
        any_value(judged_on) as judged_on,
        any_value(newest_session) as newest_session,
        any_value(value) filter (where is_own) as actual,
        bool_or(is_own and is_within is not null) as is_measured,
        case
            when any_value(stated_on) > any_value(newest_session) then 'pending'
            when count(first_within_on) filter (where is_own) > 0 then 'confirmed'
            when
                any_value(due_on)
                > if(moment = 'latest', any_value(newest_session), any_value(judged_on))
                then 'pending'
            when not is_measured then 'not_measurable'
            when any_value(due_on) is null and bool_or(is_within) <> bool_and(is_within)
                then 'definition_dependent'
            when bool_or(is_own and is_within) then 'confirmed'
            else 'contradicted'
        end as verdict,
        case
            when count(is_within) = 0 and count(distinct obstacle) = 1
                then 'not measurable, because ' || any_value(obstacle)
            else string_agg(words, ', ' order by reading_number)
        end as finding,
        any_value(
            format(', the first time on {}', first_within_on)
            || if(is_flag, '', ' with ' || numbers[2])
        ) filter (where is_own and first_within_on is not null) as reached
    from worded
    group by claim_id, moment
)

select
    c.claim_id,
    c.statement,
    c.source,
    c.stated_on,
    c.metric,
    c.symbol_or_pair,
    c.lookback,
    c.claimed_low,
    c.claimed_high,
    o.actual as actual_on_date,
    o.verdict as verdict_on_date,
    l.actual as actual_latest,
    l.verdict as verdict_latest,
    case when l.is_measured then l.judged_on end as latest_session,
    'Claimed ' || c.claimed
    || case
        when c.stated_on > o.newest_session then format(': only stated on {}', c.stated_on)
        when o.judged_on = l.judged_on then format(': on {} {}', o.judged_on, o.finding)
        when o.finding = l.finding
            then format(': on {} and {} {}', o.judged_on, l.judged_on, o.finding)
        else
            format(': on {} {}; on {}', o.judged_on, o.finding, l.judged_on)
            || if(l.judged_on < l.newest_session, ', the newest that can be measured, ', ' ')
            || l.finding
    end
    || coalesce(l.reached, '')
    || '.' as note
from rotation.claim_definition as c
inner join judged as o on c.claim_id = o.claim_id and o.moment = 'on_date'
inner join judged as l on c.claim_id = l.claim_id and l.moment = 'latest'
where c.reading_number = 1
