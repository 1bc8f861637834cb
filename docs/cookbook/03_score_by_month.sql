-- How has the score moved over the last year?
select
    c.session,
    round(c.score, 2) as score,
    c.regime,
    c.regime_since
from rotation.scorecard as c
inner join core.session as s using (session)
where s.is_month_end
order by c.session desc
limit 12
