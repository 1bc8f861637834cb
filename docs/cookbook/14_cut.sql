-- What would a cut of 100 basis points do to interest bills?
-- A first-year, unhedged, immediate reset: a scenario, not a forecast.
select
    cohort,
    floating_share_pct,
    round(interest_change_usd / 1e6, 0) as interest_change_mn_usd,
    round(net_margin_change_bp, 1) as net_margin_change_bp,
    round(net_income_change_pct, 2) as net_income_change_pct,
    round(coverage_pct, 0) as coverage_pct
from rotation.rate_sensitivity
where shock_bp = -100
qualify snapshot_date = max(snapshot_date) over ()
order by cohort
