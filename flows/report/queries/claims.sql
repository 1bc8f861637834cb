select
    (select max(session) from core.session) as session,
    c.claim_id,
    c.statement,
    c.source,
    c.stated_on,
    c.claimed_low,
    c.claimed_high,
    c.actual_on_date,
    c.verdict_on_date,
    c.actual_latest,
    c.verdict_latest,
    c.latest_session,
    c.note,
    m.unit,
    m.decimals
from rotation.claim_check as c
left join reference.claim_metric as m on c.metric = m.metric
order by
    list_position(
        ['contradicted', 'definition_dependent', 'confirmed', 'pending', 'not_measurable'],
        c.verdict_latest
    ) asc,
    c.stated_on desc,
    c.claim_id asc
