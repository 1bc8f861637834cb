select
    c.table_name as dataset,
    c.newest,
    c.row_count,
    count(s.session) as sessions_behind
from ops.table_catalog as c
left join core.session as s on c.newest < s.session
where c.schema_name = 'raw'
group by c.table_name, c.newest, c.row_count
order by list_position(['quote', 'rate', 'holding', 'estimate', 'fundamental'], c.table_name)
