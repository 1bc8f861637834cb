with expected as (
    select
        snapshot_date,
        symbol,
        max(earnings_usd) filter (where horizon = 'NTM') as ntm_usd,
        max(earnings_usd) filter (where horizon = '0y') as current_usd,
        max(earnings_usd) filter (where horizon = '+1y') as next_usd
    from rotation.member_earnings
    group by snapshot_date, symbol
),

-- Value over earnings of the same issuers: whoever lacks one is not in the other.
member as (
    select
        m.snapshot_date,
        m.cohort,
        m.weight_pct,
        m.is_membership_backfilled,
        v.market_value_usd as value_usd,
        v.is_market_value_stated,
        case when v.market_value_usd is not null then e.ntm_usd end as ntm_usd,
        case when v.market_value_usd is not null then e.current_usd end as current_usd,
        case when v.market_value_usd is not null then e.next_usd end as next_usd,
        case when v.market_value_usd is not null then v.net_income_usd end as gaap_usd,
        case when v.revenue_usd is not null then v.net_income_usd end as margin_income_usd,
        case when v.net_income_usd is not null then v.revenue_usd end as margin_revenue_usd
    from rotation.snapshot_member as m
    semi join rotation.member_earnings as day on m.snapshot_date = day.snapshot_date
    left join rotation.member_value as v
        on m.snapshot_date = v.snapshot_date and m.symbol = v.symbol
    left join expected as e
        on m.snapshot_date = e.snapshot_date and m.symbol = e.symbol
),

summed as (
    select
        snapshot_date,
        cohort,
        bool_or(is_membership_backfilled) as is_membership_backfilled,
        count(*) as member_count,
        count(ntm_usd) as covered_count,
        count(value_usd) as valued_count,
        count(*) filter (where is_market_value_stated) as stated_value_count,
        sum(weight_pct) as weight_pct,
        sum(weight_pct) filter (where ntm_usd is not null) as covered_weight_pct,
        sum(value_usd) filter (where ntm_usd is not null) as market_cap_usd,
        sum(ntm_usd) as ntm_earnings_usd,
        sum(value_usd) filter (where ntm_usd > 0) as ntm_positive_value_usd,
        sum(ntm_usd) filter (where ntm_usd > 0) as ntm_positive_usd,
        count(*) filter (where ntm_usd < 0) as loss_maker_count,
        count(current_usd) as current_year_count,
        sum(value_usd) filter (where current_usd is not null) as current_value_usd,
        sum(current_usd) as current_usd,
        sum(value_usd) filter (where current_usd > 0) as current_positive_value_usd,
        sum(current_usd) filter (where current_usd > 0) as current_positive_usd,
        count(next_usd) as next_year_count,
        sum(value_usd) filter (where next_usd is not null) as next_value_usd,
        sum(next_usd) as next_usd,
        sum(value_usd) filter (where next_usd > 0) as next_positive_value_usd,
        sum(next_usd) filter (where next_usd > 0) as next_positive_usd,
        count(gaap_usd) as gaap_count,
        sum(value_usd) filter (where gaap_usd is not null) as gaap_value_usd,
        sum(gaap_usd) as gaap_usd,
        sum(margin_income_usd) as margin_income_usd,
        sum(margin_revenue_usd) as margin_revenue_usd
    from member
    group by snapshot_date, cohort
),

-- A sum of earnings that is not positive gives no multiple.
priced as (
    select
        *,
        case when ntm_earnings_usd > 0 then market_cap_usd / ntm_earnings_usd end as ntm_pe,
        case when current_usd > 0 then current_value_usd / current_usd end as current_year_pe,
        case when next_usd > 0 then next_value_usd / next_usd end as next_year_pe,
        case when gaap_usd > 0 then gaap_value_usd / gaap_usd end as trailing_gaap_pe,
        ntm_positive_value_usd / ntm_positive_usd as ntm_pe_ex_losses,
        current_positive_value_usd / current_positive_usd as current_year_pe_ex_losses,
        next_positive_value_usd / next_positive_usd as next_year_pe_ex_losses
    from summed
)

select
    p.snapshot_date,
    p.cohort,
    p.member_count,
    p.covered_count,
    100 * p.covered_count / p.member_count as coverage_pct,
    100 * coalesce(p.covered_weight_pct, 0) / p.weight_pct as coverage_weight_pct,
    100 * p.covered_count < 75 * p.member_count as is_low_coverage,
    p.market_cap_usd,
    p.ntm_earnings_usd,
    p.ntm_pe,
    p.ntm_pe_ex_losses,
    p.current_year_count,
    p.current_year_pe,
    p.current_year_pe_ex_losses,
    p.next_year_count,
    p.next_year_pe,
    p.next_year_pe_ex_losses,
    p.gaap_count,
    p.trailing_gaap_pe,
    100 * (p.ntm_pe / seven.ntm_pe - 1) as discount_to_mag7_pct,
    100 * (p.ntm_pe_ex_losses / seven.ntm_pe_ex_losses - 1) as discount_to_mag7_ex_losses_pct,
    100 * p.margin_income_usd / nullif(p.margin_revenue_usd, 0) as net_margin_pct,
    100 * p.loss_maker_count / nullif(p.covered_count, 0) as loss_maker_share_pct,
    p.is_membership_backfilled,
    p.valued_count,
    p.stated_value_count
from priced as p
left join priced as seven
    on p.snapshot_date = seven.snapshot_date and seven.cohort = 'MAG7'
