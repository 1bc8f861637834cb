"""What was known of cohorts' issuers on a day, once more in pandas, from the contract's text.

Nothing here is shared with `transforms`. The inputs are frames as a source gives them, all known
at 22:00 UTC of their own date; days are pandas timestamps.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import recompute

CARRIED_DAYS = pd.Timedelta(days=30)  # as long an estimate stands where no newer one comes
STATED_DAYS = pd.Timedelta(days=10)  # as long a stated market value stands in for a close
LOW_COVERAGE_PCT = 75


@dataclass(frozen=True)
class World:
    """quotes: symbol, session, close. members: `core.cohort_member`. The rest as CONTRACT §3."""

    quotes: pd.DataFrame
    members: pd.DataFrame
    estimates: pd.DataFrame
    fundamentals: pd.DataFrame
    reference: Path

    @cached_property
    def primary_class(self) -> pd.Series:
        """By symbol of an issuer with several lines, the one that stands for it."""
        classes = recompute.read_reference(self.reference, "share_class")
        primary = classes[classes["is_primary"]].set_index("issuer")["symbol"]
        return classes.set_index("symbol")["issuer"].map(primary)


def read_drop(drop: Path, reference: Path) -> World:
    """The world that the folder of files describes."""
    return World(
        quotes=recompute.read_quotes(drop),
        members=recompute.cohort_member(drop, reference),
        estimates=clean(read_folder(drop / "estimates"), ["symbol", "horizon"], reference),
        fundamentals=clean(read_folder(drop / "fundamentals"), ["symbol"], reference),
        reference=reference,
    )


def read_frames(frames: dict[str, pd.DataFrame], reference: Path) -> World:
    """The world that the frames of a source describe, by dataset."""
    holding = frames["holding"]
    is_stock = holding["asset_class"].isna() | (holding["asset_class"] == "Equity")
    lines = holding[is_stock].rename(columns={"ticker": "symbol"})
    files = [
        (str(fund), pd.Timestamp(date), file[["symbol", "weight_pct"]].reset_index(drop=True))
        for (fund, date), file in lines.groupby(["fund", "holdings_date"])
    ]
    return World(
        quotes=frames["quote"].astype({"symbol": str}),
        members=recompute.members_of(files, reference),
        estimates=clean(frames["estimate"], ["symbol", "horizon"], reference),
        fundamentals=clean(frames["fundamental"], ["symbol"], reference),
        reference=reference,
    )


def read_folder(folder: Path) -> pd.DataFrame:
    frames = [pd.read_parquet(file) for file in sorted(folder.glob("*.parquet"))]
    return pd.concat(frames, ignore_index=True)


def clean(rows: pd.DataFrame, key: list[str], reference: Path) -> pd.DataFrame:
    """Yahoo's spelling, days as timestamps; equal rows once, unequal ones of a key not at all."""
    spelling = recompute.read_reference(reference, "ticker_spelling").set_index("ticker")["symbol"]
    rows = rows.assign(symbol=rows["symbol"].replace(spelling))
    for name in rows.columns.intersection(["snapshot_date", "fiscal_period_end"]):
        rows[name] = pd.to_datetime(rows[name])
    rows = rows.drop_duplicates()
    return rows[~rows.duplicated([*key, "snapshot_date"], keep=False)]


def session_of(day: pd.Timestamp) -> pd.Timestamp:
    """The newest session up to a day."""
    return recompute.sessions()[recompute.sessions() <= day][-1]


# Issuers ------------------------------------------------------------------------------------


def issuers_on(world: World, session: pd.Timestamp) -> pd.DataFrame:
    """cohort, symbol (the primary class), weight_pct and is_membership_backfilled."""
    rows = []
    for cohort, members in world.members.groupby("cohort"):
        files = recompute.memberships(members)
        lines = next(file for start, end, file in files if start <= session <= end)
        symbol = lines["symbol"].map(world.primary_class).fillna(lines["symbol"])
        weight = lines["weight_pct"].groupby(symbol).sum(min_count=1)
        issuers = weight.rename_axis("symbol").reset_index()
        backfilled = bool(session < members["valid_from"].min())
        rows.append(issuers.assign(cohort=cohort, is_membership_backfilled=backfilled))
    return pd.concat(rows, ignore_index=True)


