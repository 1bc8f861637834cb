-- Where does the rotation stand, in one row?
select
    session,
    round(score, 2) as score,
    regime,
    regime_since,
    round(small_vs_large_1m_pct, 2) as small_vs_large_1m_pct,
    round(small_vs_large_ytd_pct, 2) as small_vs_large_ytd_pct,
    round(earnings_gap_pct, 2) as earnings_gap_pct,
    summary
from rotation.today
