-- A snapshot of a day without trading takes the members of the session before.
with snapshot as (
    select distinct
        e.snapshot_date,
        case when d.is_session then d.day else d.previous_session end as session
    from core.estimate as e
    inner join reference.calendar_day as d on e.snapshot_date = d.day
)

select
    s.snapshot_date,
    i.cohort,
    i.symbol,
    s.session,
    i.weight_pct,
    s.session < i.valid_from as is_membership_backfilled
from snapshot as s
inner join core.cohort_issuer as i
    on s.session between i.applies_from and coalesce(i.valid_to, 'infinity')
