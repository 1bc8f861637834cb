"""Rates, what the Fed's decisions did and what a cut would save, once more in pandas.

Written from the contract's text; nothing here is shared with `transforms`. `rates` has series_id,
observation_date and value_pct, each value told once; sessions are pandas timestamps.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import recompute
from recompute_company import World, coverage, facts_on, issuers_on, session_of

NIGHT_END = pd.Timedelta(hours=22, minutes=30)  # UTC
DAILY = {
    "effective_rate_pct": "DFF",
    "t3m_pct": "DGS3MO",
    "t2y_pct": "DGS2",
    "t10y_pct": "DGS10",
    "t30y_pct": "DGS30",
    "hy_oas_pct": "BAMLH0A0HYM2",
    "breakeven_10y_pct": "T10YIE",
}
WINDOW, SPAN = 126, 135  # changes in a regression, and the sessions that they must lie in
FACTORS = {  # series, one less the other, in percent
    "d_t2y": ("DGS2", None),
    "d_t10y": ("DGS10", None),
    "d_slope_10y2y": ("DGS10", "DGS2"),
    "d_hy_oas": ("BAMLH0A0HYM2", None),
}
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


def read_rates(drop: Path) -> pd.DataFrame:
    """Every series of the folder; what is missing is left out."""
    frames = []
    for file in sorted((drop / "rates").glob("*.csv")):
        rows = pd.read_csv(file, na_values=["."])
        rows.columns = ["observation_date", "value_pct"]
        frames.append(rows.assign(series_id=file.stem))
    rates = pd.concat(frames, ignore_index=True).dropna()
    return rates.assign(observation_date=pd.to_datetime(rates["observation_date"]))


def levels(rates: pd.DataFrame, series_id: str) -> pd.Series:
    """One series by observation date."""
    own = rates[rates["series_id"] == series_id].dropna()
    return own.set_index(pd.DatetimeIndex(own["observation_date"]))["value_pct"].sort_index()


# rotation.rate_regime -----------------------------------------------------------------------


def rate_regime(rates: pd.DataFrame, reference: Path, until: pd.Timestamp) -> pd.DataFrame:
    """`rotation.rate_regime` up to a session; the target is that of the listed decisions."""
    sessions = recompute.sessions()
    sessions = sessions[sessions <= until].astype("datetime64[ns]").rename("session")
    table = pd.DataFrame(index=sessions)
    observed = pd.DataFrame(index=sessions)
    for column, series_id in DAILY.items():
        table[column], observed[column] = newest_before(sessions, levels(rates, series_id))
    ages = observed.rsub(sessions.to_series(), axis=0)
    for name in ("DFEDTARL", "DFEDTARU"):  # a day's target holds from its own morning
        ages[name] = target_age(sessions, levels(rates, name))
    table["cpi_yoy_pct"], ages["cpi"] = inflation(
        sessions, levels(rates, "CPIAUCSL"), recompute.read_reference(reference, "release_calendar")
    )
    table["oldest_input_days"] = ages.max(axis=1).dt.days
    table["real_policy_rate_pct"] = table["effective_rate_pct"] - table["cpi_yoy_pct"]
    table["hy_oas_bp"] = 100 * table.pop("hy_oas_pct")
    table["yield_observation_date"] = observed["t10y_pct"]
    return table.join(curve(table, observed)).join(standing(sessions, reference)).reset_index()


def newest_before(sessions: pd.DatetimeIndex, values: pd.Series) -> tuple[pd.Series, pd.Series]:
    """A daily series' value and its day: the newest day before the session, at most 10 days old.

    A day is told on the next session's evening, so of its own it is not known yet.
    """
    place = values.index.searchsorted(sessions) - 1
    day = pd.Series(values.index[place], sessions).where(place >= 0)
    is_fresh = sessions.to_series() - day <= pd.Timedelta(days=10)
    return pd.Series(values.to_numpy()[place], sessions).where(is_fresh), day.where(is_fresh)


def target_age(sessions: pd.DatetimeIndex, values: pd.Series) -> pd.Series:
    """How old the newest target of FRED is that was valid on the session."""
    place = values.index.searchsorted(sessions, side="right") - 1
    age = sessions.to_series() - pd.Series(values.index[place], sessions).where(place >= 0)
    return age.where(age <= pd.Timedelta(days=10))


def inflation(
    sessions: pd.DatetimeIndex, prices: pd.Series, releases: pd.DataFrame
) -> tuple[pd.Series, pd.Series]:
    """Consumer prices against the same month a year before, and how long they have been known."""
    listed = releases[releases["series_id"] == "CPIAUCSL"]
    told = pd.Series(
        pd.to_datetime(listed["released_at"]).to_numpy(), pd.to_datetime(listed["observation_date"])
    ).reindex(prices.index)
    twentieth = prices.index + pd.DateOffset(months=1) + pd.Timedelta(days=19, hours=22)
    told = told.fillna(twentieth.to_series(prices.index))
    before = prices.reindex(prices.index - pd.DateOffset(years=1)).to_numpy()
    place = told.searchsorted(sessions + NIGHT_END, side="right") - 1
    age = sessions.to_series() - pd.Series(told.dt.normalize().to_numpy()[place], sessions)
    age = age.where((place >= 0) & (age <= pd.Timedelta(days=45)))
    yoy_pct = pd.Series((100 * (prices / before - 1)).to_numpy()[place], sessions)
    return yoy_pct.where(age.notna()), age


def curve(table: pd.DataFrame, observed: pd.DataFrame) -> pd.DataFrame:
    """Slopes of one day's yields, what 63 sessions did to them, and the name of that."""
    is_one_day = {name: observed["t10y_pct"] == observed[name] for name in ("t2y_pct", "t3m_pct")}
    slope = (100 * (table["t10y_pct"] - table["t2y_pct"])).where(is_one_day["t2y_pct"])
    of_bills = (100 * (table["t10y_pct"] - table["t3m_pct"])).where(is_one_day["t3m_pct"])
    moved = slope - slope.shift(63)
    short, long = (100 * (table[name] - table[name].shift(63)) for name in ("t2y_pct", "t10y_pct"))
    moved, short, long = moved.round(6), short.round(6), long.round(6)
    names = np.where(moved > 0, "steepener", "flattener")
    kinds = np.select(
        [(short < 0) & (long < 0), (short > 0) & (long > 0)], ["bull_", "bear_"], "twist_"
    )
    move = pd.Series(kinds, table.index) + names
    return pd.DataFrame(
        {
            "slope_10y2y_bp": slope,
            "slope_10y3m_bp": of_bills,
            "slope_change_63d_bp": moved,
            "change_2y_63d_bp": short,
            "change_10y_63d_bp": long,
            "curve_move": move.mask(moved.abs() < 5, "parallel").where(moved.notna(), None),
        }
    )


