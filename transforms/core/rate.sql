select
    series_id,
    observation_date,
    value_pct,
    known_at,
    source
from raw.rate
qualify row_number() over (
    partition by series_id, observation_date
    order by known_at desc, run_id desc
) = 1
