-- Where do the Fed, the curve and credit stand?
select
    session,
    stance,
    fed_target_lower_pct,
    fed_target_upper_pct,
    days_since_change,
    t2y_pct,
    t10y_pct,
    round(slope_10y2y_bp, 0) as slope_10y2y_bp,
    curve_move,
    round(hy_oas_bp, 0) as hy_oas_bp,
    round(real_policy_rate_pct, 2) as real_policy_rate_pct
from rotation.latest_rate_regime
