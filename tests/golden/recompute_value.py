"""What cohorts cost and how concentrated they are, once more in pandas.

Written from the contract's text; nothing here is shared with `transforms`.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from recompute_company import World, coverage, facts_on, issuers_on, session_of, values_on
from recompute_earnings import annual_days, member_earnings, share

LARGEST = 10
SEVEN = "MAG7"
FACTS = ("market_value_usd", "is_market_value_stated", "net_income_usd", "revenue_usd")


# rotation.valuation -------------------------------------------------------------------------


def valuation(world: World) -> pd.DataFrame:
    """`rotation.valuation`."""
    rows = []
    for day in annual_days(world):
        values = values_on(world, day)
        earnings = {name: table["earnings"] for name, table in member_earnings(world, day).items()}
        table = values[list(FACTS)].join(
            pd.DataFrame({name: earnings[name] for name in ("NTM", "0y", "+1y")}), how="outer"
        )
        issuers = issuers_on(world, session_of(day))
        for cohort, own in issuers.groupby("cohort"):
            row = {"snapshot_date": day, "cohort": cohort}
            rows.append(row | cohort_value(own.join(table, on="symbol")))
    result = pd.DataFrame(rows)
    seven = result[result["cohort"] == SEVEN].set_index("snapshot_date")
    for name in ("", "_ex_losses"):
        theirs = result["snapshot_date"].map(seven[f"ntm_pe{name}"])
        result[f"discount_to_mag7{name}_pct"] = 100 * (result[f"ntm_pe{name}"] / theirs - 1)
    return result


def cohort_value(issuers: pd.DataFrame) -> dict[str, object]:
    """One row of the table from the issuers of one cohort."""
    covered, ntm_pe, ntm_pe_ex_losses = multiple(issuers, "NTM")
    this_year, current_year_pe, current_year_pe_ex_losses = multiple(issuers, "0y")
    next_year, next_year_pe, next_year_pe_ex_losses = multiple(issuers, "+1y")
    reported, trailing_pe, _ = multiple(issuers, "net_income_usd")
    both = issuers.dropna(subset=["net_income_usd", "revenue_usd"])
    count = len(covered)
    return coverage(issuers, issuers.index.to_series().isin(covered.index)) | {
        "market_cap_usd": covered["market_value_usd"].sum(min_count=1),
        "ntm_earnings_usd": covered["NTM"].sum(min_count=1),
        "ntm_pe": ntm_pe,
        "ntm_pe_ex_losses": ntm_pe_ex_losses,
        "current_year_count": len(this_year),
        "current_year_pe": current_year_pe,
        "current_year_pe_ex_losses": current_year_pe_ex_losses,
        "next_year_count": len(next_year),
        "next_year_pe": next_year_pe,
        "next_year_pe_ex_losses": next_year_pe_ex_losses,
        "gaap_count": len(reported),
        "trailing_gaap_pe": trailing_pe,
        "net_margin_pct": 100 * share(both["net_income_usd"].sum(), both["revenue_usd"].sum()),
        "loss_maker_share_pct": 100 * (covered["NTM"] < 0).sum() / count if count else np.nan,
        "valued_count": issuers["market_value_usd"].count(),
        "stated_value_count": issuers["is_market_value_stated"].eq(True).sum(),
    }


def multiple(issuers: pd.DataFrame, column: str) -> tuple[pd.DataFrame, float, float]:
    """The issuers whose value and earnings are known, their multiple, and that of profits."""
    known = issuers.dropna(subset=["market_value_usd", column])
    profits = known[known[column] > 0]
    all_, positive = (
        share(rows["market_value_usd"].sum(), rows[column].sum()) for rows in (known, profits)
    )
    return known, all_, positive


# rotation.concentration ---------------------------------------------------------------------


def concentration(world: World) -> pd.DataFrame:
    """`rotation.concentration` of LARGE, on every session with a close and shares."""
    first = world.fundamentals["snapshot_date"].min()
    cohort = world.members["cohort"]
    seven = world.members.loc[cohort == SEVEN, "symbol"]
    large = replace(world, members=world.members[cohort == "LARGE"])
    rows = []
    for session, quotes in world.quotes[world.quotes["session"] >= first].groupby("session"):
        issuers = issuers_on(large, session).set_index("symbol")
        shares = facts_on(world, session)["shares_outstanding"]
        value = (quotes.set_index("symbol")["close"] * shares).reindex(issuers.index)
        if value.notna().any():
            row = {"session": session, "cohort": "LARGE"} | coverage(issuers, value.notna())
            own_seven = issuers.index.intersection(seven)
            rows.append(row | shares_of(value.dropna(), issuers, own_seven))
    return pd.DataFrame(rows)


def shares_of(value: pd.Series, issuers: pd.DataFrame, seven: pd.Index) -> dict[str, float]:
    """Shares, in percent of the whole, of the seven and the largest, and how equal all are."""
    pct = 100 * value / value.sum()
    hhi = (pct**2).sum()
    return {
        "market_cap_usd": value.sum(),
        "mag7_share_pct": pct.reindex(seven).sum(skipna=False) if len(seven) else 0.0,
        "top10_share_pct": pct.nlargest(LARGEST).sum(),
        "hhi": hhi,
        "effective_n": 10_000 / hhi,
        "fund_weight_mag7_pct": issuers["weight_pct"].reindex(seven).sum(min_count=1),
    }
