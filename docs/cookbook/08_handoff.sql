-- Are the earnings of small companies expected to grow faster than those of the seven?
-- Growth with and without loss makers, because a falling loss counts as growth.
select
    horizon,
    round(small_growth_pct, 1) as small_growth_pct,
    round(mag7_growth_pct, 1) as mag7_growth_pct,
    round(gap_pct, 1) as gap_pct,
    round(gap_ex_losses_pct, 1) as gap_ex_losses_pct,
    round(gap_median_pct, 1) as gap_median_pct,
    handoff_since,
    is_low_coverage
from rotation.earnings_handoff
qualify snapshot_date = max(snapshot_date) over ()
order by horizon
