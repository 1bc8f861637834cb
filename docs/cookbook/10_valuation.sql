-- What is paid for a dollar of earnings, and how large is the discount to the seven?
select
    cohort,
    round(market_cap_usd / 1e9, 0) as market_cap_bn_usd,
    round(ntm_pe, 1) as ntm_pe,
    round(ntm_pe_ex_losses, 1) as ntm_pe_ex_losses,
    round(discount_to_mag7_pct, 1) as discount_to_mag7_pct,
    round(loss_maker_share_pct, 1) as loss_maker_share_pct
from rotation.valuation
qualify snapshot_date = max(snapshot_date) over ()
order by cohort
