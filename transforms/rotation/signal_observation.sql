-- What each signal measures, and when: prices and rates.
with quoted as (
    select
        pair || '_3m' as signal,
        session as observed_on,
        excess_3m_pct as value
    from rotation.relative_strength
    where
        basis = 'price'
        and pair in ('small_vs_large', 'small_vs_mag7', 'mag7_vs_sp500', 'equal_vs_cap')
    union all
    select
        'small_vs_large_trend' as signal,
        session as observed_on,
        ratio_zscore_252 as value
    from rotation.relative_strength
    where basis = 'price' and pair = 'small_vs_large'
    union all
    select
        'small_volatility' as signal,
        session as observed_on,
        vol_63d_pct as value
    from rotation.risk
    where symbol = 'IWM'
    union all
    select
        'two_year_change' as signal,
        session as observed_on,
        change_2y_63d_bp as value
    from rotation.rate_regime
    union all
    select
        'curve_steepening' as signal,
        session as observed_on,
        slope_change_63d_bp as value
    from rotation.rate_regime
    union all
    select
        'high_yield_spread' as signal,
        session as observed_on,
        hy_oas_bp as value
    from rotation.rate_regime
),

-- Sums over members, which may be few.
summed as (
    select
        'small_above_sma_50' as signal,
        session as observed_on,
        above_sma_50_pct as value,
        is_low_coverage or 100 * eligible_50_count < 75 * member_count as is_low_coverage,
        is_membership_backfilled
    from rotation.breadth
    where cohort = 'SMALL'
    union all
    select
        'large_outperforming_1m' as signal,
        session as observed_on,
        outperforming_1m_pct as value,
        -- Members with 50 quotes have a 21-session return; breadth does not count those.
        is_low_coverage or 100 * eligible_50_count < 75 * member_count as is_low_coverage,
        is_membership_backfilled
    from rotation.breadth
    where cohort = 'LARGE'
    union all
    select
        'earnings_gap' as signal,
        h.snapshot_date as observed_on,
        h.gap_ex_losses_pct as value,
        h.is_low_coverage,
        g.is_membership_backfilled
    from rotation.earnings_handoff as h
    left join rotation.earnings_growth as g
        on h.snapshot_date = g.snapshot_date and h.horizon = g.horizon and g.cohort = 'SMALL'
    where h.horizon = '+1y'
    union all
    select
        'small_revision' as signal,
        snapshot_date as observed_on,
        revision_breadth_pct as value,
        is_low_coverage or 100 * counted_count < 75 * member_count as is_low_coverage,
        is_membership_backfilled
    from rotation.estimate_revision
    where cohort = 'SMALL' and horizon = '0y'
    union all
    select
        'small_discount' as signal,
        snapshot_date as observed_on,
        max(discount_to_mag7_ex_losses_pct) filter (where cohort = 'SMALL') as value,
        bool_or(is_low_coverage) as is_low_coverage,
        bool_or(is_membership_backfilled) as is_membership_backfilled
    from rotation.valuation
    where cohort in ('SMALL', 'MAG7')
    group by snapshot_date
)

select
    signal,
    observed_on,
    value,
    false as is_low_coverage,
    false as is_membership_backfilled
from quoted
union all
select
    signal,
    observed_on,
    value,
    is_low_coverage,
    is_membership_backfilled
from summed
