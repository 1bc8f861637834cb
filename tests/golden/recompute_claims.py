"""The verdicts on claims once more, in pandas, from the metrics' tables.

Nothing here is shared with `transforms`: it is a second opinion, written from the contract, the
rows of reference.claim, claim_second_reading, index_target and claim_metric, and the columns'
comments. A measure is a frame by the day that it was measured on: value, and where the metric has
them coverage_pct, history_start and known_at. Days are pandas timestamps.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from recompute import year_base

LEAST_COVERAGE_PCT = 75
MONTH, QUARTER = 21, 63  # sessions
Tables = dict[str, pd.DataFrame]


# What a metric measures ---------------------------------------------------------------------


def measure(name: str, of: str, lookback: str, tables: Tables) -> pd.DataFrame:
    """The values of one metric of one symbol, pair or cohort; of a consensus, of one horizon."""
    table, column = name.split(".")
    if table in ("floating_rate_share", "rate_sensitivity"):
        # Published shares and scenarios judge nothing.
        return framed(pd.Series(dtype=float, index=pd.DatetimeIndex([])))
    makers = {
        "quote": quote_measure,
        "relative_strength": pair_measure,
        "streak": streak_measure,
        "breadth": breadth_measure,
        "concentration": cohort_measure,
        "rate_regime": rate_measure,
        "risk": risk_measure,
        "earnings_growth": growth_measure,
        "earnings_handoff": gap_measure,
        "estimate_revision": revision_measure,
        "valuation": valuation_measure,
    }
    return makers[table](column, of, lookback, tables).sort_index()


def framed(value: pd.Series, **others: object) -> pd.DataFrame:
    """A measure, the columns that the metric does not have empty."""
    frame = pd.DataFrame({"value": value.astype(float)})
    for column, empty in {"coverage_pct": np.nan, "history_start": pd.NaT}.items():
        frame[column] = others.get(column, empty)
    frame["known_at"] = others.get("known_at", pd.Timestamp.min)
    return frame


def rows_of(table: pd.DataFrame, **wanted: str) -> pd.DataFrame:
    """The rows that have these labels, by day."""
    for column, label in wanted.items():
        table = table[table[column] == label]
    day = "session" if "session" in table else "snapshot_date"
    return table.set_index(day).sort_index()


def quote_measure(column: str, of: str, _: str, tables: Tables) -> pd.DataFrame:
    quote = rows_of(tables["core.quote"], symbol=of)
    if column == "close":
        splits = quote["split_ratio"].replace(0, np.nan).fillna(1.0)
        later = splits[::-1].cumprod()[::-1].shift(-1, fill_value=1.0)
        return framed(quote["close"] * later)  # as it was that day
    base = quote["close"].reindex(year_base(quote.index)).set_axis(quote.index)
    return framed(100 * (quote["close"] / base - 1))


def pair_measure(column: str, of: str, _: str, tables: Tables) -> pd.DataFrame:
    pair = rows_of(tables["rotation.relative_strength"], pair=of, basis="price")
    return framed(pair[column], history_start=pair["history_start"])


def streak_measure(column: str, of: str, _: str, tables: Tables) -> pd.DataFrame:
    """The longest winning streak of a month of sessions, and when there was one as long."""
    streak = rows_of(tables["rotation.streak"], pair=of, basis="price")
    if column == "streak_sessions":
        return framed(streak[column], history_start=streak["history_start"])
    longest = streak["streak_sessions"].clip(lower=0).rolling(MONTH, min_periods=1).max()
    if column == "longest_1m_sessions":
        return framed(longest, history_start=streak["history_start"])
    since = streak["longest_since"].fillna(streak["history_start"])
    found = []
    for n, length in enumerate(longest):
        month = streak["streak_sessions"].iloc[max(0, n - MONTH + 1) : n + 1]
        found.append(since[month.index[month == length][0]] if (month == length).any() else pd.NaT)
    return framed(as_number(pd.Series(found, longest.index)), history_start=streak["history_start"])


def as_number(days: pd.Series) -> pd.Series:
    """Dates as numbers: 20260127."""
    days = pd.to_datetime(days)
    return 10_000.0 * days.dt.year + 100 * days.dt.month + days.dt.day


def breadth_measure(column: str, of: str, _: str, tables: Tables) -> pd.DataFrame:
    """Of the members covered and with 50 quotes; of a comparison, the worse covered side's."""
    own = rows_of(tables["rotation.breadth"], cohort=of)
    coverage = 100 * own["eligible_50_count"] / own["member_count"]
    if column == "above_sma_50_change_1m_pct":
        value = own["above_sma_50_pct"].diff(MONTH)
        both = pd.concat([coverage, coverage.shift(MONTH)], axis=1)
        return framed(value, coverage_pct=both.min(axis=1, skipna=False))
    if column == "median_return_1m_less_mag7_pct":
        seven = rows_of(tables["rotation.breadth"], cohort="MAG7").reindex(own.index)
        value = own["median_return_1m_pct"] - seven["median_return_1m_pct"]
        theirs = 100 * seven["eligible_50_count"] / seven["member_count"]
        both = pd.concat([coverage, theirs], axis=1)
        return framed(value, coverage_pct=both.min(axis=1, skipna=False))
    raise NotImplementedError(column)


