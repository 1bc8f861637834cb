with days as (
    select
        session,
        row_number() over (order by session desc) - 1 as sessions_back
    from core.session
    qualify sessions_back < 126
)

select
    k.session,
    k.pair,
    r.long_symbol || ' / ' || r.short_symbol as label,
    k.excess_1d_pct,
    k.streak_sessions,
    k.streak_excess_pct
from rotation.streak as k
inner join days as d on k.session = d.session
inner join rotation.relative_strength as r
    on k.session = r.session and k.pair = r.pair and k.basis = r.basis
-- The pairs of styles; those of sectors and single stocks stand in the table of all pairs.
where k.basis = 'price' and k.pair not like '%\_vs\_market' escape '\'
order by k.session, k.pair
