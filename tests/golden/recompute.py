"""The first tables and metrics once more, in pandas, written from the contract's text.

Nothing here is shared with `transforms`: each function is a second opinion on one table; where the
contract is silent it follows the columns' comments. Frames carry the columns of the table that
they recompute; sessions are pandas timestamps.
"""

import itertools
from pathlib import Path

import exchange_calendars
import numpy as np
import pandas as pd

WINDOWS = {"5d": 5, "1m": 21, "3m": 63, "6m": 126, "12m": 252}  # sessions
FIRST_PERCENTILE = 252  # values that a percentile needs
PRICE_STEP = 1e-9  # prices are summed as whole multiples of it, so that means are exact
TIE_PCT = 1e-9  # percent points; two returns nearer than this differ by rounding alone


def read_quotes(drop: Path) -> pd.DataFrame:
    """Every quote of the folder, by symbol and session."""
    frames = [pd.read_parquet(file) for file in sorted((drop / "quotes").glob("*.parquet"))]
    quotes = pd.concat(frames, ignore_index=True)
    quotes["session"] = pd.to_datetime(quotes["session"])
    return quotes.sort_values(["symbol", "session"], ignore_index=True)


def read_reference(folder: Path, table: str) -> pd.DataFrame:
    """One reference table as its file has it."""
    return pd.read_csv(folder / f"{table}.csv", keep_default_na=False, na_values=[""])


def sessions() -> pd.DatetimeIndex:
    """The sessions of the New York Stock Exchange."""
    return exchange_calendars.get_calendar("XNYS", start="1990-01-01").sessions


def closes() -> pd.Series:
    """When each session closes (UTC), early ones among them."""
    return exchange_calendars.get_calendar("XNYS", start="1990-01-01").closes


# core.quote ---------------------------------------------------------------------------------


