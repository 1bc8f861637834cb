with newest as (
    select *
    from rotation.scorecard
    qualify row_number() over (order by session desc) = 1
),

-- A consensus counts for 10 days, as in the scorecard.
earned as (
    select h.*
    from rotation.earnings_handoff as h
    cross join newest as n
    where h.horizon = '+1y' and h.snapshot_date between n.session - 10 and n.session
    qualify row_number() over (order by h.snapshot_date desc) = 1
),

valued as (
    select v.*
    from rotation.valuation as v
    cross join newest as n
    where v.cohort = 'SMALL' and v.snapshot_date between n.session - 10 and n.session
    qualify row_number() over (order by v.snapshot_date desc) = 1
),

broad as (
    select
        b.session,
        b.cohort,
        b.above_sma_50_pct,
        100 * b.eligible_50_count / b.member_count as coverage_pct
    from rotation.breadth as b
    inner join newest as n on b.session = n.session
),

judged as (
    select
        count(*) filter (where verdict_latest = 'confirmed') as claims_confirmed,
        count(*) filter (where verdict_latest = 'contradicted') as claims_contradicted,
        count(*) filter (where verdict_latest not in ('confirmed', 'contradicted')) as claims_open
    from rotation.claim_check
)

select
    n.session,
    n.score,
    n.regime,
    n.regime_since,
    n.summary,
    n.signal_count,
    n.coverage_pct as score_coverage_pct,
    s.excess_1m_pct as small_vs_large_1m_pct,
    s.excess_3m_pct as small_vs_large_3m_pct,
    s.excess_ytd_pct as small_vs_large_ytd_pct,
    k.streak_sessions as small_vs_large_streak_sessions,
    small.above_sma_50_pct as small_above_sma_50_pct,
    small.coverage_pct as small_coverage_pct,
    large.above_sma_50_pct as large_above_sma_50_pct,
    large.coverage_pct as large_coverage_pct,
    seven.above_sma_50_pct as mag7_above_sma_50_pct,
    seven.coverage_pct as mag7_coverage_pct,
    h.snapshot_date as earnings_snapshot_date,
    h.gap_pct as earnings_gap_pct,
    h.gap_ex_losses_pct as earnings_gap_ex_losses_pct,
    least(h.small_coverage_pct, h.mag7_coverage_pct) as earnings_coverage_pct,
    v.snapshot_date as valuation_snapshot_date,
    v.discount_to_mag7_pct as small_discount_to_mag7_pct,
    v.discount_to_mag7_ex_losses_pct as small_discount_to_mag7_ex_losses_pct,
    v.coverage_pct as valuation_coverage_pct,
    r.fed_target_lower_pct,
    r.fed_target_upper_pct,
    r.slope_10y2y_bp,
    r.hy_oas_bp,
    iwm.vol_63d_pct as iwm_vol_63d_pct,
    j.claims_confirmed,
    j.claims_contradicted,
    j.claims_open
from newest as n
cross join judged as j
left join rotation.relative_strength as s
    on n.session = s.session and s.pair = 'small_vs_large' and s.basis = 'price'
left join rotation.streak as k
    on n.session = k.session and k.pair = 'small_vs_large' and k.basis = 'price'
left join broad as small on small.cohort = 'SMALL'
left join broad as large on large.cohort = 'LARGE'
left join broad as seven on seven.cohort = 'MAG7'
left join rotation.rate_regime as r on n.session = r.session
left join rotation.risk as iwm on n.session = iwm.session and iwm.symbol = 'IWM'
left join earned as h on true
left join valued as v on true
