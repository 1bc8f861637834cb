"""A small made-up world: what the reference table lists, and a few companies more."""

import csv
from datetime import date, datetime
from pathlib import Path
from zlib import crc32

import numpy as np

from .company import Company
from .funds import Fund, Holding
from .instrument import Instrument
from .rates import demo_series
from .walk import days_since, walk
from .world import World

REFERENCE = Path(__file__).parents[2] / "warehouse" / "reference"
SMALL = {  # made-up members of the Russell 2000, and one real one whose spelling differs
    "QALM": "Quiet Alm Dairies Inc",
    "RUNX": "Runnel Boxes Inc",
    "SMBR": "Somber Timber Corp",
    "TOVL": "Tovel Instruments Inc",
    "UMBL": "Umbel Therapeutics Inc",
    "VELT": "Veldt Bancorp Inc",
    "WYNK": "Wynk Software Inc",
    "MOG-A": "Moog Inc Class A",
}
LARGE = {"BRK-B": "Berkshire Hathaway Inc Class B"}
PAYING = ("AAPL", "MSFT", "BAC", "CAT", "ROK", "ORCL", "SMBR", "VELT", "MOG-A")
SPLITS = {
    "AAPL": (date(2020, 8, 31), 4, 1),
    "NVDA": (date(2024, 6, 10), 10, 1),
    "QALM": (date(2025, 6, 16), 4, 1),
    "UMBL": (date(2025, 3, 10), 1, 10),
}
MEGA = ("AAPL", "MSFT", "GOOGL", "GOOG", "AMZN", "META", "NVDA", "TSLA", "AMD", "ORCL", "BRK-B")
FISCAL_YEAR_ENDS_IN = {"AAPL": 9, "MSFT": 6, "NVDA": 1, "ORCL": 5, "TOVL": 6}
LOSS_MAKERS = ("UMBL", "WYNK")
WITHOUT_ANALYSTS = ("VELT",)
WITHOUT_DEBT = ("META", "WYNK")
TICKERS = {"MOG-A": "MOGA", "BRK-B": "BRKB"}  # as iShares spells them
CASH = "Cash and/or Derivatives"
EXTRAS = [
    Holding("XTSLA", "BLK CSH FND TREASURY SL AGENCY", 3e6, "", 1.0, CASH, "Money Market", "-"),
    Holding("USD", "USD CASH", 7e5, "", 100.0, CASH, "Cash", "-"),
    Holding("-", "QUIET ALM DAIRIES $12.50 RIGHT Prvt", 1306.0, "", 0.01, "Health Care"),
    Holding("RTYZ6", "RUSSELL 2000 EMINI CME", 20.0, "", 2852.9, CASH, "Futures", "CME"),
]
RATES_FIRST = date(2016, 1, 4)  # more than the 2,000 vintages that one request may span
LISTED = {"WYNK": date(2025, 5, 1)}
LAST = {"RUNX": date(2025, 11, 14)}  # taken over; Yahoo keeps its history


def demo_world(seed: int = 1, first: date = date(2019, 1, 2), now: datetime | None = None) -> World:
    """About 75 symbols from `first` to a year ahead, of which the vendors tell what is past by now.

    The same seed gives the same past on any day. Without `now` (naive UTC) the real clock runs.
    """
    world = World(now=now)
    for symbol, name, kind, sector, industry in cast():
        days = days_since(max(first, LISTED.get(symbol, first)))
        instrument = Instrument(symbol, name, kind, walk(symbol, kind, days, seed))
        world.instruments[symbol] = instrument
        if symbol in SPLITS and SPLITS[symbol][0] >= first:
            instrument.split(*SPLITS[symbol])
        if kind == "etf" or symbol in PAYING:
            pay_quarterly(instrument)
        if symbol in LAST:
            instrument.delist(LAST[symbol])
        if kind == "stock":
            instrument.company = company(instrument, sector, industry)
    world.series = demo_series(seed, RATES_FIRST, days_since(first)[-1].astype(date))
    world.funds = {fund.symbol: fund for fund in (small_fund(), large_fund(world))}
    return world


def small_fund() -> Fund:
    """The iShares fund of the small companies, with cash, a right and a future beside them."""
    holdings = [
        Holding(TICKERS.get(symbol, symbol), name.upper(), 1e6 + 1e5 * place, symbol)
        for place, (symbol, name) in enumerate(SMALL.items())
        if symbol not in LAST
    ]
    return Fund("IWM", "iShares Russell 2000 ETF", "239710", "May 22, 2000", holdings + EXTRAS)


def large_fund(world: World) -> Fund:
    """The iShares fund of the other companies."""
    holdings = [
        Holding(
            TICKERS.get(symbol, symbol),
            one.name.upper(),
            round(one.company.shares / 100),
            symbol,
            sector=one.company.sector,
        )
        for symbol, one in world.instruments.items()
        if one.company and symbol not in SMALL
    ]
    name = "iShares Core S&P 500 ETF"
    return Fund("IVV", name, "239726", "May 15, 2000", holdings + EXTRAS[:2])


def cast() -> list[tuple[str, str, str, str, str]]:
    """Symbol, name, kind, sector and industry of everything in the demo."""
    with (REFERENCE / "instrument.csv").open(newline="") as file:
        listed = [
            (row["symbol"], row["name"], row["kind"], row["sector"], row["industry"])
            for row in csv.DictReader(file)
            if row["kind"] != "basket"
        ]
    more = (SMALL | LARGE).items()
    return listed + [(symbol, name, "stock", "Industrials", "Machinery") for symbol, name in more]


def company(instrument: Instrument, sector: str, industry: str) -> Company:
    """The company behind a made-up stock, worth 25 times what it earns when it is listed."""
    symbol, price = instrument.symbol, float(instrument.bars["close"].iloc[0])
    value = 1e12 if symbol in MEGA else 8e10 if symbol not in SMALL else 2e9
    return Company(
        symbol=symbol,
        sector=sector,
        industry=industry,
        shares=round(value / price),
        eps=price / (-12 if symbol in LOSS_MAKERS else 25),
        growth=0.04 + crc32(symbol.encode()) % 12 / 100,
        debt_to_revenue=0.0 if symbol in WITHOUT_DEBT else 0.4,
        analysts=0 if symbol in WITHOUT_ANALYSTS else 3 if symbol in SMALL else 30,
        last_month=FISCAL_YEAR_ENDS_IN.get(symbol, 12),
    )


def pay_quarterly(instrument: Instrument) -> None:
    """Dividends in March, June, September and December, of 0.2 to 0.8 % of the price."""
    bars = instrument.bars
    share = 0.002 + crc32(instrument.symbol.encode()) % 7 / 1000
    due = bars.index[(bars.index.month % 3 == 0) & (bars.index.day >= 15)]
    months = due.to_numpy("datetime64[M]")
    is_first = np.append(True, months[1:] != months[:-1])
    for day in due[is_first]:
        instrument.pay(day.date(), round(share * float(bars.at[day, "close"]), 3))
