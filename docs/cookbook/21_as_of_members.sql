-- Who joined and left the Russell 2000 since the evening of 2025-06-30?
with past as (
    select symbol
    from core.cohort_member_as_of('2025-06-30 22:30')
    where cohort = 'SMALL' and valid_to is null
),

now as (
    select symbol
    from core.cohort_member
    where cohort = 'SMALL' and valid_to is null
)

select
    coalesce(now.symbol, past.symbol) as symbol,
    case when past.symbol is null then 'joined' else 'left' end as what
from now
full join past on now.symbol = past.symbol
where now.symbol is null or past.symbol is null
order by what, symbol
limit 8
