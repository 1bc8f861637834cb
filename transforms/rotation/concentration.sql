with seven as (
    select distinct symbol from core.cohort_issuer where cohort = 'MAG7'
),

issuer as (
    select
        i.*,
        s.symbol is not null as is_mag7
    from core.cohort_issuer as i
    left join seven as s on i.symbol = s.symbol
    where i.cohort = 'LARGE'
),

file as (
    select
        cohort,
        valid_from,
        count(*) as member_count,
        count(*) filter (where is_mag7) as mag7_count,
        sum(weight_pct) as weight_pct,
        sum(weight_pct) filter (where is_mag7) as mag7_weight_pct
    from issuer
    group by cohort, valid_from
),

-- The close that the session's night knew: a later split rewrites core.quote, not shares of then.
quoted as (
    select
        q.symbol,
        q.session,
        c.night_ends,
        max_by(q.close, (q.known_at, q.run_id)) as close
    from raw.quote as q
    semi join issuer as i on q.symbol = i.symbol
    inner join reference.calendar_day as c on q.session = c.day and q.known_at <= c.night_ends
    where c.night_ends >= (select min(f.known_at) from core.known_fundamental as f)
    group by q.symbol, q.session, c.night_ends
),

valued as (
    select
        i.cohort,
        i.valid_from,
        i.weight_pct,
        i.is_mag7,
        q.session,
        q.close * f.shares_outstanding as value_usd
    from quoted as q
    asof inner join core.known_fundamental as f
        on q.symbol = f.symbol and q.night_ends >= f.known_at
    inner join issuer as i
        on
            q.symbol = i.symbol
            and q.session between i.applies_from and coalesce(i.valid_to, 'infinity')
    where f.shares_outstanding is not null
),

shared as (
    select
        *,
        100 * value_usd / sum(value_usd) over (partition by cohort, session) as share_pct
    from valued
),

summed as (
    select
        session,
        cohort,
        valid_from,
        count(*) as covered_count,
        sum(weight_pct) as covered_weight_pct,
        sum(value_usd) as market_cap_usd,
        count(*) filter (where is_mag7) as mag7_covered_count,
        sum(share_pct) filter (where is_mag7) as mag7_share_pct,
        list_sum(max(share_pct, 10)) as top10_share_pct,
        sum(share_pct * share_pct) as hhi
    from shared
    group by session, cohort, valid_from
)

select
    s.session,
    s.cohort,
    f.member_count,
    s.covered_count,
    100 * s.covered_count / f.member_count as coverage_pct,
    100 * s.covered_weight_pct / f.weight_pct as coverage_weight_pct,
    100 * s.covered_count < 75 * f.member_count as is_low_coverage,
    s.market_cap_usd,
    -- Without all of the seven the share would be another number.
    case when s.mag7_covered_count = f.mag7_count then s.mag7_share_pct end as mag7_share_pct,
    s.top10_share_pct,
    s.hhi,
    10000 / s.hhi as effective_n,
    f.mag7_weight_pct as fund_weight_mag7_pct,
    s.session < s.valid_from as is_membership_backfilled
from summed as s
inner join file as f on s.cohort = f.cohort and s.valid_from = f.valid_from
