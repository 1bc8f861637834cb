-- Breadth and concentration, with how many members stand behind each value.
with broad as (
    select
        b.*,
        least(b.coverage_pct, 100 * b.eligible_20_count / b.member_count) as coverage_20_pct,
        least(b.coverage_pct, 100 * b.eligible_50_count / b.member_count) as coverage_50_pct,
        least(b.coverage_pct, 100 * b.eligible_200_count / b.member_count) as coverage_200_pct,
        least(b.coverage_pct, 100 * b.eligible_252_count / b.member_count) as coverage_252_pct,
        b.above_sma_50_pct - lag(b.above_sma_50_pct, 21) over past as above_sma_50_change_1m_pct,
        b.median_return_1m_pct - m.median_return_1m_pct as median_return_1m_less_mag7_pct,
        100 * m.eligible_50_count / m.member_count as mag7_coverage_50_pct
    from rotation.breadth as b
    left join rotation.breadth as m on b.session = m.session and m.cohort = 'MAG7'
    window past as (partition by b.cohort order by b.session)
),

measured as (
    select
        'breadth.' || name as metric,
        cohort as symbol_or_pair,
        session as observed_on,
        value,
        case name
            when 'advance_pct' then coverage_pct
            when 'above_sma_20_pct' then coverage_20_pct
            when 'above_sma_200_pct' then coverage_200_pct
            when 'net_new_high_pct' then coverage_252_pct
            when 'above_sma_50_change_1m_pct'
                then least(
                    coverage_50_pct,
                    lag(coverage_50_pct, 21) over (partition by cohort, name order by session)
                )
            when 'median_return_1m_less_mag7_pct' then least(coverage_50_pct, mag7_coverage_50_pct)
            -- Members with 50 quotes have a 21-session return; breadth does not count those.
            else coverage_50_pct
        end as coverage_pct,
        is_membership_backfilled
    from broad
    unpivot include nulls (
        value for name in (
            advance_pct, above_sma_20_pct, above_sma_50_pct, above_sma_200_pct, net_new_high_pct,
            outperforming_1m_pct, median_return_1m_pct, above_sma_50_change_1m_pct,
            median_return_1m_less_mag7_pct
        )
    )
    union all
    select
        'concentration.' || name as metric,
        cohort as symbol_or_pair,
        session as observed_on,
        value,
        coverage_pct,
        is_membership_backfilled
    from rotation.concentration
    unpivot include nulls (value for name in (mag7_share_pct, top10_share_pct))
)

select
    m.metric,
    m.symbol_or_pair,
    m.observed_on,
    m.value,
    m.coverage_pct,
    m.is_membership_backfilled
from measured as m
semi join rotation.claim_definition as d
    on m.metric = d.metric and m.symbol_or_pair = d.symbol_or_pair
