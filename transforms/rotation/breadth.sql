-- Exponential means with alpha 2/(n+1), seeded with the first value. They are summed up in blocks,
-- as weights that grow from session to session would end in infinity: of what came before the block
-- before, less than 1e-17 is left.
with net as (
    select
        cohort,
        session,
        1000 * (advancers - decliners) / (advancers + decliners) as net,
        first_value(net) over past as seed,
        row_number() over past as sessions,
        (sessions - 1) // 800 as block,
        (sessions - 1) % 800 as place
    from rotation.breadth_count
    where advancers + decliners > 0
    window past as (partition by cohort order by session)
),

summed as (
    select
        *,
        sum(0.10 * net / 0.90 ** place) over so_far as fast,
        sum(0.05 * net / 0.95 ** place) over so_far as slow
    from net
    window so_far as (partition by cohort, block order by session rows unbounded preceding)
),

oscillator as (
    select
        cohort,
        session,
        case
            when sessions >= 39
                then
                    0.90 ** place * (fast + 0.90 ** 800 * lag(fast, place + 1, 0) over past)
                    + seed * 0.90 ** sessions
                    - 0.95 ** place * (slow + 0.95 ** 800 * lag(slow, place + 1, 0) over past)
                    - seed * 0.95 ** sessions
        end as mcclellan
    from summed
    window past as (partition by cohort order by session)
)

select
    c.session,
    c.cohort,
    f.member_count,
    c.covered_count,
    100 * c.covered_count / f.member_count as coverage_pct,
    100 * c.covered_weight_pct / f.weight_pct as coverage_weight_pct,
    100 * c.covered_count < 75 * f.member_count as is_low_coverage,
    c.advancers,
    c.decliners,
    c.unchanged,
    100 * c.advancers / c.covered_count as advance_pct,
    c.above_sma_20_pct,
    c.above_sma_50_pct,
    c.above_sma_200_pct,
    c.eligible_20_count,
    c.eligible_50_count,
    c.eligible_200_count,
    c.new_high_252,
    c.new_low_252,
    c.eligible_252_count,
    100 * (c.new_high_252 - c.new_low_252) / nullif(c.eligible_252_count, 0) as net_new_high_pct,
    c.outperforming_1m_pct,
    (sum(c.advancers - c.decliners) over past)::bigint as ad_line,
    o.mcclellan,
    sum(o.mcclellan) over past as mcclellan_summation,
    c.median_return_1m_pct,
    c.equal_weight_return_1d_pct,
    c.session < min(f.valid_from) over (partition by c.cohort) as is_membership_backfilled,
    min(c.session) over (partition by c.cohort) as history_start
from rotation.breadth_count as c
inner join core.cohort_file as f on c.cohort = f.cohort and c.valid_from = f.valid_from
left join oscillator as o on c.cohort = o.cohort and c.session = o.session
window past as (partition by c.cohort order by c.session rows unbounded preceding)
