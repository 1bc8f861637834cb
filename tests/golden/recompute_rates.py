"""What the Fed's decisions did and what a cut would save, once more in pandas.

Written from the contract's text; nothing here is shared with `transforms`.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import recompute
from recompute_company import World, coverage, facts_on, issuers_on, session_of

CLOSE = pd.Timedelta(hours=16)  # of every session, in New York
SHOCKS_BP = (-100, -50, -25, 25)
FINANCIAL = ("Financials", "Financial Services")  # GICS's name and Yahoo's
NEEDED = (
    "sector",
    "total_debt_usd",
    "cash_and_short_term_investments_usd",
    "revenue_usd",
    "net_income_usd",
)
EVENT_WINDOWS = {  # sessions from the event's
    "excess_pre_5d_pct": (-6, -1),
    "excess_day0_pct": (-1, 0),
    "excess_post_1d_pct": (-1, 0),
    "excess_post_5d_pct": (-1, 4),
    "excess_post_1m_pct": (-1, 20),
    "excess_post_3m_pct": (-1, 62),
}


# rotation.policy_event ----------------------------------------------------------------------


def policy_event(quotes: pd.DataFrame, reference: Path) -> pd.DataFrame:
    """`rotation.policy_event` of the listed decisions; `quotes` has symbol, session and close.

    A change that only FRED's series shows is not looked for.
    """
    decisions = recompute.read_reference(reference, "fed_decision")
    events = decisions[decisions["change_bp"] != 0].assign(
        announced_at=lambda rows: pd.to_datetime(rows["announced_at"]),
        effective_date=lambda rows: pd.to_datetime(rows["effective_date"]),
    )
    events["event_date"] = [first_close_after(moment) for moment in events["announced_at"]]
    pairs = recompute.read_reference(reference, "pair")
    wanted = quotes[quotes["symbol"].isin({*pairs["long_symbol"], *pairs["short_symbol"]})]
    closes = wanted.pivot(index="session", columns="symbol", values="close")
    rows = []
    for pair in pairs.itertuples():
        both = closes[[pair.long_symbol, pair.short_symbol]].dropna().to_numpy()
        common = closes.index[closes[[pair.long_symbol, pair.short_symbol]].notna().all(axis=1)]
        for event in events.to_dict("records"):
            if event["event_date"] in common:
                at = common.get_loc(event["event_date"])
                row = {name: excess_pct(both, at + a, at + b) for name, (a, b) in windows()}
                rows.append(event | row | {"pair": pair.pair})
    unwanted = ["lower_pct", "upper_pct", "source_url", "as_of"]
    return pd.DataFrame(rows).drop(columns=unwanted)


def windows() -> list[tuple[str, tuple[int, int]]]:
    return list(EVENT_WINDOWS.items())


def first_close_after(announced_at: pd.Timestamp) -> pd.Timestamp:
    """The first session whose close follows a moment (naive UTC)."""
    local = announced_at.tz_localize("UTC").tz_convert("America/New_York").tz_localize(None)
    sessions = recompute.sessions()
    return sessions[sessions + CLOSE > local][0]


def excess_pct(closes: np.ndarray, start: int, end: int) -> float:
    """Long less short return between two rows of closes; NaN where either is missing."""
    if start < 0 or end >= len(closes):
        return np.nan
    long, short = 100 * (closes[end] / closes[start] - 1)
    return long - short


# rotation.rate_sensitivity ------------------------------------------------------------------


def rate_sensitivity(world: World, sectors: pd.Series) -> pd.DataFrame:
    """`rotation.rate_sensitivity`; `sectors` is by symbol, as in `core.instrument`."""
    shares = recompute.read_reference(world.reference, "floating_rate_share")
    used = shares[shares["is_used"]].set_index("cohort")
    taxes = recompute.read_reference(world.reference, "tax_rate")
    federal = taxes[taxes["jurisdiction"] == "US federal"].sort_values("valid_from")
    rows = []
    for day in sorted(world.fundamentals["snapshot_date"].unique()):
        tax = federal[pd.to_datetime(federal["valid_from"]) <= day]["rate_pct"].iloc[-1] / 100
        facts = facts_on(world, day).drop(columns="sector")
        facts = facts.reindex(columns=facts.columns.union(NEEDED[1:])).rename_axis("symbol")
        issuers = issuers_on(world, session_of(day)).join(sectors.rename("sector"), on="symbol")
        issuers = issuers[~issuers["sector"].isin(FINANCIAL)].join(facts, on="symbol")
        for cohort, own in issuers.groupby("cohort"):
            is_covered = own[list(NEEDED)].notna().all(axis=1)
            for shock_bp in SHOCKS_BP:
                row = {"snapshot_date": day, "cohort": cohort, "shock_bp": shock_bp}
                row |= coverage(own, is_covered)
                if is_covered.any():
                    row |= scenario(own[is_covered], used.loc[cohort], shock_bp, tax)
                rows.append(row)
    return pd.DataFrame(rows).reindex(columns=list(SENSITIVITY_COLUMNS))


SENSITIVITY_COLUMNS = (
    *("snapshot_date", "cohort", "shock_bp", "member_count", "covered_count", "coverage_pct"),
    *("coverage_weight_pct", "is_low_coverage", "is_membership_backfilled", "oldest_fact_date"),
    *("total_debt_usd", "floating_share_pct", "floating_share_source_url", "floating_debt_usd"),
    *("floating_cash_usd", "gross_interest_change_usd", "interest_change_usd", "revenue_usd"),
    *("net_income_usd", "net_margin_change_bp", "net_income_change_pct"),
)


def scenario(
    covered: pd.DataFrame, published: pd.Series, shock_bp: int, tax: float
) -> dict[str, object]:
    """What the shock changes in the first year for the covered issuers together."""
    debt, cash, revenue, net_income = (covered[name].sum() for name in NEEDED[1:])
    floating = debt * published["floating_share_pct"] / 100
    interest = (floating - cash) * shock_bp / 10_000
    gain = -interest * (1 - tax)
    return {
        "oldest_fact_date": covered["snapshot_date"].min(),
        "total_debt_usd": debt,
        "floating_share_pct": published["floating_share_pct"],
        "floating_share_source_url": published["source_url"],
        "floating_debt_usd": floating,
        "floating_cash_usd": cash,
        "gross_interest_change_usd": floating * shock_bp / 10_000,
        "interest_change_usd": interest,
        "revenue_usd": revenue,
        "net_income_usd": net_income,
        "net_margin_change_bp": 10_000 * gain / revenue if revenue else np.nan,
        "net_income_change_pct": 100 * gain / net_income if net_income > 0 else np.nan,
    }
