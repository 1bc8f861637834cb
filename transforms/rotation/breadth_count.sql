with member as (
    select
        m.cohort,
        m.symbol,
        m.weight_pct,
        f.valid_from,
        f.applies_from,
        coalesce(f.valid_to, 'infinity') as applies_to
    from core.cohort_member as m
    inner join core.cohort_file as f on m.cohort = f.cohort and m.valid_from = f.valid_from
),

benchmark as (
    select
        c.cohort,
        t.session,
        t.return_1m_pct
    from reference.cohort as c
    inner join rotation.trend as t on c.benchmark_symbol = t.symbol
),

-- Joined twice, because a row of every member is more than memory holds.
covered as not materialized (
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
        t.is_low_252
    from member as m
    inner join rotation.trend as t
        on m.symbol = t.symbol and t.session between m.applies_from and m.applies_to
    where t.return_pct is not null
),

-- What adds up over shares of the members, be they computed together or apart.
part as (
    select
        c.cohort,
        c.valid_from,
        c.session,
        count(*) as covered_count,
        sum(c.weight_pct) as covered_weight_pct,
        count(*) filter (where c.return_pct > 0) as advancers,
        count(*) filter (where c.return_pct < 0) as decliners,
        count(*) filter (where c.return_pct = 0) as unchanged,
        sum(c.is_above_sma_20::integer) as above_sma_20_count,
        sum(c.is_above_sma_50::integer) as above_sma_50_count,
        sum(c.is_above_sma_200::integer) as above_sma_200_count,
        count(c.is_above_sma_20) as eligible_20_count,
        count(c.is_above_sma_50) as eligible_50_count,
        count(c.is_above_sma_200) as eligible_200_count,
        sum(c.is_high_252::integer) as new_high_252,
        sum(c.is_low_252::integer) as new_low_252,
        count(c.is_high_252) as eligible_252_count,
        sum((c.return_1m_pct > b.return_1m_pct)::integer) as outperforming_1m_count,
        count(c.return_1m_pct > b.return_1m_pct) as compared_1m_count,
        sum(c.return_pct) as return_1d_sum_pct
    from covered as c
    left join benchmark as b
        on c.cohort = b.cohort and c.session = b.session
    group by c.cohort, c.valid_from, c.session
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
