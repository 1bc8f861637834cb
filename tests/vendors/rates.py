"""Made-up rates: FRED's series wander around plausible levels and appear when the real ones do."""

import csv
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from .series import Series
from .walk import draws

REFERENCE = Path(__file__).parents[2] / "warehouse" / "reference"
LEVELS = {  # percent at the beginning
    **{"DGS3MO": 4.4, "DGS2": 4.1, "DGS5": 4.0, "DGS10": 4.3, "DGS30": 4.6, "T10YIE": 2.3},
    **{"DFF": 4.33, "EFFR": 4.33, "SOFR": 4.31, "BAMLH0A0HYM2": 3.1, "UNRATE": 4.1},
}
SPREADS = {"T10Y2Y": ("DGS10", "DGS2"), "T10Y3M": ("DGS10", "DGS3MO")}
POLICY = {"DFEDTARL": 4.25, "DFEDTARU": 4.5}
EVERY_DAY = ("DFF", "DFEDTARL", "DFEDTARU")
HOLIDAYS = ("01-01", "06-19", "07-04", "11-11", "12-25")  # of every year, without a value
DAILY_CHANGE, MONTHLY_CHANGE = 0.02, 0.08  # percent points
DAILY_RELEASE = pd.Timedelta(hours=21, minutes=16)  # UTC on the next weekday
MONTHLY_RELEASE = pd.Timedelta(days=11, hours=13, minutes=30)  # after the month's end
NEVER_MEASURED = pd.Timestamp("2025-10-01")  # the month without CPI and unemployment


def demo_series(seed: int, first: date, last: date) -> dict[str, Series]:
    """The series of the reference table with observations from `first` to `last`."""
    with (REFERENCE / "rate_series.csv").open(newline="") as file:
        frequencies = {row["series_id"]: row["frequency"] for row in csv.DictReader(file)}
    values = {
        name: monthly(name, seed, first, last)
        if frequency == "monthly"
        else daily(name, seed, first, last)
        for name, frequency in frequencies.items()
        if name not in SPREADS
    }
    for name in SPREADS.keys() & frequencies.keys():
        long, short = (values[part] for part in SPREADS[name])
        values[name] = (long - short).round(2)
    return {
        name: Series(
            name,
            monthly_vintages(values[name], values[name] + noise(name, seed, values[name].size)),
        )
        if frequency == "monthly"
        else Series(name, daily_vintages(values[name]))
        for name, frequency in frequencies.items()
    }


def daily(name: str, seed: int, first: date, last: date) -> "pd.Series[float]":
    """One value a weekday (or a day), NaN on holidays."""
    days = pd.date_range(first, last, freq="D" if name in EVERY_DAY else "B")
    if name in POLICY:
        level = POLICY[name] - 0.25 * (days >= pd.Timestamp("2025-09-18"))
        return pd.Series(level, days)
    step = 0.0 if name in ("DFF", "EFFR") else DAILY_CHANGE
    changes = draws(seed, name, days.size, 1)[:, 0] * step
    values = np.maximum(LEVELS.get(name, 4.0) + np.cumsum(changes), 0.05)
    is_closed = days.strftime("%m-%d").isin(HOLIDAYS) & (name not in EVERY_DAY)
    return pd.Series(np.where(is_closed, np.nan, values), days).round(2)


def monthly(name: str, seed: int, first: date, last: date) -> "pd.Series[float]":
    """One value on each month's first day; the CPI grows from 250, others wander."""
    days = pd.date_range(first, last, freq="MS")
    changes = draws(seed, name, days.size, 1)[:, 0]
    if name == "CPIAUCSL":
        values = pd.Series(250 * np.exp(np.cumsum(0.0022 + 0.001 * changes)), days).round(3)
    else:
        level = LEVELS.get(name, 4.0) + np.cumsum(MONTHLY_CHANGE * changes)
        values = pd.Series(level, days).round(1)
    return values.mask(days == NEVER_MEASURED)


def noise(name: str, seed: int, count: int) -> np.ndarray:
    """By how much the first release of each month differs from the second."""
    return 0.05 * draws(seed, f"{name} first", count, 1)[:, 0]


def daily_vintages(values: "pd.Series[float]") -> pd.DataFrame:
    """Each value on the next weekday's afternoon, never revised."""
    days = pd.DatetimeIndex(values.index)
    released = days + pd.offsets.BDay(1) + DAILY_RELEASE
    text = [f"{value:.2f}" if value == value else "" for value in values]
    return pd.DataFrame({"observation_date": days, "value": text, "released_at": released})


def monthly_vintages(values: "pd.Series[float]", first: "pd.Series[float]") -> pd.DataFrame:
    """The `first` values in the middle of the next month, and a month later where they change."""
    places = 3 if values.max() > 100 else 1
    days = pd.DatetimeIndex(values.index)
    parts = []
    for months, numbers in ((1, first), (2, values)):
        released = days + pd.offsets.MonthBegin(months) + MONTHLY_RELEASE
        text = [f"{value:.{places}f}" if value == value else "" for value in numbers]
        part = {"observation_date": days, "value": text, "released_at": released}
        parts.append(pd.DataFrame(part))
    rows = pd.concat(parts, ignore_index=True)
    return rows[~rows.duplicated(["observation_date", "value"])]
