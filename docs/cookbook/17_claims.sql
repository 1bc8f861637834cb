-- Which sayings of the press did the data confirm on their day, and do they still hold?
select
    verdict_on_date,
    verdict_latest,
    count(*) as claims,
    any_value(statement order by claim_id) as one_of_them
from rotation.claim_check
group by verdict_on_date, verdict_latest
order by claims desc, verdict_on_date asc, verdict_latest asc
