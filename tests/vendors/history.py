"""What Yahoo says of an instrument's past at one moment: split-adjusted, nothing later."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from .hours import HOUR, hours
from .instrument import PRICES, Instrument

SETTLING_ERROR = 2e-4  # of a close that the vendor still corrects after the bell
STAMPED_LIVE_HOURS = 8  # the newest bar carries its last trade's time until midnight


@dataclass
class History:
    """Bars oldest first; prices are Yahoo's single-precision numbers."""

    timestamp: np.ndarray
    session: np.ndarray
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    adjclose: np.ndarray
    volume: np.ndarray
    dividends: list[tuple[int, float]]  # (ex-date's opening, amount per present share)
    splits: list[tuple[int, int, int]]  # (ex-date's opening, numerator, denominator)

    def frame(self) -> pd.DataFrame:
        """The bars as a frame indexed by session."""
        columns = {name: getattr(self, name) for name in (*PRICES, "adjclose", "volume")}
        return pd.DataFrame(columns, index=pd.DatetimeIndex(self.session, name="session"))


def history(instrument: Instrument, at: int, settle_minutes: int = 0) -> History:
    """The instrument's past as told at the second `at`.

    A split or dividend counts from the opening of its ex-date on. A dividend D lowers every earlier
    adjusted close by the factor 1 - D / close of the session before; source: Yahoo's help page
    "What is the adjusted close?".
    """
    bars = instrument.bars
    opens = bars["open_at"].to_numpy()
    count = int(np.searchsorted(opens, at, side="right"))
    opens = opens[:count]
    values = {name: bars[name].to_numpy("float64")[:count].copy() for name in (*PRICES, "volume")}
    timestamp = opens.copy()
    if count:
        closes_at = int(bars["close_at"].iloc[count - 1])
        unfinished(values, int(opens[-1]), closes_at, at, settle_minutes)
        if at < closes_at + STAMPED_LIVE_HOURS * HOUR:
            timestamp[-1] = min(at, closes_at)

    splits = [(t, *instrument.splits[day]) for t, day in happened(instrument.splits, at)]
    present_shares = np.ones(count)  # of today for one share of that session
    for opened, numerator, denominator in splits:
        present_shares[opens < opened] *= numerator / denominator
    for name in PRICES:
        values[name] = single(values[name] / present_shares)
    dividends = []
    kept = np.ones(count)
    for opened, day in happened(instrument.dividends, at):
        before = int(np.searchsorted(opens, opened))
        later = [n / d for t, n, d in splits if t > opened]
        amount = instrument.dividends[day] / float(np.prod(later))
        dividends.append((opened, round(amount, 6)))
        if before:
            kept[:before] *= 1 - amount / values["close"][before - 1]
    return History(
        timestamp=timestamp,
        session=bars.index.to_numpy("datetime64[D]")[:count],
        adjclose=single(values["close"] * kept),
        volume=np.round(values.pop("volume") * present_shares).astype("int64"),
        dividends=dividends,
        splits=splits,
        **values,
    )


def unfinished(
    values: dict[str, np.ndarray], opened: int, closes: int, at: int, settle_minutes: int
) -> None:
    """Turn the last bar into what is known of it while its session runs or settles."""
    progress = (at - opened) / (closes - opened)
    if progress < 1:
        first, last = values["open"][-1], values["close"][-1]
        price = first + (last - first) * progress
        values["close"][-1] = price
        values["high"][-1] = max(first, price)
        values["low"][-1] = min(first, price)
        values["volume"][-1] *= progress
    elif at < closes + 60 * settle_minutes:
        values["close"][-1] *= 1 + SETTLING_ERROR
        values["volume"][-1] *= 0.97


def happened(days: dict[date, object], at: int) -> list[tuple[int, date]]:
    """The ex-dates whose session has opened by `at`, each with that opening."""
    known = hours()
    opens = [
        (int(known.open_at[np.searchsorted(known.day, np.datetime64(day))]), day)
        for day in sorted(days)
    ]
    return [(opened, day) for opened, day in opens if opened <= at]


def single(values: np.ndarray) -> np.ndarray:
    """The numbers as Yahoo sends them: single precision written out in full."""
    return values.astype("float32").astype("float64")
