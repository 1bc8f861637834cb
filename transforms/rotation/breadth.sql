-- Exponential means with alpha 2/(n+1), seeded with the first value: weights older than 800
-- sessions are below 1e-17, and the seed takes what the window leaves.
with net as (
    select
        cohort,
        session,
        row_number() over past as sessions,
        first_value(1000 * (advancers - decliners) / (advancers + decliners)) over past as seed,
        list(1000 * (advancers - decliners) / (advancers + decliners)) over (
            past rows 799 preceding
        ) as window_800
    from rotation.breadth_count
    where advancers + decliners > 0
    window past as (partition by cohort order by session)
),

weight as (
    select
        list(0.10 * 0.90 ** sessions.age order by sessions.age desc) as fast,
        list(0.05 * 0.95 ** sessions.age order by sessions.age desc) as slow
    from range(800) as sessions (age)
),

oscillator as (
    select
        n.cohort,
        n.session,
        case
            when n.sessions >= 39
                then
                    list_inner_product(n.window_800, w.fast[-least(n.sessions, 800):])
                    + n.seed * 0.90 ** n.sessions
                    - list_inner_product(n.window_800, w.slow[-least(n.sessions, 800):])
                    - n.seed * 0.95 ** n.sessions
        end as mcclellan
    from net as n
    cross join weight as w
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
