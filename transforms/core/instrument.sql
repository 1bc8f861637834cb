with quoted as (
    select
        symbol,
        max(session) as newest_session
    from raw.quote
    group by symbol
),

held as (
    select
        coalesce(t.symbol, h.ticker) as symbol,
        max_by(h.name, h.holdings_date) as name,
        max_by(h.sector, h.holdings_date) as sector,
        max_by(h.industry, h.holdings_date) as industry,
        max_by(h.currency, h.holdings_date) as currency
    from raw.holding as h
    left join reference.ticker_spelling as t on h.ticker = t.ticker
    where coalesce(h.asset_class, 'Equity') = 'Equity'
    group by all
),

described as (
    select
        symbol,
        max_by(name, snapshot_date) as name,
        max_by(sector, snapshot_date) as sector,
        max_by(industry, snapshot_date) as industry
    from raw.fundamental
    group by symbol
),

known as (
    select symbol from quoted
    union
    select symbol from held
    union
    select symbol from described
    union
    select symbol from reference.instrument
)

select
    k.symbol,
    coalesce(r.name, d.name, h.name) as name,
    coalesce(r.kind, 'stock') as kind,
    coalesce(
        r.sector,
        d.sector,
        -- iShares shortens the name of this one sector.
        case h.sector when 'Communication' then 'Communication Services' else h.sector end
    ) as sector,
    coalesce(r.industry, d.industry, h.industry) as industry,
    coalesce(r.currency, h.currency, 'USD') as currency,
    coalesce(c.issuer, k.symbol) as issuer,
    coalesce(c.is_primary, true) as is_primary_class,
    q.newest_session,
    q.newest_session < max(q.newest_session) over () as is_stopped
from known as k
left join quoted as q on k.symbol = q.symbol
left join reference.instrument as r on k.symbol = r.symbol
left join described as d on k.symbol = d.symbol
left join held as h on k.symbol = h.symbol
left join reference.share_class as c on k.symbol = c.symbol
