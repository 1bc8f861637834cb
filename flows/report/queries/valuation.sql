select
    snapshot_date,
    cohort,
    ntm_pe,
    ntm_pe_ex_losses,
    current_year_pe,
    next_year_pe,
    trailing_gaap_pe,
    discount_to_mag7_pct,
    discount_to_mag7_ex_losses_pct,
    net_margin_pct,
    loss_maker_share_pct,
    coverage_pct,
    is_low_coverage,
    is_membership_backfilled
from rotation.valuation
order by snapshot_date, cohort