def quote(quotes: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    """`core.quote`: symbol, session, close, return_pct, total_return_pct, total_return_method."""
    own = own_returns(quotes)
    baskets = [basket(own, name, rows) for name, rows in members.groupby("basket")]
    return pd.concat([own, *baskets], ignore_index=True)


def own_returns(quotes: pd.DataFrame) -> pd.DataFrame:
    """Returns over each symbol's consecutive quotes, the first one without."""
    before = quotes.groupby("symbol")[["close", "adj_close"]].shift()
    price = quotes["close"] / before["close"] - 1
    by_dividend = (quotes["close"] + quotes["dividend"]) / before["close"] - 1
    by_adj_close = quotes["adj_close"] / before["adj_close"] - 1
    method = pd.Series("dividend", quotes.index).where(by_dividend.notna())
    method = method.mask(by_dividend.isna() & by_adj_close.notna(), "adj_close")
    return quotes[["symbol", "session", "close"]].assign(
        return_pct=100 * price,
        total_return_pct=100 * by_dividend.fillna(by_adj_close),
        total_return_method=method,
    )


def basket(own: pd.DataFrame, name: str, members: pd.DataFrame) -> pd.DataFrame:
    """The quotes of one basket: its index, 100 on the session before its first return."""
    price = member_returns(own, members, "return_pct")
    total = member_returns(own, members, "total_return_pct")
    combine = held if set(members["rebalance"]) == {"year"} else mean_of_all
    returns = combine(price).dropna()
    total_returns = combine(total)
    index = 100 * (1 + returns).cumprod()
    index.loc[last_session_before(returns.index[0])] = 100.0
    index = index.sort_index()
    return pd.DataFrame(
        {
            "symbol": name,
            "session": index.index,
            "close": index.to_numpy(),
            "return_pct": 100 * returns.reindex(index.index).to_numpy(),
            "total_return_pct": 100 * total_returns.reindex(index.index).to_numpy(),
            "total_return_method": total_returns.reindex(index.index).notna().to_numpy(),
        }
    ).replace({"total_return_method": {True: "members", False: None}})


def member_returns(own: pd.DataFrame, members: pd.DataFrame, column: str) -> pd.DataFrame:
    """Session x member: the member's return as a share, the stand-in's before its first one.

    What ends the stand-in's part is the member's first price return, whatever the column.
    """
    used = own[own["symbol"].isin({*members["symbol"], *members["stand_in"].dropna()})]
    wide = used.pivot(index="session", columns="symbol", values=column) / 100
    price = used.pivot(index="session", columns="symbol", values="return_pct")
    returns = {}
    for member in members.itertuples():
        series = wide[member.symbol]
        if isinstance(member.stand_in, str):
            has_begun = price[member.symbol].notna().cummax()
            series = series.where(has_begun, wide[member.stand_in])
        returns[member.symbol] = series
    return pd.DataFrame(returns)[price.notna().any(axis=1)]


def mean_of_all(returns: pd.DataFrame) -> pd.Series:
    """Equal weight every session: the mean, where every member has a return."""
    return returns.mean(axis=1, skipna=False)


def held(returns: pd.DataFrame) -> pd.Series:
    """Equal weight at each calendar year's last close, then held until the next."""
    parts = []
    for year, within in returns.groupby(returns.index.year):
        if year == returns.index[0].year:
            continue  # no last close of a year before it
        value = (1 + within).cumprod(skipna=False).mean(axis=1, skipna=False)
        parts.append(value / value.shift(fill_value=1.0) - 1)
    return pd.concat(parts) if parts else pd.Series(dtype=float)


# core.cohort_member -------------------------------------------------------------------------


def cohort_member(drop: Path, reference: Path) -> pd.DataFrame:
    """`core.cohort_member`: cohort, symbol, weight_pct, valid_from, valid_to."""
    files = []
    for file in sorted((drop / "holdings").glob("*.csv")):
        fund, date = file.stem.split("_")
        files.append((fund, pd.Timestamp(date), read_holdings(file)))
    return members_of(files, reference)


def members_of(
    holdings: list[tuple[str, pd.Timestamp, pd.DataFrame]], reference: Path
) -> pd.DataFrame:
    """`core.cohort_member` from holdings files: fund, date, and symbol and weight_pct of each."""
    funds = read_reference(reference, "cohort_fund").set_index("fund")["cohort"]
    spelling = read_reference(reference, "ticker_spelling").set_index("ticker")["symbol"]
    baskets = read_reference(reference, "basket_member")
    seven = list(baskets.loc[baskets["basket"] == "MAG7", "symbol"])
    files = [
        (funds[fund], known_from(date), lines.assign(symbol=lines["symbol"].replace(spelling)))
        for fund, date, lines in holdings
        if fund in funds
    ]
    rows = []
    for cohort, start, members in files:
        later = [known for name, known, _ in files if name == cohort and known > start]
        end = last_session_before(min(later)) if later else pd.NaT
        rows.append(members.assign(cohort=cohort, valid_from=start, valid_to=end))
    table = pd.concat(rows, ignore_index=True)
    large = table[table["cohort"] == "LARGE"]
    others = large[~large["symbol"].isin(issuer_lines(seven, reference))]
    mag7 = pd.DataFrame({"cohort": "MAG7", "symbol": seven, "valid_from": sessions()[0]})
    return pd.concat([table, others.assign(cohort="LARGE_EX_MAG7"), mag7], ignore_index=True)


def read_holdings(file: Path) -> pd.DataFrame:
    """symbol and weight_pct of the listed stocks of a file; the same ticker twice is nobody."""
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    header = next(
        n for n, line in enumerate(lines) if line.lower().startswith(("ticker,", "symbol,"))
    )
    rows = pd.read_csv(file, encoding="utf-8-sig", skiprows=header)
    if "symbol" in rows:
        return pd.DataFrame({"symbol": rows["symbol"], "weight_pct": np.nan})
    rows = rows[(rows["Asset Class"] == "Equity") & (rows["Ticker"] != "-")]
    rows = rows[~rows["Ticker"].duplicated(keep=False)]
    rows = rows[~rows["Exchange"].str.startswith("NO MARKET")]
    weight = rows["Weight (%)"].astype(str).str.replace(",", "").astype(float)
    return pd.DataFrame({"symbol": rows["Ticker"], "weight_pct": weight}).reset_index(drop=True)


def known_from(date: pd.Timestamp) -> pd.Timestamp:
    """The session from which a holdings file is known: the one after its date."""
    return sessions()[sessions() > date][0]


def last_session_before(session: pd.Timestamp) -> pd.Timestamp:
    return sessions()[sessions() < session][-1]


def issuer_lines(symbols: list[str], reference: Path) -> set[str]:
    """The symbols with every other share class of their issuers."""
    classes = read_reference(reference, "share_class")
    issuers = classes.loc[classes["symbol"].isin(symbols), "issuer"]
    return set(symbols) | set(classes.loc[classes["issuer"].isin(issuers), "symbol"])


# rotation.relative_strength -----------------------------------------------------------------


def relative_strength(quotes: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """`rotation.relative_strength` for both bases."""
    wanted = quotes[quotes["symbol"].isin({*pairs["long_symbol"], *pairs["short_symbol"]})]
    closes = wanted.pivot(index="session", columns="symbol", values="close")
    totals = wanted.pivot(index="session", columns="symbol", values="total_return_pct")
    rows = []
    for pair in pairs.itertuples():
        sides = [pair.long_symbol, pair.short_symbol]
        price = closes[sides].dropna()
        rows.append(pair_strength(100 * price / price.iloc[0], pair, "price"))
        total = totals.loc[price.index, sides]
        gaps = total.isna().any(axis=1).cumsum()  # behind a gap a new history begins
        for _, history in total.dropna().groupby(gaps):
            growth = (1 + history / 100).cumprod()
            rows.append(pair_strength(100 * growth / growth.iloc[0], pair, "total_return"))
    return pd.concat(rows, ignore_index=True)


def pair_strength(index: pd.DataFrame, pair: object, basis: str) -> pd.DataFrame:
    """One pair on one basis, from the two indices on its common sessions."""
    index = index.set_axis(["long", "short"], axis=1)
    ratio = index["long"] / index["short"]
    table = pd.DataFrame(
        {
            "session": index.index,
            "pair": pair.pair,
            "basis": basis,
            "long_symbol": pair.long_symbol,
            "short_symbol": pair.short_symbol,
            "long_index": index["long"],
            "short_index": index["short"],
            "ratio": ratio,
        }
    )
    for name, count in {"1d": 1, **WINDOWS}.items():
        growth = index / index.shift(count)
        table[f"excess_{name}_pct"] = 100 * (growth["long"] - growth["short"])
    base = index.reindex(year_base(index.index)).set_axis(index.index)
    ytd = 100 * (index / base - 1)
    table["long_ytd_pct"] = ytd["long"]
    table["short_ytd_pct"] = ytd["short"]
    table["excess_ytd_pct"] = ytd["long"] - ytd["short"]
    table["ratio_sma_50"] = windowed(ratio, 50, np.mean)
    table["ratio_sma_200"] = windowed(ratio, 200, np.mean)
    table["ratio_zscore_252"] = (ratio - windowed(ratio, 252, np.mean)) / windowed(
        ratio, 252, sample_deviation
    )
    excess = table["excess_3m_pct"]
    rank = excess.dropna().expanding(FIRST_PERCENTILE).rank(method="max", pct=True)
    table["excess_3m_percentile"] = 100 * rank
    table["history_start"] = index.index[0]
    return table.reset_index(drop=True)


def year_base(dates: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """For each date the last session of the previous calendar year."""
    last = {year: days[-1] for year, days in sessions().groupby(sessions().year).items()}
    return pd.DatetimeIndex([last.get(year - 1, pd.NaT) for year in dates.year])


def windowed(series: pd.Series, count: int, statistic) -> pd.Series:
    """A statistic of the last `count` values of a series, NaN where there are fewer."""
    result = pd.Series(np.nan, series.index)
    if len(series) >= count:
        windows = np.lib.stride_tricks.sliding_window_view(series.to_numpy(), count)
        result.iloc[count - 1 :] = statistic(windows, axis=1)
    return result


def sample_deviation(windows: np.ndarray, axis: int) -> np.ndarray:
    return np.std(windows, axis=axis, ddof=1)


# rotation.streak ----------------------------------------------------------------------------


def streak(strength: pd.DataFrame) -> pd.DataFrame:
    """`rotation.streak` from relative strength's rows, one session after the other."""
    rows = []
    for _, pair in strength.groupby(["pair", "basis", "history_start"], sort=False):
        rows += pair_streaks(pair)
    return pd.DataFrame(rows)


def pair_streaks(pair: pd.DataFrame) -> list[dict]:
    """The streak at each session of one pair on one basis, by going through them."""
    columns = ["session", "excess_1d_pct", "long_index", "short_index"]
    days = list(pair[columns].itertuples(index=False, name=None))
    named = {"pair": pair["pair"].iloc[0], "basis": pair["basis"].iloc[0]}
    named["history_start"] = days[0][0]
    rows: list[dict] = []
    ended: dict[int, list[tuple[int, pd.Timestamp]]] = {1: [], -1: [], 0: []}
    longest = {1: 0, -1: 0, 0: 0}
    sign_before, count = 0, 0
    for (before, _, long_before, short_before), day in itertools.pairwise(days):
        session, excess, long_index, short_index = day
        sign = 0 if abs(excess) < TIE_PCT else int(np.sign(excess))
        if sign != sign_before or not rows:
            ended[sign_before].append((count, before))  # length and last session
            count, margin = 0, np.inf
            start, long_base, short_base = session, long_before, short_before
        count, margin, sign_before = count + 1, min(margin, 100 * abs(excess)), sign
        row = named | {
            "session": session,
            "excess_1d_pct": excess,
            "streak_sessions": sign * count,
            "is_record": False,
        }
        if sign:
            longest[sign] = max(longest[sign], count)
            since = (last for length, last in reversed(ended[sign]) if length >= count)
            row |= {
                "streak_start": start,
                "streak_excess_pct": 100 * (long_index / long_base - short_index / short_base),
                "min_margin_bp": margin,
                "longest_since": next(since, pd.NaT),
                "record_sessions": longest[sign],
                "is_record": count == longest[sign],
            }
        rows.append(row)
    return rows


# rotation.breadth ---------------------------------------------------------------------------


def breadth(
    quotes: pd.DataFrame, members: pd.DataFrame, benchmarks: dict[str, str]
) -> pd.DataFrame:
    """`rotation.breadth`; `benchmarks` names the symbol that each cohort's members must beat."""
    states = member_states(quotes[quotes["symbol"].isin(set(members["symbol"]))])
    rows = []
    for cohort, own in members.groupby("cohort"):
        fund = quotes[quotes["symbol"] == benchmarks[cohort]].set_index("session")["close"]
        rows.append(cohort_breadth(states, cohort, own, 100 * (fund / fund.shift(21) - 1)))
    return pd.concat(rows, ignore_index=True)


def member_states(quotes: pd.DataFrame) -> pd.DataFrame:
    """What each quote with one before it says: up or down, above its means, at an extreme."""
    parts = []
    for symbol, own in quotes.groupby("symbol"):
        price = own["close"].to_numpy()
        close = np.rint(price / PRICE_STEP).astype(np.int64)
        state = pd.DataFrame({"symbol": symbol, "session": own["session"].to_numpy()})
        state["return_pct"] = own["return_pct"].to_numpy()
        state["move"] = np.concatenate([[0], np.sign(np.diff(price))])
        state["return_1m_pct"] = 100 * (own["close"] / own["close"].shift(21) - 1).to_numpy()
        for count in (20, 50, 200, 252):
            windows = trailing(close, count)
            if count == 252:
                state["is_high"] = padded(close[count - 1 :] == windows.max(axis=1), len(close))
                state["is_low"] = padded(close[count - 1 :] == windows.min(axis=1), len(close))
            else:
                is_above = count * close[count - 1 :] > windows.sum(axis=1)
                state[f"above_{count}"] = padded(is_above, len(close))
        parts.append(state.iloc[1:])
    return pd.concat(parts, ignore_index=True)


def trailing(values: np.ndarray, count: int) -> np.ndarray:
    """Each value's window of the last `count` values; no rows where there are too few."""
    if len(values) < count:
        return np.empty((0, count), dtype=values.dtype)
    return np.lib.stride_tricks.sliding_window_view(values, count)


def padded(flags: np.ndarray, length: int) -> np.ndarray:
    """Flags as 1.0 and 0.0 behind as many NaN as are missing at the start."""
    flags = flags[:length]
    return np.concatenate([np.full(length - len(flags), np.nan), flags.astype(float)])


def cohort_breadth(
    states: pd.DataFrame, cohort: str, members: pd.DataFrame, fund_1m_pct: pd.Series
) -> pd.DataFrame:
    """One cohort's rows: the members that each session's file names, and what they did."""
    own = states[states["symbol"].isin(set(members["symbol"]))]
    covered = pd.concat(
        [
            own[own["session"].between(start, end)].merge(file, on="symbol")
            for start, end, file in memberships(members)
        ]
    )
    covered["fund_1m_pct"] = covered["session"].map(fund_1m_pct)
    both = covered["return_1m_pct"].notna() & covered["fund_1m_pct"].notna()
    covered["beats"] = (covered["return_1m_pct"] > covered["fund_1m_pct"]).where(both)
    covered["beats"] = covered["beats"].astype(float)
    groups = covered.groupby("session")
    table = pd.DataFrame(
        {
            "covered_count": groups.size(),
            "covered_weight_pct": groups["weight_pct"].sum(min_count=1),
            "advancers": (covered["move"] > 0).groupby(covered["session"]).sum(),
            "decliners": (covered["move"] < 0).groupby(covered["session"]).sum(),
            "unchanged": (covered["move"] == 0).groupby(covered["session"]).sum(),
        }
    )
    for start, end, file in memberships(members):
        within = (table.index >= start) & (table.index <= end)
        table.loc[within, "member_count"] = len(file)
        table.loc[within, "weight_pct"] = file["weight_pct"].sum(min_count=1)
    table["coverage_pct"] = 100 * table["covered_count"] / table["member_count"]
    table["coverage_weight_pct"] = 100 * table["covered_weight_pct"] / table["weight_pct"]
    table["is_low_coverage"] = table["coverage_pct"] < 75
    table["advance_pct"] = 100 * table["advancers"] / table["covered_count"]
    for count in (20, 50, 200):
        table[f"eligible_{count}_count"] = groups[f"above_{count}"].count()
        table[f"above_sma_{count}_pct"] = 100 * groups[f"above_{count}"].mean()
    table["eligible_252_count"] = groups["is_high"].count()
    table["new_high_252"] = groups["is_high"].sum(min_count=1)
    table["new_low_252"] = groups["is_low"].sum(min_count=1)
    net = table["new_high_252"] - table["new_low_252"]
    table["net_new_high_pct"] = 100 * net / table["eligible_252_count"]
    table["outperforming_1m_pct"] = 100 * groups["beats"].mean()
    table["median_return_1m_pct"] = groups["return_1m_pct"].median()
    table["equal_weight_return_1d_pct"] = groups["return_pct"].mean()
    table["ad_line"] = (table["advancers"] - table["decliners"]).cumsum()
    table["mcclellan"] = mcclellan(table["advancers"], table["decliners"])
    table["mcclellan_summation"] = table["mcclellan"].cumsum().ffill()
    table["is_membership_backfilled"] = table.index < members["valid_from"].min()
    table["history_start"] = table.index[0]
    return table.reset_index().assign(cohort=cohort)


def memberships(
    members: pd.DataFrame,
) -> list[tuple[pd.Timestamp, pd.Timestamp, pd.DataFrame]]:
    """Each file's members with the sessions that use it; the first one serves all before it."""
    files = sorted(members.groupby("valid_from", dropna=False), key=lambda file: file[0])
    starts = [pd.Timestamp.min, *(start for start, _ in files[1:])]
    ends = [*(start - pd.Timedelta(days=1) for start in starts[1:]), pd.Timestamp.max]
    return [
        (start, end, file[["symbol", "weight_pct"]])
        for start, end, (_, file) in zip(starts, ends, files, strict=True)
    ]


def mcclellan(advancers: pd.Series, decliners: pd.Series) -> pd.Series:
    """19- minus 39-session exponential mean of the ratio-adjusted net advances.

    A session on which nothing moved has no ratio; it is left out, and counts as none.
    """
    moved = advancers + decliners
    net = (1000 * (advancers - decliners) / moved.where(moved > 0)).dropna()
    fast = net.ewm(alpha=2 / 20, adjust=False).mean()
    slow = net.ewm(alpha=2 / 40, adjust=False).mean()
    return (fast - slow).iloc[38:]


# rotation.quadrant --------------------------------------------------------------------------


def quadrant(quotes: pd.DataFrame, placed: pd.DataFrame) -> pd.DataFrame:
    """`rotation.quadrant` of every symbol against its benchmark."""
    wanted = quotes[quotes["symbol"].isin({*placed["symbol"], *placed["benchmark"]})]
    closes = wanted.pivot(index="session", columns="symbol", values="close")
    rows = []
    for one in placed.itertuples():
        both = closes[[one.symbol, one.benchmark]].dropna()
        table = rotation(100 * both[one.symbol] / both[one.benchmark])
        rows.append(table.assign(symbol=one.symbol, benchmark=one.benchmark))
    return pd.concat(rows, ignore_index=True)


def rotation(strength: pd.Series) -> pd.DataFrame:
    """Trend and momentum of one relative strength line, and where they put it."""
    trend = 100 + standardised(strength)
    momentum = 100 + standardised(100 * (trend / trend.shift(10) - 1))
    names = np.select(
        [
            (trend >= 100) & (momentum >= 100),
            (trend >= 100) & (momentum < 100),
            (trend < 100) & (momentum < 100),
            (trend < 100) & (momentum >= 100),
        ],
        ["leading", "weakening", "lagging", "improving"],
        default=None,
    )
    turn = np.arctan2(momentum - momentum.shift(5), trend - trend.shift(5))
    return pd.DataFrame(
        {
            "session": strength.index,
            "relative_trend": trend.to_numpy(),
            "relative_momentum": momentum.to_numpy(),
            "quadrant": names,
            "distance": np.hypot(trend - 100, momentum - 100).to_numpy(),
            "heading_deg": (np.degrees(turn) % 360).to_numpy(),
        }
    )


def standardised(values: pd.Series) -> pd.Series:
    """Each value's distance from the mean of the last 63, in their sample deviations."""
    deviation = windowed(values, 63, sample_deviation)
    return (values - windowed(values, 63, np.mean)) / deviation.where(deviation > 0)
