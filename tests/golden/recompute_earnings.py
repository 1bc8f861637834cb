"""Expected earnings of cohorts, their growth and their revisions, once more in pandas.

Written from the contract's text; nothing here is shared with `transforms`.
"""

import numpy as np
import pandas as pd
from recompute_company import World, coverage, estimates_on, issuers_on, session_of

YEAR_DAYS = 365
LARGEST = 10  # contributors whose share of the increase is told
HANDOFF_COVERAGE_PCT = 60  # of both sides, for a snapshot to count in a run of positive gaps
THEN = {"": "eps_avg", "_30d_ago": "eps_30d_ago", "_90d_ago": "eps_90d_ago"}


def share(part: float, whole: float) -> float:
    """part / whole, nothing unless the whole is positive."""
    return part / whole if whole > 0 else np.nan


def change_pct(now: float, then: float) -> float:
    return 100 * (now - then) / abs(then) if then else np.nan


# Members' earnings --------------------------------------------------------------------------


def member_earnings(world: World, day: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """By horizon, by symbol: earnings and base now, 30 and 90 days ago, USD; NaN is unknown.

    `eps` is what a share earns, known where shares are not.
    """
    rows = estimates_on(world, day)
    stated = world.estimates[world.estimates["snapshot_date"] == day]
    ends = stated[stated["horizon"] == "0y"].set_index("symbol")["fiscal_period_end"]
    symbols = stated.loc[stated["horizon"].isin(["0y", "+1y"]), "symbol"].unique()
    this, next_ = (
        rows[rows["horizon"] == horizon].set_index("symbol").reindex(symbols)
        for horizon in ("0y", "+1y")
    )
    shares = this["shares_outstanding"].fillna(next_["shares_outstanding"])
    tables = {}
    for horizon, weight in first_year_weights(day, ends.reindex(symbols)).items():
        table = {"eps": blend(weight, this["eps_avg"], next_["eps_avg"])}
        for suffix, name in THEN.items():
            table[f"earnings{suffix}"] = blend(weight, this[name], next_[name]) * shares
            table[f"base{suffix}"] = blend(weight, this["eps_year_ago"], this[name]) * shares
        tables[horizon] = pd.DataFrame(table)
    return tables


def first_year_weights(day: pd.Timestamp, ends: pd.Series) -> dict[str, pd.Series]:
    """What 0y weighs in each horizon, by symbol; `ends` are the last days of 0y."""
    known = ends.dropna()
    weights = {
        "0y": pd.Series(1.0, ends.index),
        "+1y": pd.Series(0.0, ends.index),
        "NTM": ((known - day).dt.days / YEAR_DAYS).clip(0, 1),
    }
    for year in sorted(set(known.dt.year)):
        ends_then = known[known.dt.year == year]
        this = ends_then.dt.month / 12
        before = known[(known.dt.year == year - 1) & (known.dt.month == 12)]
        weights[f"CY{year}"] = pd.concat([this, pd.Series(0.0, before.index)])
        if (ends_then.dt.month == 12).any() and year + 1 not in set(known.dt.year):
            next_ = ends_then[ends_then.dt.month == 12]
            weights[f"CY{year + 1}"] = pd.Series(0.0, next_.index)
    return weights


def blend(weight: pd.Series, first: pd.Series, second: pd.Series) -> pd.Series:
    """weight · first + (1 − weight) · second; a year that weighs nothing need not be known."""
    first, second = (year.astype(float).reindex(weight.index) for year in (first, second))
    return weight * first.mask(weight == 0, 0) + (1 - weight) * second.mask(weight == 1, 0)


def cohort_earnings(world: World, day: pd.Timestamp) -> dict[tuple[str, str], pd.DataFrame]:
    """By cohort and horizon the issuers with what `member_earnings` knows of them."""
    issuers = issuers_on(world, session_of(day))
    return {
        (cohort, horizon): own.join(earnings, on="symbol")
        for horizon, earnings in member_earnings(world, day).items()
        if issuers["symbol"].isin(earnings["eps"].dropna().index).any()
        for cohort, own in issuers.groupby("cohort")
    }


def annual_days(world: World) -> list[pd.Timestamp]:
    """Days with estimates of fiscal years."""
    rows = world.estimates
    return sorted(rows.loc[rows["horizon"].isin(["0y", "+1y"]), "snapshot_date"].unique())


# rotation.earnings_growth -------------------------------------------------------------------


def earnings_growth(world: World) -> pd.DataFrame:
    """`rotation.earnings_growth`."""
    rows = []
    for day in annual_days(world):
        for (cohort, horizon), issuers in cohort_earnings(world, day).items():
            is_covered = issuers["earnings"].notna() & issuers["base"].notna()
            row = {"snapshot_date": day, "cohort": cohort, "horizon": horizon}
            rows.append(row | coverage(issuers, is_covered) | growth(issuers[is_covered]))
    return pd.DataFrame(rows)


def growth(covered: pd.DataFrame) -> dict[str, object]:
    """What the covered issuers' earnings and bases say."""
    now, base = covered["earnings"], covered["base"]
    earns = (now > 0) & (base > 0)
    gains = now - base
    count = len(covered)
    return {
        "earnings_usd": now.sum(min_count=1),
        "base_earnings_usd": base.sum(min_count=1),
        "earnings_growth_pct": 100 * share(gains.sum(), base.sum()),
        "earnings_growth_ex_losses_pct": 100 * share(gains[earns].sum(), base[earns].sum()),
        "positive_count": int(earns.sum()),
        "median_growth_pct": (100 * (now[earns] / base[earns] - 1)).median(),
        "loss_maker_share_pct": 100 * (now < 0).sum() / count if count else np.nan,
        "top10_contribution_pct": 100 * share(gains.nlargest(LARGEST).sum(), gains.sum()),
    }


# rotation.earnings_handoff ------------------------------------------------------------------


def earnings_handoff(world: World, growths: pd.DataFrame) -> pd.DataFrame:
    """`rotation.earnings_handoff`; `growths` is `earnings_growth`."""
    past = pd.DataFrame(
        [
            {"snapshot_date": day, "cohort": cohort, "horizon": horizon} | of_then(issuers)
            for day in annual_days(world)
            for (cohort, horizon), issuers in cohort_earnings(world, day).items()
        ]
    )
    key = ["snapshot_date", "horizon"]
    both = growths.merge(past, on=[*key, "cohort"]).set_index([*key, "cohort"]).unstack()
    growth_pct, coverage_pct = both["earnings_growth_pct"], both["coverage_pct"]
    gaps = {
        f"gap{name}_pct": both[f"{column}_pct"]["SMALL"] - both[f"{column}_pct"]["MAG7"]
        for name, column in {
            "": "earnings_growth",
            "_ex_losses": "earnings_growth_ex_losses",
            "_median": "median_growth",
            "_30d_ago": "growth_30d_ago",
            "_90d_ago": "growth_90d_ago",
        }.items()
    }
    table = pd.DataFrame(gaps)
    for cohort in ("SMALL", "MAG7", "LARGE", "LARGE_EX_MAG7"):
        table[f"{cohort.lower()}_growth_pct"] = growth_pct[cohort]
    for cohort in ("SMALL", "MAG7"):
        name = cohort.lower()
        table[f"{name}_coverage_pct"] = coverage_pct[cohort]
        for what in ("earnings", "base"):
            table[f"{name}_{what}_drift_90d_pct"] = both[f"{what}_drift_90d_pct"][cohort]
    for name in ("", "_ex_losses"):
        gap = table[f"gap{name}_pct"]
        table[f"is_handoff{name}"] = (gap > 0).astype(object).where(gap.notna(), None)
    table["is_low_coverage"] = (coverage_pct[["SMALL", "MAG7"]] < 75).any(axis=1)
    counts = (coverage_pct[["SMALL", "MAG7"]] >= HANDOFF_COVERAGE_PCT).all(axis=1)
    table["handoff_since"] = pd.NaT
    for _, own in table[counts].groupby(level="horizon"):
        since = pd.NaT
        for (day, horizon), gap in own["gap_pct"].sort_index().items():
            since = (day if pd.isna(since) else since) if gap > 0 else pd.NaT
            table.loc[(day, horizon), "handoff_since"] = since
    return table.reset_index()


def of_then(issuers: pd.DataFrame) -> dict[str, float]:
    """Growth by the consensus of then and the drift since, of issuers known at both ends."""
    result = {}
    for days in ("30d", "90d"):
        names = [f"{what}{end}" for what in ("earnings", "base") for end in ("", f"_{days}_ago")]
        known = issuers.dropna(subset=names)
        now, then, base, base_then = (known[name].sum() for name in names)
        result[f"growth_{days}_ago_pct"] = 100 * share(then - base_then, base_then)
        result[f"earnings_drift_{days}_pct"] = change_pct(now, then)
        result[f"base_drift_{days}_pct"] = change_pct(base, base_then)
    return result


# rotation.estimate_revision -----------------------------------------------------------------


def estimate_revision(world: World) -> pd.DataFrame:
    """`rotation.estimate_revision`, for every horizon that a day's estimates have."""
    rows = []
    for day, stated in world.estimates.groupby("snapshot_date"):
        usable = estimates_on(world, day).reindex(
            columns=[
                "symbol",
                "horizon",
                "shares_outstanding",
                *THEN.values(),
                "up_30d",
                "down_30d",
            ]
        )
        issuers = issuers_on(world, session_of(day))
        for horizon in stated["horizon"].unique():
            estimates = usable[usable["horizon"] == horizon].set_index("symbol")
            for cohort, own in issuers.groupby("cohort"):
                both = own.join(estimates, on="symbol")
                is_covered = both["eps_avg"].notna()
                row = {"snapshot_date": day, "cohort": cohort, "horizon": horizon}
                rows.append(row | coverage(both, is_covered) | revisions(both[is_covered]))
    return pd.DataFrame(rows)


def revisions(covered: pd.DataFrame) -> dict[str, object]:
    """Revisions up and down, and the drift of the sum, of the covered issuers."""
    counted = covered.dropna(subset=["up_30d", "down_30d"])
    up, down = (counted[name].sum(min_count=1) for name in ("up_30d", "down_30d"))
    result = {
        "counted_count": len(counted),
        "up_30d": up,
        "down_30d": down,
        "revision_breadth_pct": 100 * share(up - down, up + down),
    }
    for days in ("30d", "90d"):
        known = covered.dropna(subset=["shares_outstanding", f"eps_{days}_ago"])
        shares = known["shares_outstanding"]
        now, then = (known["eps_avg"] * shares).sum(), (known[f"eps_{days}_ago"] * shares).sum()
        result[f"drift_{days}_count"] = len(known)
        result[f"earnings_drift_{days}_pct"] = change_pct(now, then)
    return result
