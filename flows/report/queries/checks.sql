with newest as (
    select success
    from ops.quality_result
    qualify run_id = max(run_id) over ()
)

select
    count(*) as checks,
    count(*) filter (where not success) as warnings
from newest
