with weighed as (
    select
        session,
        count(score) as signal_count,
        count(*) as asked_count,
        round(
            100 * coalesce(sum(weight) filter (where score is not null), 0) / sum(weight), 9
        ) as coverage_pct,
        sum(weight * score order by signal)
        / sum(weight order by signal) filter (where score is not null) as score,
        coalesce(bool_or(is_membership_backfilled) filter (where score is not null), false)
            as is_membership_backfilled,
        max_by(finding, (weight * score, signal)) filter (where score > 0) as most_for,
        min_by(finding, (weight * score, signal)) filter (where score < 0) as most_against
    from rotation.scorecard_signal
    group by session
),

-- Rounding keeps a sum of weights or scores at a bound from depending on its last bit.
judged as (
    select
        * exclude (score),
        case when coverage_pct >= 60 then score end as score,
        case when coverage_pct >= 60 then round(score, 9) end as level
    from weighed
),

-- A regime lasts while its bound was crossed later than the one that it is left by. A session
-- without a score has no regime, and ends none.
crossed as (
    select
        *,
        coalesce(max(session) filter (where level >= 0.25) over past, '-infinity') as into_small,
        coalesce(max(session) filter (where level < 0.10) over past, '-infinity') as out_of_small,
        coalesce(max(session) filter (where level <= -0.25) over past, '-infinity') as into_mega,
        coalesce(max(session) filter (where level > -0.10) over past, '-infinity') as out_of_mega
    from judged
    window past as (order by session)
),

named as (
    select
        *,
        case
            when level is null then null
            when into_small > out_of_small then 'rotation'
            when into_mega > out_of_mega then 'mega_cap_leadership'
            else 'neutral'
        end as regime
    from crossed
),

turned as (
    select
        *,
        coalesce(regime <> lag(regime) over past, true)::integer as is_turn
    from named
    window past as (partition by regime is null order by session)
),

numbered as (
    select
        *,
        sum(is_turn) over (partition by regime is null order by session) as spell
    from turned
),

lasting as (
    select
        *,
        case when regime is not null then min(session) over (partition by regime, spell) end
            as regime_since,
        min(session) filter (where regime is not null) over () as history_start
    from numbered
)

select
    session,
    score,
    signal_count,
    coverage_pct,
    is_membership_backfilled,
    regime,
    regime_since,
    case
        when regime is null
            then format(
                'No score: only {} of {} signals, with {:.0f} % of the weight, can be scored, and '
                || '60 % are needed.',
                signal_count,
                asked_count,
                coverage_pct
            )
        else
            case regime
                when 'rotation' then 'Leadership is rotating to small companies'
                when 'mega_cap_leadership' then 'The mega-caps lead'
                else 'Neither small companies nor the mega-caps clearly lead'
            end
            || format(' since {} (score {:+.2f} on a scale from -1 to 1): ', regime_since, score)
            || case
                when level < 0 then concat_ws(', but ', most_against, most_for)
                else concat_ws(', but ', most_for, most_against)
            end
            || format(
                '; {} of {} signals, {:.0f} % of the weight.',
                signal_count,
                asked_count,
                coverage_pct
            )
    end as summary,
    case when session >= history_start then history_start end as history_start
from lasting