def standing(sessions: pd.DatetimeIndex, reference: Path) -> pd.DataFrame:
    """What the decisions that are known by each session's night amount to."""
    decisions = recompute.read_reference(reference, "fed_decision").sort_values("announced_at")
    decisions["announced_at"] = pd.to_datetime(decisions["announced_at"])
    state: dict[str, object] = {}
    states = [state]  # before the first decision
    for decision in decisions.itertuples():
        day = decision.announced_at.normalize()
        state = state | {"decided_on": day}
        state |= {"lower": decision.lower_pct, "upper": decision.upper_pct}
        if decision.change_bp:
            is_new = (
                "last" not in state
                or state["last"] * decision.change_bp < 0
                or (day - state["last_day"]).days >= 365
            )
            if is_new:
                state |= {"start": day, "sum": 0.0}
            state |= {"last": decision.change_bp, "last_day": day, "meetings": 0}
            state["sum"] += decision.change_bp
        elif decision.is_scheduled and "last" in state:
            state["meetings"] += 1
        states.append(state)
    place = decisions["announced_at"].searchsorted(sessions + NIGHT_END, side="right")
    at = pd.DataFrame(states).iloc[place].set_index(sessions)
    days = (sessions.to_series() - at["last_day"]).dt.days
    is_hold = days >= 365
    is_listed = (sessions.to_series() - at["decided_on"]).dt.days <= 60
    sign = at["last"].map(lambda change: "tightening" if change > 0 else "easing", "ignore")
    cycle = sign.mask(is_hold, "hold")
    stance = cycle.where(is_listed | is_hold).mask(at["meetings"] >= 2, "paused")
    return pd.DataFrame(
        {
            "fed_target_lower_pct": at["lower"],
            "fed_target_upper_pct": at["upper"],
            "last_change_bp": at["last"],
            "last_change_date": at["last_day"],
            "days_since_change": days,
            "meetings_since_change": at["meetings"].where(is_listed),
            "cycle": cycle.where(cycle.notna(), None),
            "stance": stance.where(stance.notna(), None),
            "cycle_start": at["start"].mask(is_hold, at["last_day"] + pd.Timedelta(days=365)),
            "cycle_change_bp": at["sum"].mask(is_hold, 0.0),
        }
    )


