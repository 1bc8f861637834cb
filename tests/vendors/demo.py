"""A small made-up world: the funds, indices and companies of the reference table, and a few more."""

import csv
from datetime import date, datetime
from pathlib import Path
from zlib import crc32

import numpy as np

from .instrument import Instrument
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
LISTED = {"WYNK": date(2025, 5, 1)}
LAST = {"RUNX": date(2025, 11, 14)}  # taken over; Yahoo keeps its history


def demo_world(seed: int = 1, first: date = date(2019, 1, 2), now: datetime | None = None) -> World:
    """About 75 symbols from `first` to a year ahead, of which the vendors tell what is past by now.

    The same seed gives the same past on any day. Without `now` (naive UTC) the real clock runs.
    """
    world = World(now=now)
    for symbol, name, kind in cast():
        days = days_since(max(first, LISTED.get(symbol, first)))
        instrument = Instrument(symbol, name, kind, walk(symbol, kind, days, seed))
        world.instruments[symbol] = instrument
        if symbol in SPLITS and SPLITS[symbol][0] >= first:
            instrument.split(*SPLITS[symbol])
        if kind == "etf" or symbol in PAYING:
            pay_quarterly(instrument)
        if symbol in LAST:
            instrument.delist(LAST[symbol])
    return world


def cast() -> list[tuple[str, str, str]]:
    """Symbol, name and kind of everything in the demo."""
    with (REFERENCE / "instrument.csv").open(newline="") as file:
        listed = [
            (row["symbol"], row["name"], row["kind"])
            for row in csv.DictReader(file)
            if row["kind"] != "basket"
        ]
    return listed + [(symbol, name, "stock") for symbol, name in (SMALL | LARGE).items()]


def pay_quarterly(instrument: Instrument) -> None:
    """Dividends in March, June, September and December, of 0.2 to 0.8 % of the price."""
    bars = instrument.bars
    share = 0.002 + crc32(instrument.symbol.encode()) % 7 / 1000
    due = bars.index[(bars.index.month % 3 == 0) & (bars.index.day >= 15)]
    months = due.to_numpy("datetime64[M]")
    is_first = np.append(True, months[1:] != months[:-1])
    for day in due[is_first]:
        instrument.pay(day.date(), round(share * float(bars.at[day, "close"]), 3))
