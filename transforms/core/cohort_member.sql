with word as (
    select
        h.fund,
        h.holdings_date,
        h.ticker,
        h.weight_pct,
        h.known_at
    from raw.holding as h
    where
        coalesce(h.asset_class, 'Equity') = 'Equity'
        and coalesce(h.exchange, '') not like 'NO MARKET%'
    qualify row_number() over (
        partition by h.fund, h.holdings_date, h.ticker
        order by h.known_at desc, h.run_id desc
    ) = 1
),

exchange_session as (
    select
        day as session,
        night_ends
    from reference.calendar_day
    where is_session
),

known as (
    select
        fund,
        holdings_date,
        min(known_at) as known_at
    from raw.holding
    group by fund, holdings_date
),

-- A file counts from the first session whose night knew it.
file as (
    select
        k.fund,
        c.cohort,
        k.holdings_date,
        k.known_at,
        s.session as valid_from
    from known as k
    inner join reference.cohort_fund as c on k.fund = c.fund
    asof inner join exchange_session as s on k.known_at <= s.night_ends
    qualify row_number() over (
        partition by c.cohort, s.session
        order by k.holdings_date desc, k.fund asc
    ) = 1
),

followed as (
    select
        *,
        lead(valid_from) over (partition by cohort order by valid_from) as next_from
    from file
),

span as (
    select
        f.*,
        n.previous_session as valid_to
    from followed as f
    left join reference.calendar_day as n on f.next_from = n.day
),

listed as (
    select
        f.cohort,
        coalesce(t.symbol, w.ticker) as symbol,
        sum(w.weight_pct) as weight_pct,
        f.valid_from,
        f.valid_to,
        f.fund as source,
        f.known_at
    from span as f
    inner join word as w on f.fund = w.fund and f.holdings_date = w.holdings_date
    left join reference.ticker_spelling as t on w.ticker = t.ticker
    group by all
),

seven as (
    select
        'MAG7' as cohort,
        m.symbol,
        null::double as weight_pct,
        min(s.session) as valid_from,
        null::date as valid_to,
        'reference' as source,
        min(s.session)::timestamp as known_at
    from reference.basket_member as m
    cross join exchange_session as s
    where m.basket = 'MAG7'
    group by m.symbol
),

-- Every share class of the seven, not only the one that the basket holds.
seven_line as (
    select symbol from seven
    union
    select other.symbol
    from seven
    inner join reference.share_class as one on seven.symbol = one.symbol
    inner join reference.share_class as other on one.issuer = other.issuer
),

member as (
    from listed
    union all
    from seven
    union all
    select
        'LARGE_EX_MAG7' as cohort,
        * exclude (cohort)
    from listed
    where cohort = 'LARGE' and symbol not in (select symbol from seven_line)
)

select
    cohort,
    symbol,
    weight_pct,
    valid_from,
    valid_to,
    source,
    known_at
from member
