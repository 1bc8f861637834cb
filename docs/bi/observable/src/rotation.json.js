// Asks the newest publication once, for everything that index.md draws.
import {join} from 'node:path';
import {DuckDBInstance} from '@duckdb/node-api';

const file = join(process.env.ROTATION_HOME ?? 'data', 'current', 'warehouse.duckdb');
const instance = await DuckDBInstance.create(file, {access_mode: 'READ_ONLY'});
const connection = await instance.connect();
const ask = async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson();

process.stdout.write(JSON.stringify({
  today: await ask(`
    select t.session, t.regime, t.summary, r.is_simulated
    from rotation.today as t
    cross join (from ops.run where status = 'published' order by run_id desc limit 1) as r`),
  score: await ask(`
    select session, score from rotation.scorecard where score is not null order by session`),
  ratio: await ask(`
    select session, ratio from rotation.relative_strength
    where pair = 'small_vs_large' and basis = 'price' order by session`),
  breadth: await ask(`
    select session, cohort, above_sma_50_pct from rotation.breadth
    where above_sma_50_pct is not null order by session`),
}));
