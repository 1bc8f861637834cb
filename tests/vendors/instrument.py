"""One listed thing: its bars as they were traded, its dividends and splits."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from .company import Company
from .hours import with_hours

PRICES = ("open", "high", "low", "close")
TYPES = {"etf": "ETF", "index": "INDEX", "stock": "EQUITY"}


@dataclass
class Instrument:
    """`bars` is indexed by session (datetime64) with open, high, low, close, volume as traded.

    Prices and dividends are those of the day, before any later split. `splits` holds numerator and
    denominator by ex-date, `dividends` the amount per share by ex-date.
    """

    symbol: str
    name: str
    kind: str  # etf, index or stock
    bars: pd.DataFrame
    dividends: dict[date, float] = field(default_factory=dict)
    splits: dict[date, tuple[int, int]] = field(default_factory=dict)
    company: Company | None = None
    is_unknown: bool = False  # Yahoo has forgotten it: 404 everywhere
    edition: int = 0  # grows with every change; whoever edits a cell of `bars` adds one

    def __post_init__(self) -> None:
        if "open_at" not in self.bars:
            self.bars = with_hours(self.bars)

    @property
    def type(self) -> str:
        """Yahoo's word for the kind."""
        return TYPES[self.kind]

    def split(self, ex_date: date, numerator: int, denominator: int = 1) -> None:
        """Split the shares: from `ex_date` on they trade at a fraction of the price."""
        after = self.bars.index >= pd.Timestamp(ex_date)
        ratio = numerator / denominator
        for column in PRICES:
            self.bars.loc[after, column] /= ratio
        volume = self.bars["volume"].to_numpy().copy()
        volume[after] = np.round(volume[after] * ratio)
        self.bars["volume"] = volume
        self.splits[ex_date] = (numerator, denominator)
        self.edition += 1

    def pay(self, ex_date: date, amount: float) -> None:
        """Pay a dividend of `amount` per share (as the shares stand on that day)."""
        self.dividends[ex_date] = amount
        self.edition += 1

    def restate(self, session: date, **values: float) -> None:
        """Change cells of one bar, as a vendor that corrects itself: restate(day, close=12.5)."""
        for column, value in values.items():
            self.bars.loc[pd.Timestamp(session), column] = value
        self.edition += 1

    def forget(self, session: date) -> None:
        """Lose one bar for good."""
        self.bars = self.bars.drop(pd.Timestamp(session))
        self.edition += 1

    def delist(self, last: date) -> None:
        """Trade for the last time on `last`; Yahoo keeps the history."""
        self.bars = self.bars.loc[: pd.Timestamp(last)]
        self.edition += 1
