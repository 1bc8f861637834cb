-- Did yesterday's publication show the same numbers for the sessions that both have?
-- In any DuckDB client, with a `run_id` of `ops.published` for OLDER; the newest ten publications
-- stay. `largest_move` is empty where nothing moved.
attach 'data/published/OLDER/warehouse.duckdb' as older (read_only);

select
    count(*) as rows_in_both,
    count(*) filter (where o.score is distinct from n.score) as scores_moved,
    max(abs(o.score - n.score)) filter (where o.score <> n.score) as largest_move
from older.rotation.scorecard as o
inner join rotation.scorecard as n using (session)
