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
        t.return_1m_pct > b.return_1m_pct as is_outperforming_1m
    from member as m
    inner join rotation.trend as t
        on m.symbol = t.symbol and t.session between m.applies_from and m.applies_to
    left join benchmark as b
        on m.benchmark_symbol = b.symbol and t.session = b.session
    where t.return_pct is not null
),

-- What adds up over shares of the members, be they computed together or apart.
part as (
    select
        cohort,
        valid_from,
        session,
        count(*) as covered_count,
        sum(weight_pct) as covered_weight_pct,
        count(*) filter (where return_pct > 0) as advancers,
        count(*) filter (where return_pct < 0) as decliners,
        count(*) filter (where return_pct = 0) as unchanged,
        sum(is_above_sma_20::integer) as above_sma_20_count,
        sum(is_above_sma_50::integer) as above_sma_50_count,
        sum(is_above_sma_200::integer) as above_sma_200_count,
        count(is_above_sma_20) as eligible_20_count,
        count(is_above_sma_50) as eligible_50_count,
        count(is_above_sma_200) as eligible_200_count,
        sum(is_high_252::integer) as new_high_252,
        sum(is_low_252::integer) as new_low_252,
        count(is_high_252) as eligible_252_count,
        sum(is_outperforming_1m::integer) as outperforming_1m_count,
        count(is_outperforming_1m) as compared_1m_count,
        sum(return_pct) as return_1d_sum_pct
    from covered
    group by cohort, valid_from, session
),

middle as (
    select
        cohort,
        valid_from,
        session,
        median(return_1m_pct) as median_return_1m_pct
    from covered
    group by cohort, valid_from, session
)

select
    p.cohort,
    p.valid_from,
    p.session,
    sum(p.covered_count)::bigint as covered_count,
    sum(p.covered_weight_pct) as covered_weight_pct,
    sum(p.advancers)::bigint as advancers,
    sum(p.decliners)::bigint as decliners,
    sum(p.unchanged)::bigint as unchanged,
    100 * sum(p.above_sma_20_count) / nullif(sum(p.eligible_20_count), 0) as above_sma_20_pct,
    100 * sum(p.above_sma_50_count) / nullif(sum(p.eligible_50_count), 0) as above_sma_50_pct,
    100 * sum(p.above_sma_200_count) / nullif(sum(p.eligible_200_count), 0) as above_sma_200_pct,
    sum(p.eligible_20_count)::bigint as eligible_20_count,
    sum(p.eligible_50_count)::bigint as eligible_50_count,
    sum(p.eligible_200_count)::bigint as eligible_200_count,
    sum(p.eligible_252_count)::bigint as eligible_252_count,
    sum(p.new_high_252)::bigint as new_high_252,
    sum(p.new_low_252)::bigint as new_low_252,
    100 * sum(p.outperforming_1m_count) / nullif(sum(p.compared_1m_count), 0)
        as outperforming_1m_pct,
    any_value(m.median_return_1m_pct) as median_return_1m_pct,
    sum(p.return_1d_sum_pct) / sum(p.covered_count) as equal_weight_return_1d_pct
from part as p
inner join middle as m
    on p.cohort = m.cohort and p.valid_from = m.valid_from and p.session = m.session
group by p.cohort, p.valid_from, p.session
