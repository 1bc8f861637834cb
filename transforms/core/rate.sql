select
    series_id,
    observation_date,
    arg_max_null(value_pct, (known_at, run_id)) as value_pct,
    max(known_at) as known_at,
    arg_max_null(source, (known_at, run_id)) as source
from raw.rate
group by series_id, observation_date