# rotation.rate_beta -------------------------------------------------------------------------


def rate_beta(quotes: pd.DataFrame, rates: pd.DataFrame, reference: Path) -> pd.DataFrame:
    """`rotation.rate_beta` of every pair whose sides are among `quotes`."""
    pairs = recompute.read_reference(reference, "pair")
    closes = quotes[quotes["symbol"].isin({*pairs["long_symbol"], *pairs["short_symbol"]})]
    closes = closes.pivot(index="session", columns="symbol", values="close")
    frames = []
    for factor, (one, other) in FACTORS.items():
        level_bp = 100 * levels(rates, one)
        if other:
            level_bp = level_bp.sub(100 * levels(rates, other)).dropna()
        for pair in pairs.itertuples():
            sides = closes[[pair.long_symbol, pair.short_symbol]].dropna()
            fits = regressions(sides.to_numpy(), sides.index, level_bp)
            frames.append(fits.assign(session=sides.index, pair=pair.pair, factor=factor))
    return pd.concat(frames, ignore_index=True)


def regressions(closes: np.ndarray, days: pd.DatetimeIndex, level_bp: pd.Series) -> pd.DataFrame:
    """Least squares of long less short return on the level's change, for each of the days.

    A row knows the days before it. Its changes are the last 126 of those that end within the 135
    sessions up to its own.
    """
    both = days.intersection(level_bp.index)
    growth = closes[days.isin(both)]
    growth = 100 * (growth[1:] / growth[:-1] - 1)
    y = np.lib.stride_tricks.sliding_window_view(growth[:, 0] - growth[:, 1], WINDOW)
    x = np.lib.stride_tricks.sliding_window_view(np.diff(level_bp[both].to_numpy()), WINDOW)
    y, x = (windows - windows.mean(axis=1, keepdims=True) for windows in (y, x))
    beta = (x * y).sum(axis=1) / (x**2).sum(axis=1)
    residual = ((y - beta[:, None] * x) ** 2).sum(axis=1)
    error = np.sqrt(residual / (WINDOW - 2) / (x**2).sum(axis=1))
    explained = 1 - residual / (y**2).sum(axis=1)
    place = recompute.sessions().get_indexer
    known = both[1:].searchsorted(days)
    within = known - np.searchsorted(place(both[1:]), place(days) - SPAN + 1)
    is_full = within >= WINDOW
    rows = np.full((len(days), 3), np.nan)
    rows[is_full] = np.column_stack([beta, beta / error, explained])[known[is_full] - WINDOW]
    table = pd.DataFrame(rows, columns=["beta_pct_per_bp", "t_stat", "r_squared"])
    return table.assign(observations=np.clip(within, 0, WINDOW))


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
    closes = recompute.closes()
    return closes.index[closes > announced_at.tz_localize("UTC")][0]


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
