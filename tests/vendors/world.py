"""All that the vendors know, and the moment at which they are asked."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from .funds import Fund
from .history import STAMPED_LIVE_HOURS, History, history
from .hours import HOUR, hours, seconds
from .instrument import Instrument
from .series import Series

REMEMBERED = 128  # histories, for the next question about the same symbol
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
    told: dict[tuple[object, ...], History] = field(default_factory=dict, repr=False)

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
        instrument, at = self.instruments[symbol], self.seconds
        known = hours()
        session = int(np.searchsorted(known.open_at, at, side="right")) - 1
        is_live = at < known.close_at[session] + STAMPED_LIVE_HOURS * HOUR
        key = (
            *(symbol, id(instrument.bars), instrument.edition),
            *(session, at if is_live else 0, self.settle_minutes),
        )
        if key not in self.told:
            if len(self.told) >= REMEMBERED:
                del self.told[next(iter(self.told))]
            self.told[key] = history(instrument, at, self.settle_minutes)
        return self.told[key]

    def bars(self, symbol: str) -> pd.DataFrame:
        """The same as a frame: by session, open, high, low, close, adjclose and volume."""
        return self.history(symbol).frame()

    def known(self, symbol: str) -> Instrument | None:
        """The instrument, or None where Yahoo knows none of that name."""
        instrument = self.instruments.get(symbol)
        return None if instrument is None or instrument.is_unknown else instrument
