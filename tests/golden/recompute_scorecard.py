"""The signals and the scorecard once more, in pandas, from the metrics' tables.

Nothing here is shared with `transforms`: it is a second opinion, written from the contract, the
rows of reference.scorecard_signal and the columns' comments. Sessions are pandas timestamps.
"""

import re

import numpy as np
import pandas as pd

MOST_VALUES, FEWEST_VALUES = 1260, 252  # that a score ranks its value among
LEAST_COVERAGE_PCT = 75
LEAST_WEIGHT = 0.6  # of the signals with a score, for a scorecard
ROUNDING = 1e-9  # a sum of weights or scores this near a bound is at it


def observations(signal: object, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """What a signal measures: value, is_low and is_backfilled by the day that it was measured on.

    Its reference row names the table, the column and the rows of it that count.
    """
    source = tables[signal.source_table]
    day = "session" if "session" in source else "snapshot_date"
    own = rows_of(source, signal.source_filter).set_index(day)
    is_backfilled = pd.Series(False, own.index)
    if signal.source_table == "rotation.breadth":
        is_low = own["is_low_coverage"] | is_short(own["eligible_50_count"], own["member_count"])
        is_backfilled = own["is_membership_backfilled"]
    elif signal.source_table == "rotation.estimate_revision":
        is_low = own["is_low_coverage"] | is_short(own["counted_count"], own["member_count"])
        is_backfilled = own["is_membership_backfilled"]
    elif signal.source_table == "rotation.valuation":
        seven = rows_of(source, "cohort = 'MAG7'").set_index(day).reindex(own.index)
        is_low = own["is_low_coverage"] | seven["is_low_coverage"].fillna(True).astype(bool)
        is_backfilled = own["is_membership_backfilled"]
    elif signal.source_table == "rotation.earnings_handoff":
        covered = own[["small_coverage_pct", "mag7_coverage_pct"]]
        is_low = ~(covered >= LEAST_COVERAGE_PCT).all(axis=1)
        growth = tables["rotation.earnings_growth"]
        small = rows_of(growth, f"cohort = 'SMALL' and {signal.source_filter}").set_index(day)
        is_backfilled = small["is_membership_backfilled"].reindex(own.index, fill_value=False)
    else:
        is_low = is_backfilled
    return pd.DataFrame(
        {"value": own[signal.source_column], "is_low": is_low, "is_backfilled": is_backfilled}
    ).sort_index()


def rows_of(table: pd.DataFrame, condition: str) -> pd.DataFrame:
    """The rows of a table that a condition of the form `a = 'x' and b = 'y'` leaves."""
    for column, wanted in re.findall(r"(\w+) = '([^']*)'", condition):
        table = table[table[column] == wanted]
    return table


def is_short(count: pd.Series, member_count: pd.Series) -> pd.Series:
    return 100 * count < LEAST_COVERAGE_PCT * member_count


def signals(
    reference: pd.DataFrame, tables: dict[str, pd.DataFrame], sessions: pd.DatetimeIndex
) -> pd.DataFrame:
    """`rotation.scorecard_signal` without its sentences, on the sessions since the first quote."""
    rows = []
    for signal in reference.itertuples():
        seen = observations(signal, tables)
        newest = seen.index.searchsorted(sessions, side="right") - 1
        found = seen.take(np.maximum(newest, 0)).reset_index(names="observed_on")
        found.index = sessions
        age = (sessions - pd.DatetimeIndex(found["observed_on"])).days
        is_current = (newest >= 0) & (age <= signal.max_age_days)
        value = found["value"].where(is_current & ~found["is_low"])
        table = pd.DataFrame(
            {
                "session": sessions,
                "signal": signal.signal,
                "signal_group": signal.signal_group,
                "value": value,
                "observed_on": found["observed_on"].where(is_current),
                "is_low_coverage": is_current & found["is_low"],
                "is_membership_backfilled": is_current & found["is_backfilled"],
                "score": signal.sign * (2 * share_not_above(value) - 1),
                "weight": signal.weight,
                "history_start": pd.Series(value.first_valid_index(), sessions).where(
                    value.notna()
                ),
            }
        )
        rows.append(table)
    return pd.concat(rows, ignore_index=True)


def share_not_above(values: pd.Series) -> pd.Series:
    """For each value the share of the last 1,260, this one included, that are not above it."""
    known = values.dropna()
    padded = np.concatenate([np.full(MOST_VALUES, np.nan), known.to_numpy()])
    windows = np.lib.stride_tricks.sliding_window_view(padded, MOST_VALUES)[1:]
    count = np.minimum(np.arange(1, len(known) + 1), MOST_VALUES)
    share = (windows <= windows[:, -1:]).sum(axis=1) / count
    share[: FEWEST_VALUES - 1] = np.nan
    return pd.Series(share, known.index).reindex(values.index)


def scorecard(signal: pd.DataFrame) -> pd.DataFrame:
    """`rotation.scorecard` without its sentence."""
    score = signal.pivot(index="session", columns="signal", values="score")
    weight = signal.pivot(index="session", columns="signal", values="weight")
    flag = signal.pivot(index="session", columns="signal", values="is_membership_backfilled")
    at_hand = weight.where(score.notna()).sum(axis=1)
    mean = (weight * score).sum(axis=1) / at_hand.where(at_hand >= LEAST_WEIGHT - ROUNDING)
    regime = regimes(mean)
    is_scored = regime.notna()
    since = regime[is_scored].ne(regime[is_scored].shift())
    sessions = pd.Series(score.index, score.index)
    start = mean.first_valid_index()
    return pd.DataFrame(
        {
            "session": score.index,
            "score": mean,
            "signal_count": score.notna().sum(axis=1),
            "coverage_pct": 100 * at_hand / weight.sum(axis=1),
            "is_membership_backfilled": (flag & score.notna()).any(axis=1),
            "regime": regime,
            "regime_since": sessions[is_scored].where(since).ffill().reindex(score.index),
            "history_start": pd.Series(start, score.index).where(sessions >= start),
        }
    ).reset_index(drop=True)


def regimes(score: pd.Series) -> pd.Series:
    """The regime of each session that has a score, by going through them."""
    regime, names = "neutral", {}
    for session, value in score.dropna().items():
        is_over = {
            "rotation": value < 0.10 - ROUNDING,
            "mega_cap_leadership": value > -0.10 + ROUNDING,
        }
        if is_over.get(regime):
            regime = "neutral"
        if value >= 0.25 - ROUNDING:
            regime = "rotation"
        if value <= -0.25 + ROUNDING:
            regime = "mega_cap_leadership"
        names[session] = regime
    return pd.Series(names, dtype=object).reindex(score.index)
