select
    symbol,
    snapshot_date,
    horizon,
    fiscal_period_end,
    report_date,
    eps_avg,
    eps_low,
    eps_high,
    eps_year_ago,
    eps_7d_ago,
    eps_30d_ago,
    eps_60d_ago,
    eps_90d_ago,
    up_7d,
    up_30d,
    down_7d,
    down_30d,
    analysts,
    currency,
    source,
    known_at
from raw.estimate
qualify row_number() over (
    partition by symbol, horizon, snapshot_date
    order by known_at desc, run_id desc
) = 1
