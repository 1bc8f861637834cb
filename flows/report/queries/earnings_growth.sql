select
    snapshot_date,
    horizon,
    cohort,
    earnings_growth_pct,
    earnings_growth_ex_losses_pct,
    median_growth_pct,
    loss_maker_share_pct,
    top10_contribution_pct,
    covered_count,
    member_count,
    coverage_pct,
    is_low_coverage,
    is_membership_backfilled
from rotation.earnings_growth
qualify snapshot_date = max(snapshot_date) over ()
order by list_position(['0y', '+1y', 'NTM'], horizon) nulls last, horizon, cohort
