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
from rotation.estimate_revision
qualify snapshot_date = max(snapshot_date) over ()
order by list_position(['0q', '+1q', '0y', '+1y'], horizon), cohort
