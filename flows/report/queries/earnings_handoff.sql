select
    snapshot_date,
    horizon,
    small_growth_pct,
    mag7_growth_pct,
    gap_pct,
    gap_ex_losses_pct,
    gap_median_pct,
    is_handoff,
    is_handoff_ex_losses,
    handoff_since,
    gap_30d_ago_pct,
    gap_90d_ago_pct,
    small_earnings_drift_90d_pct,
    small_base_drift_90d_pct,
    mag7_earnings_drift_90d_pct,
    mag7_base_drift_90d_pct,
    small_coverage_pct,
    mag7_coverage_pct,
    is_low_coverage
from rotation.earnings_handoff
order by snapshot_date, list_position(['0y', '+1y', 'NTM'], horizon) nulls last, horizon
