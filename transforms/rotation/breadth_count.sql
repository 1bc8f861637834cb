with member as (
    select
        m.cohort,
        m.symbol,
        m.weight_pct,
        c.benchmark_symbol,
        f.valid_from,
        f.applies_from,
        coalesce(f.valid_to, 'infinity') as applies_to
    from core.cohort_member as m
    inner join core.cohort_file as f on m.cohort = f.cohort and m.valid_from = f.valid_from
    inner join reference.cohort as c on m.cohort = c.cohort
),

benchmark as (
    select
        symbol,
        session,
        return_1m_pct
    from rotation.trend
    where symbol in (select benchmark_symbol from reference.cohort)
),

covered as (
    select
        m.cohort,
        m.valid_from,
        m.weight_pct,
        t.session,
        t.return_pct,
        t.return_1m_pct,
        t.is_above_sma_20,
        t.is_above_sma_50,
        t.is_above_sma_200,
        t.is_high_252,
        t.is_low_252,
        b.return_1m_pct as benchmark_1m_pct
    from member as m
    inner join rotation.trend as t
        on m.symbol = t.symbol and t.session between m.applies_from and m.applies_to
    left join benchmark as b
        on m.benchmark_symbol = b.symbol and t.session = b.session
    where t.return_pct is not null
)

select
    cohort,
    valid_from,
    session,
    count(*) as covered_count,
    sum(weight_pct) as covered_weight_pct,
    count(*) filter (where return_pct > 0) as advancers,
    count(*) filter (where return_pct < 0) as decliners,
    count(*) filter (where return_pct = 0) as unchanged,
    100 * avg(is_above_sma_20::integer) as above_sma_20_pct,
    100 * avg(is_above_sma_50::integer) as above_sma_50_pct,
    100 * avg(is_above_sma_200::integer) as above_sma_200_pct,
    count(is_above_sma_20) as eligible_20_count,
    count(is_above_sma_50) as eligible_50_count,
    count(is_above_sma_200) as eligible_200_count,
    count(is_high_252) as eligible_252_count,
    sum(is_high_252::integer)::bigint as new_high_252,
    sum(is_low_252::integer)::bigint as new_low_252,
    100 * avg((return_1m_pct > benchmark_1m_pct)::integer) as outperforming_1m_pct,
    median(return_1m_pct) as median_return_1m_pct,
    avg(return_pct) as equal_weight_return_1d_pct
from covered
group by cohort, valid_from, session
