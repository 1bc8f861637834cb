with line as (
    select
        m.cohort,
        m.valid_from,
        m.weight_pct,
        coalesce(p.symbol, m.symbol) as symbol
    from core.cohort_member as m
    left join reference.share_class as c on m.symbol = c.symbol
    left join reference.share_class as p on c.issuer = p.issuer and p.is_primary
)

select
    l.cohort,
    l.symbol,
    f.valid_from,
    f.valid_to,
    f.applies_from,
    sum(l.weight_pct) as weight_pct
from line as l
inner join core.cohort_file as f on l.cohort = f.cohort and l.valid_from = f.valid_from
group by l.cohort, l.symbol, f.valid_from, f.valid_to, f.applies_from