def cohort_measure(column: str, of: str, _: str, tables: Tables) -> pd.DataFrame:
    own = rows_of(tables["rotation.concentration"], cohort=of)
    return framed(own[column], coverage_pct=own["coverage_pct"])


def rate_measure(column: str, _: str, __: str, tables: Tables) -> pd.DataFrame:
    regime = rows_of(tables["rotation.rate_regime"])
    if column == "cycle_start":
        return framed(as_number(regime["cycle_start"]))
    known = regime["stance"].notna()
    if column == "is_easing":
        return framed((regime["stance"] == "easing").where(known))
    if column == "cpi_rise_while_paused_pct":
        rise = regime["cpi_yoy_pct"] - regime["cpi_yoy_pct"].shift(QUARTER)
        return framed(rise.where(regime["stance"] == "paused", 0.0).where(known))
    return framed(regime[column])


def risk_measure(column: str, of: str, _: str, tables: Tables) -> pd.DataFrame:
    own = rows_of(tables["rotation.risk"], symbol=of)
    value = own[column.replace("_less_spy", "")]
    if "_less_spy" in column:
        value = value - rows_of(tables["rotation.risk"], symbol="SPY")[value.name]
        value = value.reindex(own.index)
    return framed(value, history_start=own["history_start"])


def known_at(days: pd.Index, tables: Tables) -> pd.Series:
    """When each snapshot's consensus was first known."""
    first = tables["core.estimate"].groupby("snapshot_date")["known_at"].min()
    return first.reindex(days)


def growth_measure(column: str, of: str, horizon: str, tables: Tables) -> pd.DataFrame:
    table = tables["rotation.earnings_growth"]
    own = rows_of(table, cohort=of, horizon=horizon)
    known = known_at(own.index, tables)
    if column != "growth_change_pct":
        return framed(own[column], coverage_pct=own["coverage_pct"], known_at=known)
    before = "0y" if horizon == "+1y" else f"CY{int(horizon[2:]) - 1}"
    past = rows_of(table, cohort=of, horizon=before).reindex(own.index)
    both = pd.concat([own["coverage_pct"], past["coverage_pct"]], axis=1).min(axis=1)
    value = own["earnings_growth_pct"] - past["earnings_growth_pct"]
    return framed(value, coverage_pct=both, known_at=known)


def gap_measure(column: str, _: str, horizon: str, tables: Tables) -> pd.DataFrame:
    own = rows_of(tables["rotation.earnings_handoff"], horizon=horizon)
    both = own[["small_coverage_pct", "mag7_coverage_pct"]].min(axis=1)
    return framed(own[column], coverage_pct=both, known_at=known_at(own.index, tables))


def revision_measure(column: str, of: str, horizon: str, tables: Tables) -> pd.DataFrame:
    own = rows_of(tables["rotation.estimate_revision"], cohort=of, horizon=horizon)
    coverage = 100 * own["counted_count"] / own["member_count"]
    return framed(own[column], coverage_pct=coverage, known_at=known_at(own.index, tables))


def valuation_measure(column: str, of: str, _: str, tables: Tables) -> pd.DataFrame:
    """Of the issuers with both a market value and the earnings; of a discount, the worse side's."""
    table = tables["rotation.valuation"]
    own, seven = rows_of(table, cohort=of), rows_of(table, cohort="MAG7")
    seven = seven.reindex(own.index)
    count = "next_year_count" if column.startswith("next_year") else "covered_count"
    coverage = 100 * own[count] / own["member_count"]
    value = own.get(column)
    if "discount" in column:
        theirs = 100 * seven[count] / seven["member_count"]
        coverage = pd.concat([coverage, theirs], axis=1).min(axis=1)
        multiple = "next_year_pe" if column.startswith("next_year") else "ntm_pe"
        multiple += "_ex_losses" if "_ex_losses" in column else ""
        value = 100 * (own[multiple] / seven[multiple] - 1)
    return framed(value, coverage_pct=coverage, known_at=known_at(own.index, tables))


