"""All that the vendors know, and the moment at which they are asked."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pandas as pd

from .funds import Fund
from .history import History, history
from .hours import seconds
from .instrument import Instrument
from .series import Series

FRED_KEY = "0123456789abcdef0123456789abcdef"


@dataclass
class World:
    """Instruments by Yahoo's symbol, FRED's series by id, funds by symbol; all may be changed.

    `now` (naive UTC) is the moment at which the vendors answer; None is the real clock. For
    `settle_minutes` after each close Yahoo still tells a close that it corrects afterwards.
    """

    instruments: dict[str, Instrument] = field(default_factory=dict)
    series: dict[str, Series] = field(default_factory=dict)
    funds: dict[str, Fund] = field(default_factory=dict)
    now: datetime | None = None
    settle_minutes: int = 0
    fred_key: str = FRED_KEY
    fred_date_header: str = "observation_date"  # DATE before 2024

    @property
    def moment(self) -> datetime:
        """The moment (naive UTC) at which the vendors answer."""
        return self.now or datetime.now(UTC).replace(tzinfo=None)

    @property
    def seconds(self) -> int:
        """That moment in seconds since 1970."""
        return seconds(self.moment)

    def history(self, symbol: str) -> History:
        """What Yahoo says now of the symbol's past."""
        return history(self.instruments[symbol], self.seconds, self.settle_minutes)

    def bars(self, symbol: str) -> pd.DataFrame:
        """The same as a frame: by session, open, high, low, close, adjclose and volume."""
        return self.history(symbol).frame()

    def known(self, symbol: str) -> Instrument | None:
        """The instrument, or None where Yahoo knows none of that name."""
        instrument = self.instruments.get(symbol)
        return None if instrument is None or instrument.is_unknown else instrument
