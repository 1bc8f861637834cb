"""Yahoo's fundamentals time series: statements by year, by quarter, and of the last year."""

from collections.abc import Callable
from datetime import date
from typing import Any

from .answer import Answer, as_json
from .company import Company
from .facts import Facts, facts
from .forms import number
from .hours import midnight
from .statements import Figures, quarter_figures, year_figures
from .world import World

ANNUAL, QUARTERLY = 4, 5  # periods that Yahoo gives away
Points = list[tuple[date, float]]


def timeseries(
    world: World, symbol: str, query: dict[str, str], types: list[str], fault: str = ""
) -> Answer:
    """One entry for each type that is asked for, without values where there are none."""
    if fault == "unknown_symbol":
        problem = {"code": "Not Found", "description": "No data found"}
        return as_json({"timeseries": {"result": None, "error": problem}}, 404)
    names = [name for part in types for name in part.split(",")]
    if fault == "empty":
        names = []
    instrument = world.known(symbol)
    company = instrument.company if instrument else None
    result = []
    series: dict[str, Points] = {}
    if instrument and company:
        known = facts(world, instrument)
        if known.past.timestamp.size:
            series = all_series(known, company)
            if not types:
                result.append(share_counts(known, company, query))
    start, end = int(query.get("period1", 0)), int(query.get("period2", 2**40))
    for name in names:
        points = [p for p in series.get(name, []) if start <= midnight(p[0]) <= end]
        result.append(entry(symbol, name, points))
    return as_json({"timeseries": {"result": result, "error": None}})


def entry(symbol: str, name: str, points: Points) -> dict[str, Any]:
    """One type with its values, oldest first."""
    found: dict[str, Any] = {"meta": {"symbol": [symbol], "type": [name]}}
    if points:
        found["timestamp"] = [midnight(end) for end, _ in points]
        found[name] = [
            {
                "dataId": 20000,
                "asOfDate": end.isoformat(),
                "periodType": {"a": "12M", "q": "3M", "t": "TTM"}[name[0]],
                "currencyCode": "USD",
                "reportedValue": number(round(value, 4)),
            }
            for end, value in points
        ]
    return found


def all_series(known: Facts, company: Company) -> dict[str, Points]:
    """Every type that the company has, each with its period ends and values."""
    reported = company.reported(known.today)
    years = [end for end in reported if company.is_year_end(end)][-ANNUAL:]
    series: dict[str, Points] = {}

    def add(prefix: str, ends: list[date], of: Callable[[Company, date, float], Figures]) -> None:
        for end in ends:
            for name, value in of(company, end, known.split_factor).items():
                series.setdefault(prefix + name, []).append((end, value))

    add("annual", years, year_figures)
    add("quarterly", reported[-QUARTERLY:], quarter_figures)
    add("trailing", reported[-1:], year_figures)
    trailing = known.trailing(company)
    for name, value in {
        "MarketCap": float(known.market_cap),
        "EnterpriseValue": known.market_cap + trailing.get("NetDebt", 0.0),
        "ForwardPeRatio": known.price / known.next_year_eps(company),
        "PegRatio": known.price / known.next_year_eps(company) / (100 * company.growth),
    }.items():
        series[f"trailing{name}"] = [(known.today, value)]
    return series


def share_counts(known: Facts, company: Company, query: dict[str, str]) -> dict[str, Any]:
    """Shares outstanding on each report day in the window."""
    start, end = int(query.get("period1", 0)), int(query.get("period2", 2**40))
    days = [midnight(company.report_day(day)) for day in company.reported(known.today)]
    days = [day for day in days if start <= day <= end]
    return {
        "meta": {"symbol": [company.symbol]},
        "timestamp": days,
        "shares_out": [known.shares] * len(days),
    }
