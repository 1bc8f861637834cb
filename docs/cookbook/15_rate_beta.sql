-- Do small companies gain on large ones when yields fall?
select
    session,
    factor,
    round(100 * beta_pct_per_bp, 2) as beta_pct_per_100_bp,
    round(t_stat, 2) as t_stat,
    round(r_squared, 3) as r_squared,
    observations
from rotation.latest_rate_beta
where pair = 'small_vs_large'
order by factor
