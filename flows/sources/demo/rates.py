"""Simulated yields, spreads and prices under the names and conventions of the St. Louis Fed."""

from datetime import date

import numpy as np
import pandas as pd

from flows.sources.demo.draws import Days, Floats, Stream, normals
from flows.sources.demo.history import History
from flows.sources.demo.policy import (
    FIRST_RANGE,
    effective_rate_pct,
    target_lower_pct,
    target_upper_pct,
)
from flows.sources.demo.yields import along_years, session_rates

FIRST_SOFR = date(2018, 4, 3)
FIRST_MONTH = 1990
# Unemployment and inflation by year: rough and invented.
UNEMPLOYMENT_PCT = {
    1990: 5.5,
    2000: 4.0,
    2003: 6.0,
    2007: 4.5,
    2009.8: 10.0,
    2015: 5.3,
    2020.15: 3.5,
    2020.3: 14.0,
    2020.9: 6.8,
    2022: 3.9,
    2023: 3.5,
    2026: 4.4,
    2050: 4.4,
}
INFLATION_PCT = {
    1990: 3.5,
    2000: 2.8,
    2009: 0.5,
    2012: 2.0,
    2020: 1.2,
    2021.5: 8.0,
    2022.5: 6.0,
    2023.5: 3.2,
    2026: 2.6,
    2050: 2.2,
}
PRICE_LEVEL_1990 = 128.0


def rate_frame(history: History, seed: int, since: date | None, until: date) -> pd.DataFrame:
    """All series as a long frame: series_id, observation_date, value_pct (CPIAUCSL is an index).

    Bond-market series have a value a session, the Fed's rates one a day, monthly ones are dated the
    first of the month.
    """
    every_day = np.arange(history.days[0], history.days[-1] + 1)
    in_range = every_day[every_day >= np.datetime64(FIRST_RANGE)]
    frames = [
        _series(name, history.days, values) for name, values in session_rates(history, seed).items()
    ]
    frames += [
        _series("DFF", every_day, np.round(effective_rate_pct(every_day), 2)),
        _series("DFEDTARU", in_range, target_upper_pct(in_range)),
        _series("DFEDTARL", in_range, target_lower_pct(in_range)),
        *_monthly(history, seed),
    ]
    frame = pd.concat(frames, ignore_index=True)
    day = frame["observation_date"]
    starts = np.where(frame["series_id"] == "SOFR", np.datetime64(FIRST_SOFR), history.days[0])
    if since is not None:
        starts = np.maximum(starts, np.datetime64(since))
    kept = (day >= starts) & (day <= pd.Timestamp(until))
    return frame[kept].reset_index(drop=True)


def _series(series_id: str, days: Days, values: Floats) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "series_id": series_id,
            "observation_date": days.astype("datetime64[s]"),
            "value_pct": values,
        }
    )


def _monthly(history: History, seed: int) -> list[pd.DataFrame]:
    last = int(history.days[-1].astype("datetime64[Y]").astype(int)) + 1970
    days = np.arange(f"{FIRST_MONTH}-01", f"{last + 1}-01", dtype="datetime64[M]").astype(
        "datetime64[D]"
    )
    noise = np.concatenate(
        [normals(seed, Stream.MACRO, year, (12, 2)) for year in range(FIRST_MONTH, last + 1)]
    )
    inflation_pct = along_years(INFLATION_PCT, days) + 1.2 * noise[:, 0]
    prices = PRICE_LEVEL_1990 * np.exp((inflation_pct / 1200).cumsum())
    unemployment = along_years(UNEMPLOYMENT_PCT, days) + 0.07 * noise[:, 1]
    return [
        _series("CPIAUCSL", days, np.round(prices, 3)),
        _series("UNRATE", days, np.round(unemployment, 1)),
    ]
