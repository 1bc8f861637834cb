select session, score, regime, regime_since, summary, signal_count, coverage_pct
from rotation.scorecard
order by session desc
limit 1
