with results as (
    select
        table_name,
        expectation,
        success
    from ops.quality_result
    qualify run_id = max(run_id) over ()
)

select
    c.table_name as dataset,
    c.newest,
    c.row_count,
    (select count(*) from core.session as s where s.session > c.newest) as sessions_behind,
    -- How old each may be is said once: by the expectations of the source tables.
    (
        select count(*) > 0
        from results as r
        where
            r.table_name = 'raw.' || c.table_name
            and r.expectation like '% are fresh'
            and not r.success
    ) as is_late,
    (select count(*) from results) as checks,
    (select count(*) from results as r where not r.success) as warnings
from ops.table_catalog as c
where c.schema_name = 'raw'
order by list_position(['quote', 'rate', 'holding', 'estimate', 'fundamental'], c.table_name)
