select
    r.session,
    r.pair,
    r.long_symbol,
    r.short_symbol,
    p.description,
    r.excess_1d_pct,
    r.excess_5d_pct,
    r.excess_1m_pct,
    r.excess_3m_pct,
    r.excess_6m_pct,
    r.excess_12m_pct,
    r.excess_ytd_pct,
    r.excess_3m_percentile,
    r.ratio_zscore_252,
    k.streak_sessions,
    k.longest_since,
    k.is_record,
    r.history_start,
    r.session < max(r.session) over () as is_behind
from rotation.relative_strength as r
inner join rotation.streak as k on r.session = k.session and r.pair = k.pair and r.basis = k.basis
inner join reference.pair as p on r.pair = p.pair
where r.basis = 'price'
qualify row_number() over (partition by r.pair order by r.session desc) = 1
order by r.excess_3m_pct desc nulls last, r.pair asc
