-- How does each pair do over one day, one month, three months and the year to date?
select
    pair,
    round(excess_1d_pct, 2) as excess_1d_pct,
    round(excess_1m_pct, 2) as excess_1m_pct,
    round(excess_3m_pct, 2) as excess_3m_pct,
    round(excess_ytd_pct, 2) as excess_ytd_pct,
    round(excess_3m_percentile, 0) as excess_3m_percentile
from rotation.latest_relative_strength
where basis = 'price' and pair not like 'xl%'
order by excess_3m_pct desc, pair asc
