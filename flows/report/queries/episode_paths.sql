with ratios as (
    select
        session,
        ratio,
        row_number() over (order by session) as place
    from rotation.relative_strength
    where pair = 'small_vs_large' and basis = 'price'
),

known as (
    select
        trough_session,
        end_session,
        gain_pct,
        rank_by_gain,
        is_open
    from rotation.episode
    where pair = 'small_vs_large'
),

-- Between episodes, the present one is the rise from the lowest ratio since the last end.
sought as (
    select session as trough_session
    from ratios
    where session >= coalesce((select max(end_session) from known), date '1900-01-01')
    qualify row_number() over (order by ratio, session) = 1
),

episodes as (
    select
        trough_session,
        end_session,
        gain_pct,
        rank_by_gain,
        is_open as is_present
    from known
    union all
    select
        trough_session,
        null as end_session,
        null as gain_pct,
        null as rank_by_gain,
        true as is_present
    from sought
    where not exists (select 1 from known where is_open)
)

select
    max(r.session) over () as session,
    e.trough_session,
    r.place - t.place as sessions_from_trough,
    100 * (r.ratio / t.ratio - 1) as gain_from_trough_pct,
    e.gain_pct,
    e.rank_by_gain,
    e.is_present,
    e.is_present and e.rank_by_gain is null as is_unconfirmed
from episodes as e
inner join ratios as t on e.trough_session = t.session
inner join ratios as r
    on r.session between e.trough_session and coalesce(e.end_session, date '9999-12-31')
where r.place - t.place <= 252
order by e.trough_session, r.place
