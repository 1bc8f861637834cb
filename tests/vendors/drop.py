"""The world of a folder of real files, as `--source` takes it: as many symbols as it has."""

import csv
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zlib import crc32

import numpy as np
import pandas as pd

from .company import BASE_YEAR, Company
from .demo import REFERENCE
from .funds import Fund, Holding
from .hours import with_hours
from .instrument import Instrument
from .rates import daily_vintages, monthly_vintages
from .series import Series
from .world import World

GROWTH = 0.08
BARS = ["open", "high", "low", "close", "volume", "open_at", "close_at"]
VOLUME = 1_000_000  # of a bar of which only the close is known


def drop_world(folder: Path, now: datetime | None = None) -> World:
    """Quotes, rates, holdings and figures of the folder; nothing happens after its last session.

    Prices are taken as they were traded, so the world has no split; bars without an opening get the
    close before. Estimates are made up around the last reported income of each company.
    """
    world = World(now=now)
    companies = {company.symbol: (company, name) for company, name in read_companies(folder)}
    kinds = reference_kinds()
    quotes = read_quotes(folder)
    bars, paid = quotes[BARS], quotes["dividend"].to_numpy()
    for symbol, places in quotes.reset_index().groupby("symbol").indices.items():
        kind, name = kinds.get(symbol, ("stock", symbol))
        company, name = companies.get(symbol, (None, name))
        own = bars.iloc[places[0] : places[-1] + 1]
        instrument = Instrument(symbol, name, kind, own, company=company)
        for place in places[paid[places] > 0]:
            instrument.pay(quotes.index[place].date(), float(paid[place]))
        world.instruments[symbol] = instrument
    world.series = {file.stem: read_series(file) for file in (folder / "rates").glob("*.csv")}
    world.funds = {fund.symbol: fund for fund in (read_small(folder), read_large(folder, world))}
    return world


def read_quotes(folder: Path) -> pd.DataFrame:
    """Every bar of the folder by symbol and session, with nothing missing but dividends."""
    files = sorted((folder / "quotes").glob("*.parquet"))
    quotes = pd.concat(map(pd.read_parquet, files), ignore_index=True)
    quotes["session"] = pd.to_datetime(quotes["session"])
    quotes = quotes.sort_values(["symbol", "session"]).drop_duplicates(["symbol", "session"])
    close = quotes["close"]
    before = quotes.groupby("symbol")["close"].shift().fillna(close)
    quotes["open"] = quotes["open"].fillna(before)
    quotes["high"] = quotes["high"].fillna(np.maximum(quotes["open"], close))
    quotes["low"] = quotes["low"].fillna(np.minimum(quotes["open"], close))
    quotes["volume"] = quotes["volume"].fillna(VOLUME)
    return with_hours(quotes.set_index("session"))


def reference_kinds() -> dict[str, tuple[str, str]]:
    """Kind and name of what the reference table lists."""
    with (REFERENCE / "instrument.csv").open(newline="") as file:
        return {row["symbol"]: (row["kind"], row["name"]) for row in csv.DictReader(file)}


def read_companies(folder: Path) -> Iterator[tuple[Company, str]]:
    """Each company of the snapshot whose shares and income are known, with its name."""
    facts = pd.read_parquet(folder / "fundamentals" / "snapshot.parquet")
    facts = facts.dropna(subset=["shares_outstanding", "net_income_usd", "revenue_usd"])
    for row in facts.drop_duplicates("symbol").itertuples():
        year_end = pd.Timestamp(row.fiscal_year_end)
        years = year_end.year - BASE_YEAR + year_end.month / 12
        eps = row.net_income_usd / row.shares_outstanding / (1 + GROWTH) ** years
        eps = eps if abs(eps) > 0.01 else 0.01
        revenue = max(row.revenue_usd, 1.0) / (1 + GROWTH) ** years
        company = Company(
            symbol=row.symbol,
            sector=str(row.sector),
            industry=str(row.industry),
            shares=row.shares_outstanding,
            eps=eps,
            growth=GROWTH,
            margin=abs(eps) * row.shares_outstanding / revenue,
            analysts=crc32(row.symbol.encode()) % 20,
            last_month=year_end.month,
        )
        yield company, str(row.name)


def read_series(file: Path) -> Series:
    """One graph CSV; each value is released when the real one would have been."""
    rows = pd.read_csv(file, index_col=0, parse_dates=True)
    values = rows[file.stem].astype("float64")
    is_monthly = bool((values.index.day == 1).all())
    vintages = monthly_vintages(values, values) if is_monthly else daily_vintages(values)
    return Series(file.stem, vintages)


def read_small(folder: Path) -> Fund:
    """The Russell 2000 fund as its newest download holds it, cash and futures too."""
    lines = max((folder / "holdings").glob("IWM_*.csv")).read_text("utf-8-sig").split("\n")
    top = next(place for place, line in enumerate(lines) if line.startswith("Ticker,"))
    with (REFERENCE / "ticker_spelling.csv").open(newline="") as file:
        spelling = {row["ticker"]: row["symbol"] for row in csv.DictReader(file)}
    holdings = []
    for row in csv.DictReader(lines[top:]):
        if not row["Price"]:
            break
        ticker, kind = row["Ticker"], row["Asset Class"]
        holdings.append(
            Holding(
                ticker,
                row["Name"],
                float(row["Quantity"].replace(",", "")),
                spelling.get(ticker, ticker) if kind == "Equity" else "",
                float(row["Price"].replace(",", "")),
                row["Sector"],
                kind,
                row["Exchange"],
                row["Currency"],
            )
        )
    return Fund("IWM", "iShares Russell 2000 ETF", "239710", "May 22, 2000", holdings)


def read_large(folder: Path, world: World) -> Fund:
    """The S&P 500 fund with the members of the newest list."""
    members = pd.read_csv(max((folder / "holdings").glob("SP500_*.csv")))
    holdings = []
    for row in members.itertuples():
        instrument = world.instruments.get(row.symbol)
        company = instrument.company if instrument else None
        shares = round(company.shares / 100) if company else 1e6
        ticker = row.symbol.replace("-", "")
        holdings.append(
            Holding(ticker, str(row.name).upper(), shares, row.symbol, 100.0, row.sector)
        )
    return Fund("IVV", "iShares Core S&P 500 ETF", "239726", "May 15, 2000", holdings)