def coverage(issuers: pd.DataFrame, is_covered: pd.Series) -> dict[str, object]:
    """The columns that every aggregate over one cohort's issuers carries."""
    pct = 100 * is_covered.sum() / len(issuers)
    weight = issuers["weight_pct"]
    weight_pct = 100 * weight[is_covered].sum() / weight.sum() if weight.notna().any() else np.nan
    return {
        "member_count": len(issuers),
        "covered_count": int(is_covered.sum()),
        "coverage_pct": pct,
        "coverage_weight_pct": weight_pct,
        "is_low_coverage": bool(pct < LOW_COVERAGE_PCT),
        "is_membership_backfilled": bool(issuers["is_membership_backfilled"].iloc[0]),
    }


# Company facts ------------------------------------------------------------------------------


def facts_on(world: World, day: pd.Timestamp) -> pd.DataFrame:
    """By symbol the newest snapshot known that evening, its shares the newest stated ones.

    `stated_value_usd` is the market value that it states, unless it is too old for one.
    """
    known = world.fundamentals[world.fundamentals["snapshot_date"] <= day]
    known = known.sort_values("snapshot_date").set_index("symbol")
    newest = known.groupby(level=0).tail(1).copy()
    newest["shares_outstanding"] = known["shares_outstanding"].groupby(level=0).last()
    is_recent = newest["snapshot_date"] >= day - STATED_DAYS
    newest["stated_value_usd"] = newest["market_cap_usd"].where(is_recent)
    return newest


def values_on(world: World, day: pd.Timestamp) -> pd.DataFrame:
    """`facts_on` with close of the newest session, market_value_usd and whether it is stated."""
    facts = facts_on(world, day)
    quotes = world.quotes[world.quotes["session"] == session_of(day)]
    facts["close"] = quotes.set_index("symbol")["close"]
    by_close = facts["close"] * facts["shares_outstanding"]
    facts["market_value_usd"] = by_close.fillna(facts["stated_value_usd"])
    facts["is_market_value_stated"] = by_close.isna() & facts["stated_value_usd"].notna()
    return facts


# Estimates ----------------------------------------------------------------------------------


def consensus_on(world: World, day: pd.Timestamp) -> pd.DataFrame:
    """By symbol and horizon the newest estimate of the last 30 days, both years of one day.

    Likewise both quarters.
    """
    rows = world.estimates
    rows = rows[rows["snapshot_date"].between(day - CARRIED_DAYS, day)]
    period = rows["horizon"].str[-1]
    newest = rows["snapshot_date"].groupby([rows["symbol"], period]).transform("max")
    return rows[rows["snapshot_date"] == newest]


def estimates_on(world: World, day: pd.Timestamp) -> pd.DataFrame:
    """The snapshot's usable estimates with the shares of their issuers.

    Not usable: no mean, a currency other than USD, or an unknown one where positive earnings are
    above half the market value. A mean of then that is exactly 0 is none.
    """
    rows = consensus_on(world, day)
    facts = values_on(world, day)[["shares_outstanding", "market_value_usd"]]
    rows = rows.reindex(
        columns=rows.columns.union(["currency", "eps_year_ago", "eps_30d_ago", "eps_90d_ago"])
    ).join(facts, on="symbol")
    earnings = rows["eps_avg"] * rows["shares_outstanding"]
    is_large = (earnings > 0) & (earnings > rows["market_value_usd"] / 2)
    is_usable = rows["eps_avg"].notna() & ((rows["currency"] == "USD") | rows["currency"].isna())
    rows = rows[is_usable & ~(rows["currency"].isna() & is_large)].copy()
    for name in ("eps_30d_ago", "eps_90d_ago"):
        rows[name] = rows[name].astype(float).where(lambda eps: eps != 0)
    return rows
