select
    symbol,
    snapshot_date,
    name,
    sector,
    industry,
    market_cap_usd,
    shares_outstanding,
    fiscal_year_end,
    revenue_usd,
    net_income_usd,
    operating_income_usd,
    ebitda_usd,
    total_debt_usd,
    cash_and_short_term_investments_usd,
    interest_expense_usd,
    net_debt_to_ebitda,
    trailing_pe,
    forward_pe,
    source,
    known_at
from raw.fundamental
qualify row_number() over (
    partition by symbol, snapshot_date
    order by known_at desc, run_id desc
) = 1
