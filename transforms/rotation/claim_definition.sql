with stated as (
    select
        claim_id,
        1 as reading_number,
        reading,
        statement,
        source,
        stated_on,
        due_on,
        is_about_the_past,
        metric,
        symbol_or_pair,
        lookback,
        claimed_low,
        claimed_high,
        min_coverage_pct,
        history_from
    from reference.claim
    union all
    select
        claim_id,
        1 as reading_number,
        symbol as reading,
        statement,
        source,
        stated_on,
        due_on,
        false as is_about_the_past,
        'quote.close' as metric,
        symbol as symbol_or_pair,
        'since it was stated' as lookback,
        target as claimed_low,
        null as claimed_high,
        0 as min_coverage_pct,
        null as history_from
    from reference.index_target
),

second as (
    select
        r.claim_id,
        1 + row_number() over (partition by r.claim_id order by r.reading) as reading_number,
        r.reading,
        s.statement,
        s.source,
        s.stated_on,
        s.due_on,
        s.is_about_the_past,
        r.metric,
        r.symbol_or_pair,
        r.lookback,
        r.claimed_low,
        r.claimed_high,
        r.min_coverage_pct,
        r.history_from
    from reference.claim_second_reading as r
    inner join stated as s on r.claim_id = s.claim_id
),

reading as (
    select * from stated
    union all
    select * from second
),

spelled as (
    select
        r.*,
        m.unit,
        m.decimals,
        coalesce(m.max_age_days, 0) as max_age_days,
        case
            when m.metric is null then format('reference.claim_metric has no metric {}', r.metric)
            else m.caveat
        end as caveat,
        list_transform(
            [r.claimed_low, r.claimed_high],
            lambda x: case m.unit
                when 'date'
                    then coalesce(
                        strftime(try_strptime(x::bigint::varchar, '%Y%m%d'), '%Y-%m-%d'), x::varchar
                    )
                when 'flag' then if(x = 1, 'yes', 'no')
                else concat_ws(' ', regexp_replace(format('{:.3f}', x), '\.?0+$', ''), m.unit)
            end
        ) as bounds,
        coalesce(s.day, c.previous_session, r.stated_on) as stated_session
    from reading as r
    left join reference.claim_metric as m on r.metric = m.metric
    left join reference.calendar_day as c on r.stated_on = c.day
    left join reference.calendar_day as s on r.stated_on = s.day and s.is_session
)

select
    * exclude (bounds),
    case
        when claimed_low is null and claimed_high is null then 'anything'
        when claimed_low = claimed_high then bounds[1]
        when claimed_low = 0.005 and claimed_high is null then 'more than 0'
        when claimed_high = -0.005 and claimed_low is null then 'less than 0'
        when claimed_low is null then format('at most {}', bounds[2])
        when claimed_high is null then format('at least {}', bounds[1])
        else format('{} to {}', regexp_replace(bounds[1], ' .*', ''), bounds[2])
    end
    || coalesce(format(' by {}', due_on), '') as claimed
from spelled
