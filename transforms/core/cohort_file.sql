select
    m.cohort,
    m.valid_from,
    m.valid_to,
    case
        when m.valid_from > min(m.valid_from) over (partition by m.cohort) then m.valid_from
        else (select min(c.day) from reference.calendar_day as c)
    end as applies_from,
    any_value(m.source) as source,
    count(*) as member_count,
    sum(m.weight_pct) as weight_pct
from core.cohort_member as m
group by m.cohort, m.valid_from, m.valid_to
