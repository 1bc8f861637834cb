with night as (
    select
        s.session,
        d.night_ends
    from core.session as s
    inner join reference.calendar_day as d on s.session = d.day
),

series as (
    select
        series_id,
        frequency = 'monthly' as is_monthly
    from reference.rate_series
    where
        series_id in (
            'DFEDTARL', 'DFEDTARU', 'DFF', 'DGS3MO', 'DGS2', 'DGS10', 'DGS30', 'BAMLH0A0HYM2',
            'T10YIE', 'CPIAUCSL'
        )
),

word as (
    select
        series_id,
        observation_date,
        value_pct,
        known_at
    from raw.rate
    qualify row_number() over (
        partition by series_id, observation_date, known_at
        order by run_id desc
    ) = 1
),

-- What was the newest observation of its series when it came: the last of these is what is known.
news as (
    select *
    from word
    qualify
        observation_date >= max(observation_date) over (partition by series_id order by known_at)
),

-- Carried 10 days from the observation, a monthly value 45 days from when it was known.
known as (
    select
        n.session,
        n.night_ends,
        n.series_id,
        w.observation_date,
        w.value_pct,
        n.session - if(n.is_monthly, w.known_at::date, w.observation_date) as age_days
    from (select * from night cross join series) as n
    asof inner join news as w on n.series_id = w.series_id and n.night_ends >= w.known_at
    where age_days <= if(n.is_monthly, 45, 10)
),

value as (
    select
        session,
        max(value_pct) filter (where series_id = 'DFEDTARL') as target_lower_pct,
        max(value_pct) filter (where series_id = 'DFEDTARU') as target_upper_pct,
        max(observation_date) filter (where series_id = 'DFEDTARL') as lower_date,
        max(observation_date) filter (where series_id = 'DFEDTARU') as upper_date,
        max(value_pct) filter (where series_id = 'DFF') as effective_rate_pct,
        max(value_pct) filter (where series_id = 'DGS3MO') as t3m_pct,
        max(value_pct) filter (where series_id = 'DGS2') as t2y_pct,
        max(value_pct) filter (where series_id = 'DGS10') as t10y_pct,
        max(value_pct) filter (where series_id = 'DGS30') as t30y_pct,
        max(observation_date) filter (where series_id = 'DGS3MO') as t3m_date,
        max(observation_date) filter (where series_id = 'DGS2') as t2y_date,
        max(observation_date) filter (where series_id = 'DGS10') as t10y_date,
        max(value_pct) filter (where series_id = 'BAMLH0A0HYM2') as hy_oas_pct,
        max(value_pct) filter (where series_id = 'T10YIE') as breakeven_10y_pct,
        max(age_days) as oldest_input_days
    from known
    group by session
),

inflation as (
    select
        k.session,
        100 * (k.value_pct / b.value_pct - 1) as cpi_yoy_pct
    from known as k
    asof inner join word as b
        on
            k.series_id = b.series_id
            and (k.observation_date - interval 1 year)::date = b.observation_date
            and k.night_ends >= b.known_at
    where k.series_id = 'CPIAUCSL'
),

-- Rounding takes off what binary fractions add to quoted hundredths.
measured as (
    select
        n.session,
        n.night_ends,
        v.* exclude (session),
        case when v.lower_date = v.upper_date then v.upper_date end as target_date,
        case when v.t10y_date = v.t2y_date then round(100 * (v.t10y_pct - v.t2y_pct), 6) end
            as slope_10y2y_bp,
        case when v.t10y_date = v.t3m_date then round(100 * (v.t10y_pct - v.t3m_pct), 6) end
            as slope_10y3m_bp,
        round(100 * (v.t2y_pct - lag(v.t2y_pct, 63) over past), 6) as change_2y_63d_bp,
        round(100 * (v.t10y_pct - lag(v.t10y_pct, 63) over past), 6) as change_10y_63d_bp
    from night as n
    left join value as v on n.session = v.session
    window past as (order by n.session)
),

changed as (
    select
        *,
        slope_10y2y_bp - lag(slope_10y2y_bp, 63) over (order by session) as slope_change_63d_bp
    from measured
)

select
    m.session,
    -- A decision speaks until the series, whose new value is dated a day later, has come to it.
    if(m.target_date is null or m.target_date < d.effective_date, d.lower_pct, m.target_lower_pct)
        as fed_target_lower_pct,
    if(m.target_date is null or m.target_date < d.effective_date, d.upper_pct, m.target_upper_pct)
        as fed_target_upper_pct,
    m.effective_rate_pct,
    d.last_change_bp,
    d.last_change_date,
    m.session - d.last_change_date as days_since_change,
    -- With no decision in 60 days, meetings are missing from the list.
    case when m.session - d.announced_at::date <= 60 then d.meetings_since_change end
        as meetings_since_change,
    if(days_since_change >= 365, 'hold', d.cycle) as cycle,
    case
        when d.meetings_since_change >= 2 then 'paused'
        when days_since_change >= 365 then 'hold'
        when m.session - d.announced_at::date <= 60 then d.cycle
    end as stance,
    if(days_since_change >= 365, d.last_change_date + 365, d.cycle_start) as cycle_start,
    if(days_since_change >= 365, 0, d.cycle_change_bp) as cycle_change_bp,
    m.t3m_pct,
    m.t2y_pct,
    m.t10y_pct,
    m.t30y_pct,
    m.t10y_date as yield_observation_date,
    m.slope_10y2y_bp,
    m.slope_10y3m_bp,
    m.slope_change_63d_bp,
    m.change_2y_63d_bp,
    m.change_10y_63d_bp,
    case
        when abs(m.slope_change_63d_bp) < 5 then 'parallel'
        when m.slope_change_63d_bp is not null then
            case
                when m.change_2y_63d_bp < 0 and m.change_10y_63d_bp < 0 then 'bull_'
                when m.change_2y_63d_bp > 0 and m.change_10y_63d_bp > 0 then 'bear_'
                else 'twist_'
            end || if(m.slope_change_63d_bp > 0, 'steepener', 'flattener')
    end as curve_move,
    round(100 * m.hy_oas_pct, 6) as hy_oas_bp,
    m.breakeven_10y_pct,
    i.cpi_yoy_pct,
    m.effective_rate_pct - i.cpi_yoy_pct as real_policy_rate_pct,
    m.oldest_input_days
from changed as m
left join inflation as i on m.session = i.session
asof left join rotation.policy_decision as d on m.night_ends >= d.announced_at
