with asked as (
    select
        s.session,
        r.*
    from core.session as s
    cross join reference.scorecard_signal as r
    where s.session >= (select min(session) from core.benchmark_quote)
),

-- The newest observation of each session, as long as it is young enough.
aged as (
    select
        a.*,
        o.value,
        o.observed_on,
        o.is_low_coverage,
        o.is_membership_backfilled,
        coalesce(a.session - o.observed_on <= a.max_age_days, false) as is_current
    from asked as a
    asof left join rotation.signal_observation as o
        on a.signal = o.signal and a.session >= o.observed_on
),

used as (
    select
        * exclude (value, observed_on, is_low_coverage, is_membership_backfilled),
        case when is_current and not is_low_coverage then value end as value,
        case when is_current then observed_on end as observed_on,
        is_current and coalesce(is_low_coverage, false) as is_low_coverage,
        is_current and coalesce(is_membership_backfilled, false) as is_membership_backfilled
    from aged
),

placed as (
    select
        *,
        -- The share of the last 1,260 values that are not above this one.
        cume_dist(order by value) over (past rows 1259 preceding) as share_below,
        count(*) over (past rows 1259 preceding) as value_count,
        first_value(session) over past as history_start
    from used
    window past as (partition by signal, value is null order by session)
),

scored as (
    select
        * exclude (history_start),
        case when value is not null and value_count >= 252 then sign * (2 * share_below - 1) end
            as score,
        case when value is not null then history_start end as history_start
    from placed
),

phrased as (
    select
        *,
        -- Rounding keeps 57 % from being 56.99999.
        round(100 * share_below, 9) as percent_below,
        replace(
            case when value < 0 then reads_negative else reads_positive end,
            '{value}',
            format('{:.{}f}', abs(value), decimals)
        )
        || case
            when score is null then ''
            when share_below >= 0.5
                then format(' ({} than {:.0f} % of the time)', word_high, floor(percent_below))
            else format(' ({} than {:.0f} % of the time)', word_low, floor(100 - percent_below))
        end as finding
    from scored
)

select
    session,
    signal,
    signal_group,
    value,
    observed_on,
    is_low_coverage,
    is_membership_backfilled,
    score,
    weight,
    finding,
    case
        when is_low_coverage then name || ': too few members are covered to use it.'
        when value is null then name || ': no value on this session.'
        else upper(finding[1]) || finding[2:] || case
            when score >= 0.25 then ', which speaks for a rotation.'
            when score <= -0.25 then ', which speaks against a rotation.'
            when score is not null then ', which says little either way.'
            else '; too few values so far to judge it.'
        end
    end as reads,
    history_start
from phrased
