-- How many companies take part?
select
    cohort,
    covered_count,
    round(advance_pct, 1) as advance_pct,
    round(above_sma_50_pct, 1) as above_sma_50_pct,
    round(above_sma_200_pct, 1) as above_sma_200_pct,
    round(net_new_high_pct, 1) as net_new_high_pct,
    round(median_return_1m_pct, 2) as median_return_1m_pct,
    is_low_coverage
from rotation.latest_breadth
order by cohort
