"""Which stocks each fund and index of the simulated market holds, and how."""

from typing import Literal, NamedTuple

import numpy as np

from flows.sources.demo.draws import Flags
from flows.sources.demo.factors import SECTORS


class Fund(NamedTuple):
    """Which stocks a fund holds and how; an index is one without fee and dividends."""

    symbol: str
    cohort: Literal["LARGE", "SMALL", "ALL"]
    fee_pct: float  # a year
    price: float  # about, at the anchor
    trait: str | None = None  # a key of Cast.traits
    kinds: tuple[str, ...] = ()  # sectors or industries; none: all
    is_equal_weight: bool = False
    is_index: bool = False


BANKS = ("Regional Banks", "Diversified Banks")
SECTOR_FUNDS = ("XLC", "XLY", "XLP", "XLE", "XLF", "XLV", "XLI", "XLK", "XLB", "XLRE", "XLU")
FUNDS = (
    Fund("SPY", "LARGE", 0.09, 690),
    Fund("IVV", "LARGE", 0.03, 690),
    Fund("RSP", "LARGE", 0.20, 190, is_equal_weight=True),
    Fund("QQQ", "LARGE", 0.20, 620, trait="tech"),
    Fund("IWD", "LARGE", 0.18, 210, trait="value"),
    Fund("IWF", "LARGE", 0.18, 470, trait="growth"),
    Fund("IWM", "SMALL", 0.19, 290),
    Fund("IJR", "SMALL", 0.06, 130, trait="profitable"),
    Fund("VBR", "SMALL", 0.07, 220, trait="value"),
    Fund("VBK", "SMALL", 0.07, 310, trait="growth"),
    Fund("KRE", "SMALL", 0.35, 70, kinds=("Regional Banks",), is_equal_weight=True),
    Fund("KBE", "ALL", 0.35, 62, kinds=BANKS, is_equal_weight=True),
    Fund("XBI", "ALL", 0.35, 120, kinds=("Biotechnology",), is_equal_weight=True),
    Fund("IBB", "ALL", 0.45, 165, kinds=("Biotechnology",)),
    Fund("SMH", "ALL", 0.35, 380, kinds=("Semiconductors",)),
    Fund("ITA", "ALL", 0.40, 220, kinds=("Aerospace & Defense",)),
    Fund(
        "XOP", "ALL", 0.35, 130, kinds=("Oil & Gas Exploration & Production",), is_equal_weight=True
    ),
    Fund("IYR", "LARGE", 0.39, 97, kinds=("Real Estate",)),
    *(
        Fund(symbol, "LARGE", 0.08, 90, kinds=(sector,))
        for symbol, sector in zip(SECTOR_FUNDS, SECTORS, strict=True)
    ),
    Fund("^GSPC", "LARGE", 0.0, 6900, is_index=True),
    Fund("^RUT", "SMALL", 0.0, 2900, is_index=True),
    Fund("^IXIC", "ALL", 0.0, 23000, trait="nasdaq", is_index=True),
)
BOND_FUNDS = {"IEF": 96.0, "HYG": 81.0}  # price at the start
SYMBOLS = [*(fund.symbol for fund in FUNDS), *BOND_FUNDS]
IS_INDEX: Flags = np.array([fund.is_index for fund in FUNDS] + [False] * len(BOND_FUNDS))
