-- What changed since yesterday?
-- The newest session beside the one before it.
with pair as (
    select
        session,
        excess_1m_pct,
        excess_ytd_pct
    from rotation.relative_strength
    where pair = 'small_vs_large' and basis = 'price'
)

select
    c.session,
    round(c.score, 3) as score,
    round(c.score - lag(c.score) over (order by c.session), 3) as score_change,
    c.regime,
    round(p.excess_1m_pct, 2) as excess_1m_pct,
    round(p.excess_ytd_pct, 2) as excess_ytd_pct,
    r.stance,
    round(r.slope_10y2y_bp, 0) as slope_10y2y_bp
from rotation.scorecard as c
inner join pair as p using (session)
inner join rotation.rate_regime as r using (session)
order by c.session desc
limit 2
