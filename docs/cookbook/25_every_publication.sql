-- What did each publication say on its own evening?
-- From the Parquet twins of every publication that is still there.
select
    session,
    round(score, 3) as score,
    regime,
    round(small_vs_large_1m_pct, 2) as small_vs_large_1m_pct,
    round(earnings_gap_pct, 2) as earnings_gap_pct
from read_parquet('data/published/*/export/rotation/today.parquet')
order by session
