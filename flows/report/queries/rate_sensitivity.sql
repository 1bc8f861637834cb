select
    snapshot_date,
    cohort,
    shock_bp,
    total_debt_usd,
    floating_share_pct,
    interest_change_usd,
    net_margin_change_bp,
    net_income_change_pct,
    covered_count,
    member_count,
    coverage_pct,
    is_low_coverage,
    is_membership_backfilled
from rotation.rate_sensitivity
qualify snapshot_date = max(snapshot_date) over ()
order by cohort, shock_bp
