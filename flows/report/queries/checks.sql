select
    count(*) as checks,
    count(*) filter (where not success) as warnings
from ops.quality_result
where run_id = (select max(run_id) from ops.quality_result)
