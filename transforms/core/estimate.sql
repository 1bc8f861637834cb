select
    coalesce(t.symbol, e.symbol) as symbol,
    e.snapshot_date,
    e.horizon,
    e.fiscal_period_end,
    e.report_date,
    e.eps_avg,
    e.eps_low,
    e.eps_high,
    e.eps_year_ago,
    e.eps_7d_ago,
    e.eps_30d_ago,
    e.eps_60d_ago,
    e.eps_90d_ago,
    e.up_7d,
    e.up_30d,
    e.down_7d,
    e.down_30d,
    e.analysts,
    e.currency,
    e.source,
    e.known_at
from raw.estimate as e
left join reference.ticker_spelling as t on e.symbol = t.ticker
-- Of two spellings in one answer Yahoo's own counts.
qualify row_number() over (
    partition by coalesce(t.symbol, e.symbol), e.horizon, e.snapshot_date
    order by e.known_at desc, e.run_id desc, t.ticker asc nulls first
) = 1
