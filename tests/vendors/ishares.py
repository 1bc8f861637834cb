"""iShares: the holdings of a fund as the CSV that its page offers."""

import re
from dataclasses import replace
from datetime import date
from math import prod

import numpy as np

from .answer import CSV, Answer, Request, page
from .funds import Fund, Holding
from .hours import hours, new_york_day
from .world import World

HOSTS = ("www.ishares.com", "ishares.com")
ADDRESS = re.compile(r"/us/products/(\d+)/[^/]+/1467271812596\.ajax")
NOTHING = "\u00a0"  # a line with one no-break space ends the metadata, and the table
HEADER = (
    "Ticker,Name,Sector,Asset Class,Market Value,Weight (%),Notional Value,Quantity,Price,"
    "Location,Exchange,Currency,FX Rate,Market Currency,Accrual Date"
)
DISCLAIMER = (
    "\"The content contained herein is owned or licensed by the fund's sponsor and its providers. "
    "Past performance does not guarantee future results.\n"
    "Holdings subject to change.\n"
    "Carefully consider the Funds' investment objectives, risk factors, and charges and expenses "
    'before investing."'
)


class IShares:
    """Answers for the hosts of iShares."""

    def __init__(self, world: World) -> None:
        self.world = world

    def answer(self, request: Request, fault: str = "") -> Answer:
        """The answer to one request; `fault` is one that changes what is said."""
        found = ADDRESS.fullmatch(request.path)
        funds = {fund.product: fund for fund in self.world.funds.values()}
        fund = funds.get(found[1]) if found else None
        if fund is None or fault == "unknown_symbol":
            return page("Page not found", "", 404)
        if request.parameters.get("fileType") != "csv":
            return page(fund.name)
        text = self.file(fund, fault)
        name = request.parameters.get("fileName", "holdings")
        attachment = ("content-disposition", f"attachment; filename={name}.csv")
        return Answer(text.encode(), 200, CSV, (attachment,))

    def file(self, fund: Fund, fault: str = "") -> str:
        """The file of the newest day before today in New York."""
        today = np.datetime64(new_york_day(self.world.seconds))
        sessions = hours().day
        place = int(np.searchsorted(sessions, today)) - 1 - (fault == "missing_session")
        if fault == "bar_tomorrow":
            place = int(np.searchsorted(sessions, today, side="right"))
        as_of = sessions[place]
        held = [self.as_of(holding, as_of) for holding in fund.holdings]
        total = sum(map(value, held))
        rows = [row(holding, total) for holding in held]
        if fault == "nan_last_bar":
            rows[-1] = re.sub(r'"[\d,.]+"', '"-"', rows[-1])
        lines = [
            f"\ufeff{fund.name}",
            f'Fund Holdings as of,"{written(as_of.astype(date))}"',
            f'Inception Date,"{fund.inception}"',
            f'Shares Outstanding,"{total / 300:,.2f}"',
            *('Stock,"-"', 'Bond,"-"', 'Cash,"-"', 'Other,"-"', NOTHING, HEADER),
            *([] if fault == "empty" else rows),
            *(NOTHING, DISCLAIMER),
        ]
        return "\n".join(lines)

    def as_of(self, holding: Holding, day: np.datetime64) -> Holding:
        """The holding at that day's close, its shares split as they were by then."""
        instrument = self.world.instruments.get(holding.symbol)
        if instrument is None:
            return holding
        days = instrument.bars.index.to_numpy("datetime64[D]")
        place = int(np.searchsorted(days, day, side="right"))
        split = prod(n / d for ex, (n, d) in instrument.splits.items() if np.datetime64(ex) <= day)
        price = float(instrument.bars["close"].iloc[max(place - 1, 0)])
        return replace(holding, price=price, shares=round(holding.shares * split))


def value(holding: Holding) -> float:
    """Market value in USD; a future has none, and cash is priced at a hundred."""
    if holding.asset_class == "Futures":
        return 0.0
    return holding.shares * (holding.price if holding.asset_class == "Equity" else 1.0)


def row(holding: Holding, total: float) -> str:
    """One line, every cell in quotes and with thousands separators."""
    worth = value(holding)
    is_future = holding.asset_class == "Futures"
    notional = holding.shares * holding.price if is_future else worth
    cells = (
        *(holding.ticker, holding.name, holding.sector, holding.asset_class),
        *(f"{worth:,.2f}", f"{100 * worth / total if total else 0:.2f}", f"{notional:,.2f}"),
        *(f"{holding.shares:,.2f}", f"{holding.price:,.2f}"),
        *("-" if is_future else "United States", holding.exchange),
        *(holding.currency, "1.00", holding.currency, "-"),
    )
    return ",".join(f'"{cell}"' for cell in cells)


def written(day: date) -> str:
    """A day as the file writes it: May 05, 2026."""
    return f"{day:%b %d, %Y}"
