-- How much of the S&P 500 are the seven, now and at earlier quarters' ends?
select
    c.session,
    round(c.mag7_share_pct, 2) as mag7_share_pct,
    round(c.top10_share_pct, 2) as top10_share_pct,
    round(c.effective_n, 1) as effective_n
from rotation.concentration as c
inner join core.session as s using (session)
where c.cohort = 'LARGE' and s.is_month_end and month(c.session) % 3 = 0
order by c.session desc
limit 6
