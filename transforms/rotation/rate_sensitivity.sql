-- A snapshot of a day without trading takes the members of the session before.
with snapshot as (
    select distinct
        f.snapshot_date,
        if(d.is_session, d.day, d.previous_session) as session,
        n.night_ends + to_days((f.snapshot_date - n.day)::integer) as known_by
    from raw.fundamental as f
    inner join reference.calendar_day as d on f.snapshot_date = d.day
    inner join reference.calendar_day as n on if(d.is_session, d.day, d.previous_session) = n.day
),

-- The company facts of each moment; a later word on an older snapshot is not the newest.
word as (
    select *
    from raw.fundamental
    qualify row_number() over (
        partition by symbol, known_at
        order by snapshot_date desc, run_id desc
    ) = 1
),

news as (
    select *
    from word
    qualify snapshot_date >= max(snapshot_date) over (partition by symbol order by known_at)
),

member as (
    select
        s.snapshot_date,
        s.known_by,
        m.cohort,
        m.symbol,
        m.weight_pct,
        i.sector,
        s.session < m.valid_from as is_membership_backfilled
    from snapshot as s
    inner join core.cohort_issuer as m
        on s.session between m.applies_from and coalesce(m.valid_to, 'infinity'::date)
    left join core.instrument as i on m.symbol = i.symbol
    -- Yahoo's name of the sector is the longer one.
    where coalesce(i.sector, '') not in ('Financials', 'Financial Services')
),

described as (
    select
        m.*,
        n.total_debt_usd,
        n.cash_and_short_term_investments_usd as cash_usd,
        n.revenue_usd,
        n.net_income_usd,
        n.snapshot_date as fact_date,
        m.sector is not null
        and n.total_debt_usd is not null
        and n.cash_and_short_term_investments_usd is not null
        and n.revenue_usd is not null
        and n.net_income_usd is not null as is_covered
    from member as m
    asof left join news as n on m.symbol = n.symbol and m.known_by >= n.known_at
),

total as (
    select
        snapshot_date,
        cohort,
        bool_or(is_membership_backfilled) as is_membership_backfilled,
        count(*) as member_count,
        count(*) filter (where is_covered) as covered_count,
        sum(weight_pct) as weight_pct,
        sum(weight_pct) filter (where is_covered) as covered_weight_pct,
        sum(total_debt_usd) filter (where is_covered) as total_debt_usd,
        sum(cash_usd) filter (where is_covered) as cash_usd,
        sum(revenue_usd) filter (where is_covered) as revenue_usd,
        sum(net_income_usd) filter (where is_covered) as net_income_usd,
        min(fact_date) filter (where is_covered) as oldest_fact_date
    from described
    group by snapshot_date, cohort
),

shocked as (
    select
        t.*,
        s.shock_bp,
        f.floating_share_pct,
        f.source_url,
        t.total_debt_usd * f.floating_share_pct / 100 as floating_debt_usd,
        floating_debt_usd * s.shock_bp / 10000 as gross_interest_change_usd,
        (floating_debt_usd - t.cash_usd) * s.shock_bp / 10000 as interest_change_usd
    from total as t
    cross join (values (-100), (-50), (-25), (25)) as s (shock_bp)
    left join reference.floating_rate_share as f
        on t.cohort = f.cohort and f.is_used and t.covered_count > 0
),

taxed as (
    select
        s.*,
        s.interest_change_usd * (1 - x.rate_pct / 100) as income_lost_usd
    from shocked as s
    asof left join reference.tax_rate as x
        on x.jurisdiction = 'US federal' and s.snapshot_date >= x.valid_from
)

select
    snapshot_date,
    cohort,
    shock_bp,
    member_count,
    covered_count,
    100 * covered_count / member_count as coverage_pct,
    100 * coalesce(covered_weight_pct, 0) / nullif(weight_pct, 0) as coverage_weight_pct,
    100 * covered_count < 75 * member_count as is_low_coverage,
    is_membership_backfilled,
    oldest_fact_date,
    total_debt_usd,
    floating_share_pct,
    source_url as floating_share_source_url,
    floating_debt_usd,
    cash_usd as floating_cash_usd,
    gross_interest_change_usd,
    interest_change_usd,
    revenue_usd,
    net_income_usd,
    -10000 * income_lost_usd / nullif(revenue_usd, 0) as net_margin_change_bp,
    case when net_income_usd > 0 then -100 * income_lost_usd / net_income_usd end
        as net_income_change_pct
from taxed
