with days as (
    select
        session,
        row_number() over (order by session desc) as age
    from rotation.scorecard
    qualify age <= 2
),

scores as (
    select
        d.age,
        c.session as observed_on,
        c.score,
        c.coverage_pct
    from days as d
    inner join rotation.scorecard as c on d.session = c.session
),

strengths as (
    select
        d.age,
        r.session as observed_on,
        r.excess_1m_pct,
        r.excess_3m_pct,
        r.excess_ytd_pct,
        k.streak_sessions::double as streak_sessions
    from days as d
    inner join rotation.relative_strength as r on d.session = r.session
    inner join rotation.streak as k
        on r.session = k.session and r.pair = k.pair and r.basis = k.basis
    where r.pair = 'small_vs_large' and r.basis = 'price'
),

breadths as (
    select
        d.age,
        b.session as observed_on,
        b.cohort,
        b.above_sma_50_pct,
        100 * b.eligible_50_count / b.member_count as coverage_pct
    from days as d
    inner join rotation.breadth as b on d.session = b.session
),

-- A consensus counts for 10 days, as in the scorecard, and is compared with the one before it.
gaps as (
    select
        row_number() over (order by snapshot_date desc) as age,
        snapshot_date as observed_on,
        gap_pct,
        gap_ex_losses_pct,
        least(small_coverage_pct, mag7_coverage_pct) as coverage_pct
    from rotation.earnings_handoff
    where horizon = '+1y' and gap_pct is not null
    qualify age <= 2 and max(snapshot_date) over () >= (select max(session) - 10 from days)
),

discounts as (
    select
        row_number() over (order by snapshot_date desc) as age,
        snapshot_date as observed_on,
        discount_to_mag7_pct,
        discount_to_mag7_ex_losses_pct,
        coverage_pct
    from rotation.valuation
    where cohort = 'SMALL' and discount_to_mag7_pct is not null
    qualify age <= 2 and max(snapshot_date) over () >= (select max(session) - 10 from days)
),

rates as (
    select
        d.age,
        r.session as observed_on,
        r.fed_target_upper_pct,
        r.slope_10y2y_bp,
        r.hy_oas_bp
    from days as d
    inner join rotation.rate_regime as r on d.session = r.session
),

risks as (
    select
        d.age,
        r.session as observed_on,
        r.vol_63d_pct
    from days as d
    inner join rotation.risk as r on d.session = r.session
    where r.symbol = 'IWM'
),

numbers as (
    select
        age,
        observed_on,
        coverage_pct,
        number,
        value
    from scores
    unpivot include nulls (value for number in (score))
    union all by name
    select
        age,
        observed_on,
        number,
        value
    from strengths
    unpivot include nulls (
        value for number in (excess_1m_pct, excess_3m_pct, excess_ytd_pct, streak_sessions)
    )
    union all by name
    select
        age,
        observed_on,
        coverage_pct,
        cohort as number,
        above_sma_50_pct as value
    from breadths
    union all by name
    select
        age,
        observed_on,
        coverage_pct,
        number,
        value
    from gaps
    unpivot include nulls (value for number in (gap_pct, gap_ex_losses_pct))
    union all by name
    select
        age,
        observed_on,
        coverage_pct,
        number,
        value
    from discounts
    unpivot include nulls (
        value for number in (discount_to_mag7_pct, discount_to_mag7_ex_losses_pct)
    )
    union all by name
    select
        age,
        observed_on,
        number,
        value
    from rates
    unpivot include nulls (
        value for number in (fed_target_upper_pct, slope_10y2y_bp, hy_oas_bp)
    )
    union all by name
    select
        age,
        observed_on,
        'volatility' as number,
        vol_63d_pct as value
    from risks
)

select
    number,
    max(observed_on) filter (where age = 1) as observed_on,
    max(value) filter (where age = 1) as value,
    max(value) filter (where age = 2) as value_before,
    max(observed_on) filter (where age = 2) as observed_before_on,
    max(coverage_pct) filter (where age = 1) as coverage_pct
from numbers
group by number
order by number
