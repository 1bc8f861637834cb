select
    snapshot_date,
    horizon,
    cohort,
    revision_breadth_pct,
    up_30d,
    down_30d,
    earnings_drift_30d_pct,
    earnings_drift_90d_pct,
    coverage_pct,
    is_low_coverage
from rotation.estimate_revision as e
where snapshot_date = (select max(snapshot_date) from rotation.estimate_revision)
order by list_position(['0q', '+1q', '0y', '+1y'], horizon), cohort
