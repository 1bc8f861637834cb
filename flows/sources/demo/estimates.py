"""Snapshots of the simulated analysts' consensus."""

from datetime import date

import numpy as np
import pandas as pd

from flows.sources.demo.cast import Cast
from flows.sources.demo.companies import Companies, period_end
from flows.sources.demo.draws import Counts, Floats
from flows.sources.demo.history import History

LOOKBACK_DAYS = (7, 30, 60, 90)


def estimate_frame(
    cast: Cast, companies: Companies, history: History, since: date | None
) -> pd.DataFrame:
    """Snapshots from `since` to `until`, four horizons of each listed and covered stock.

    Columns are those of a folder's estimates. What it says of 7, 30, 60 and 90 days ago is the
    consensus of that day for the same fiscal period.
    """
    indices = history.told(history.estimate_days(), since)
    frames = [_columns_only()]
    for index in indices:
        day = history.days[index]
        covered = cast.is_listed(int(index)) & (companies.analysts > 0)
        for horizon in ("0q", "+1q", "0y", "+1y"):
            snapshot = _snapshot(companies, day, horizon)
            snapshot.insert(0, "symbol", cast.symbols)
            frames.append(snapshot[covered])
    return pd.concat(frames, ignore_index=True)


def _snapshot(companies: Companies, day: np.datetime64, horizon: str) -> pd.DataFrame:
    """One horizon of all stocks on one day."""
    is_year, is_next = horizon.endswith("y"), horizon.startswith("+")
    month = companies.current_period(day, is_year) + is_next * (12 if is_year else 3)
    now = _mean(companies, month, is_year, day)
    ago = {
        days: _mean(companies, month, is_year, day - np.timedelta64(days, "D"))
        for days in LOOKBACK_DAYS
    }
    columns: dict[str, object] = {
        "snapshot_date": day.astype("datetime64[s]"),
        "horizon": horizon,
        "fiscal_period_end": period_end(month).astype("datetime64[s]"),
        "report_date": companies.report_day(month, is_year).astype("datetime64[s]"),
        "eps_avg": now,
        "eps_low": np.round(now - np.abs(now) * companies.spread, 4),
        "eps_high": np.round(now + np.abs(now) * companies.spread, 4),
        "eps_year_ago": _mean(companies, month - 12, is_year, day),
        **{f"eps_{days}d_ago": values for days, values in ago.items()},
    }
    for days in (7, 30):
        drift = np.divide(
            now - ago[days], np.abs(ago[days]), where=ago[days] != 0, out=np.zeros_like(now)
        )
        active = companies.analysts * min(0.15 + days / 60, 1.0)
        share_up = np.clip(0.5 + 12 * drift, 0.0, 1.0)
        columns[f"up_{days}d"] = np.floor(active * share_up)
        columns[f"down_{days}d"] = np.floor(active * (1 - share_up))
    columns["analysts"] = companies.analysts.astype(float)
    columns["currency"] = "USD"
    return pd.DataFrame(columns)


def _mean(companies: Companies, month: Counts, is_year: bool, day: np.datetime64) -> Floats:
    """Mean estimate on `day` of the fiscal period that ends in that month, USD a share."""
    if is_year:
        return np.round(companies.consensus(month, day), 4)
    year = companies.fiscal_year_of(month)
    return np.round(companies.consensus(year, day) * companies.quarter_share(month), 4)


def _columns_only() -> pd.DataFrame:
    dates = ("snapshot_date", "fiscal_period_end", "report_date")
    texts = ("symbol", "horizon", "currency")
    numbers = (
        "eps_avg",
        "eps_low",
        "eps_high",
        "eps_year_ago",
        "eps_7d_ago",
        "eps_30d_ago",
        "eps_60d_ago",
        "eps_90d_ago",
        "up_7d",
        "down_7d",
        "up_30d",
        "down_30d",
        "analysts",
    )
    order = ("symbol", *dates[:1], "horizon", *dates[1:], *numbers, "currency")
    types = dict.fromkeys(dates, "datetime64[s]") | dict.fromkeys(texts, "str")
    return pd.DataFrame({name: pd.Series([], dtype=types.get(name, "float64")) for name in order})
