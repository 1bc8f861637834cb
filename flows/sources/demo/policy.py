"""The Federal Reserve's target rate as it was, which the simulated yields are drawn around."""

from datetime import date

import numpy as np

from flows.sources.demo.draws import Days, Floats

# Source: Federal Reserve Board, https://www.federalreserve.gov/monetarypolicy/openmarket.htm;
# the day from which each rate holds in FRED's DFEDTARU (DFEDTAR before December 2008).
FIRST_RANGE = date(2008, 12, 16)  # one rate before, the upper bound of a range of 0.25 from then on
TARGET_UPPER_PCT = (
    (date(2006, 6, 29), 5.25),
    (date(2007, 9, 18), 4.75),
    (date(2007, 10, 31), 4.50),
    (date(2007, 12, 11), 4.25),
    (date(2008, 1, 22), 3.50),
    (date(2008, 1, 30), 3.00),
    (date(2008, 3, 18), 2.25),
    (date(2008, 4, 30), 2.00),
    (date(2008, 10, 8), 1.50),
    (date(2008, 10, 29), 1.00),
    (FIRST_RANGE, 0.25),
    (date(2015, 12, 16), 0.50),
    (date(2016, 12, 14), 0.75),
    (date(2017, 3, 16), 1.00),
    (date(2017, 6, 15), 1.25),
    (date(2017, 12, 14), 1.50),
    (date(2018, 3, 22), 1.75),
    (date(2018, 6, 14), 2.00),
    (date(2018, 9, 27), 2.25),
    (date(2018, 12, 20), 2.50),
    (date(2019, 8, 1), 2.25),
    (date(2019, 9, 19), 2.00),
    (date(2019, 10, 31), 1.75),
    (date(2020, 3, 4), 1.25),
    (date(2020, 3, 16), 0.25),
    (date(2022, 3, 17), 0.50),
    (date(2022, 5, 5), 1.00),
    (date(2022, 6, 16), 1.75),
    (date(2022, 7, 28), 2.50),
    (date(2022, 9, 22), 3.25),
    (date(2022, 11, 3), 4.00),
    (date(2022, 12, 15), 4.50),
    (date(2023, 2, 2), 4.75),
    (date(2023, 3, 23), 5.00),
    (date(2023, 5, 4), 5.25),
    (date(2023, 7, 27), 5.50),
    (date(2024, 9, 19), 5.00),
    (date(2024, 11, 8), 4.75),
    (date(2024, 12, 19), 4.50),
    (date(2025, 9, 18), 4.25),
    (date(2025, 10, 30), 4.00),
    (date(2025, 12, 11), 3.75),
)


def target_upper_pct(days: Days) -> Floats:
    """Upper bound of the target on each day; the first and the last known one hold beyond."""
    starts = np.array([day for day, _ in TARGET_UPPER_PCT], dtype="datetime64[D]")
    rates = np.array([rate for _, rate in TARGET_UPPER_PCT])
    return rates[np.maximum(np.searchsorted(starts, days, side="right") - 1, 0)]


def target_lower_pct(days: Days) -> Floats:
    """Lower bound of the target on each day; equal to the upper one before there was a range."""
    return target_upper_pct(days) - np.where(days >= np.datetime64(FIRST_RANGE), 0.25, 0.0)


def effective_rate_pct(days: Days) -> Floats:
    """The overnight rate that banks pay, a little above the lower bound."""
    return target_lower_pct(days) + np.where(days >= np.datetime64(FIRST_RANGE), 0.08, 0.0)


def expected_rate_pct(days: Days, horizon_days: int) -> Floats:
    """Mean overnight rate over the coming days, as a market that guesses right would price it."""
    ahead = np.arange(days[0], days[-1] + np.timedelta64(horizon_days + 1, "D"))
    total = np.append(0.0, effective_rate_pct(ahead).cumsum())
    at = (days - days[0]).astype(int)
    mean: Floats = (total[at + horizon_days] - total[at]) / horizon_days
    return mean
