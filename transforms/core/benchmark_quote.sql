with measured as (
    select symbol from reference.instrument where kind <> 'stock'
    union
    select symbol from reference.basket_member
    union
    select long_symbol from reference.pair
    union
    select short_symbol from reference.pair
    union
    select benchmark_symbol from reference.cohort
)

select
    q.symbol,
    q.session,
    q.close,
    q.return_pct
from core.quote as q
semi join measured as m on q.symbol = m.symbol
