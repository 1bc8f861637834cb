-- Which way do analysts revise, and has the consensus followed?
select
    cohort,
    up_30d,
    down_30d,
    round(revision_breadth_pct, 1) as revision_breadth_pct,
    round(earnings_drift_30d_pct, 2) as earnings_drift_30d_pct,
    round(earnings_drift_90d_pct, 2) as earnings_drift_90d_pct
from rotation.estimate_revision
where horizon = '+1y'
qualify snapshot_date = max(snapshot_date) over ()
order by cohort
