-- Which values of the past were told anew since yesterday, and why?
select
    dataset,
    column_name,
    cause,
    count(*) as values_moved,
    min(key) as first_key,
    arg_min(old_value, key) as old_value,
    arg_min(new_value, key) as new_value
from ops.restatement
where run_id = (select max(run_id) from ops.run where status = 'published')
group by dataset, column_name, cause
order by dataset, column_name