# What it says about a claim -----------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """What one reading says on one day: the value, and whether it lies in the claimed range.

    Both are None where it must not be judged on.
    """

    value: float | None
    is_within: bool | None


def is_within(reading: object, value: float) -> bool:
    low, high = reading.claimed_low, reading.claimed_high
    return (pd.isna(low) or value >= low) and (pd.isna(high) or value <= high)


def measurable(reading: object, values: pd.DataFrame) -> pd.Series:
    """On which days the reading may be judged on: covered, with enough history, with a value."""
    floor = max(reading.min_coverage_pct, LEAST_COVERAGE_PCT)
    is_usable = values["value"].notna() & ~(values["coverage_pct"] < floor)
    if pd.notna(reading.history_from):
        is_usable &= values["history_start"] <= pd.Timestamp(reading.history_from)
    if isinstance(reading.caveat, str):
        is_usable &= False
    return is_usable


def said(reading: object, values: pd.DataFrame, day: pd.Timestamp, known_by: pd.Timestamp) -> Said:
    """What the newest value that is young enough on a day, and known by then, says."""
    oldest = day - pd.Timedelta(days=reading.max_age_days)
    seen = values[(values.index >= oldest) & (values.index <= day)]
    seen = seen[seen["known_at"] <= known_by]
    if seen.empty or not measurable(reading, seen).iloc[-1]:
        return Said(None, None)
    value = float(seen["value"].iloc[-1])
    return Said(value, is_within(reading, value))


def readings(reference: Tables) -> dict[str, list[object]]:
    """Each claim's readings with their metrics' rows, its own first."""
    targets = reference["index_target"].rename(
        columns={"symbol": "symbol_or_pair", "target": "claimed_low"}
    )
    targets = targets.assign(
        metric="quote.close", min_coverage_pct=0, is_about_the_past=False, lookback="any"
    )
    own = pd.concat([reference["claim"], targets], ignore_index=True)
    stated = own.set_index("claim_id")[["stated_on", "due_on", "is_about_the_past"]]
    second = reference["claim_second_reading"].join(stated, on="claim_id")
    every = pd.concat([own, second], ignore_index=True)
    every = every.merge(reference["claim_metric"][["metric", "max_age_days", "caveat"]], how="left")
    found: dict[str, list[object]] = {}
    for reading in every.itertuples():
        found.setdefault(reading.claim_id, []).append(reading)
    return found


def claim_check(
    reference: Tables, tables: Tables, newest: pd.Timestamp, evening: pd.Series
) -> pd.DataFrame:
    """`rotation.claim_check` without its words; `evening` says when each session's night ends."""
    rows = []
    for claim, ways in readings(reference).items():
        values = [measure(w.metric, w.symbol_or_pair, w.lookback, tables) for w in ways]
        stated = evening.index[evening.index <= pd.Timestamp(ways[0].stated_on)][-1]
        is_usable = measurable(ways[0], values[0])
        latest = values[0].index[is_usable].max()
        if ways[0].is_about_the_past:
            latest = stated
        judged_on = newest if pd.isna(latest) else latest
        then = [said(*both, stated, evening[stated]) for both in zip(ways, values, strict=True)]
        now = [said(*both, judged_on, pd.Timestamp.max) for both in zip(ways, values, strict=True)]
        has_come = comes_true(ways[0], values[0][is_usable], stated)
        rows.append(
            {
                "claim_id": claim,
                "actual_on_date": then[0].value,
                "verdict_on_date": verdict(ways[0], then, stated),
                "actual_latest": now[0].value,
                "verdict_latest": "confirmed" if has_come else verdict(ways[0], now, newest),
                "latest_session": latest if now[0].value is not None else pd.NaT,
            }
        )
    return pd.DataFrame(rows)


def comes_true(own: object, values: pd.DataFrame, stated: pd.Timestamp) -> bool:
    """Whether a forecast's value has been in the range after its day, up to its due date."""
    if pd.isna(own.due_on):
        return False
    within = values[(values.index > stated) & (values.index <= pd.Timestamp(own.due_on))]
    return any(is_within(own, value) for value in within["value"])


def verdict(own: object, sayings: list[Said], day: pd.Timestamp) -> str:
    """What the readings of a claim come to on a day; the claim's own is the first."""
    is_forecast = pd.notna(own.due_on)
    if is_forecast and pd.Timestamp(own.due_on) > day:
        return "pending"
    if sayings[0].is_within is None:
        return "not_measurable"
    found = {saying.is_within for saying in sayings} - {None}
    if len(found) == 2 and not is_forecast:
        return "definition_dependent"
    return "confirmed" if sayings[0].is_within else "contradicted"
