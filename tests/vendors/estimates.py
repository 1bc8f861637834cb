"""Yahoo's modules of what analysts expect: earningsTrend, earningsHistory, calendarEvents."""

from datetime import date, timedelta
from itertools import islice
from typing import Any
from zlib import crc32

from .company import Company
from .facts import Facts
from .forms import count, day, number, percent
from .hours import midnight

AGO = {"current": 0, "7daysAgo": 7, "30daysAgo": 30, "60daysAgo": 60, "90daysAgo": 90}
REPORT_AT = 21 * 3600  # seconds after midnight UTC: after the close


def horizons(company: Company, today: date) -> dict[str, date]:
    """The end of the fiscal period that each relative horizon means on that day."""
    quarters = list(islice(company.unreported(today), 2))
    years = (end for end in company.unreported(today) if company.is_year_end(end))
    return dict(zip(("0q", "+1q", "0y", "+1y"), (*quarters, *islice(years, 2)), strict=True))


def earnings_trend(facts: Facts, company: Company) -> dict[str, Any] | None:
    """The module earningsTrend, which always formats its numbers; None where nobody follows."""
    if not company.analysts:
        return None
    ends = horizons(company, facts.today)
    trend = [trend_of(facts, company, name, end) for name, end in ends.items()]
    return {"trend": trend, "maxAge": 1}


def trend_of(facts: Facts, company: Company, horizon: str, end: date) -> dict[str, Any]:
    """The estimates of one horizon, a present share."""
    is_year = horizon.endswith("y")
    result = company.year_eps(end) if is_year else company.quarter_eps(end)
    before = date(end.year - 1, end.month, 28)
    ago_end = next(company.quarter_ends(before))
    ago = (company.year_eps if is_year else company.quarter_eps)(ago_end) / facts.split_factor
    means = {
        name: round(company.expected(result, end, facts.days_ago(days)) / facts.split_factor, 5)
        for name, days in AGO.items()
    }
    mean = means["current"]
    growth = (mean - ago) / abs(ago) if ago else 0.0
    revenue = abs(company.eps) * company.scale(end) * company.shares / company.margin
    revenue /= 1 if is_year else 4
    spread = 0.04 + 0.02 * is_year
    return {
        "maxAge": 1,
        "period": horizon,
        "endDate": end.isoformat(),
        "growth": percent(growth),
        "earningsEstimate": {
            "avg": number(mean),
            "low": number(round(mean - spread * abs(mean), 2)),
            "high": number(round(mean + spread * abs(mean), 2)),
            "yearAgoEps": number(round(ago, 4)),
            "numberOfAnalysts": count(company.analysts),
            "growth": percent(growth),
            "earningsCurrency": "USD",
        },
        "revenueEstimate": {
            "avg": count(revenue),
            "low": count(revenue * 0.96),
            "high": count(revenue * 1.04),
            "numberOfAnalysts": count(company.analysts),
            "yearAgoRevenue": count(revenue / (1 + company.growth)),
            "growth": percent(company.growth),
            "revenueCurrency": "USD",
        },
        "epsTrend": {name: number(value) for name, value in means.items()}
        | {"epsTrendCurrency": "USD"},
        "epsRevisions": revisions(company, end, facts.today) | {"epsRevisionsCurrency": "USD"},
    }


def revisions(company: Company, end: date, today: date) -> dict[str, Any]:
    """How many estimates moved; the capital D of downLast7Days is Yahoo's."""
    month = crc32(f"{company.symbol} {end} {today.toordinal() // 7}".encode())
    up, down = month % (company.analysts + 1), month // 97 % (company.analysts + 1)
    return {
        "upLast7days": count(up // 4),
        "upLast30days": count(up),
        "downLast30days": count(down),
        "downLast7Days": count(down // 4),
        "downLast90days": {},
    }


def earnings_history(facts: Facts, company: Company) -> dict[str, Any]:
    """The module earningsHistory: the last four reports against what was expected."""
    history = []
    for place, end in enumerate(company.reported(facts.today)[-4:]):
        actual = company.quarter_eps(end)
        expected = company.expected(actual, end, company.report_day(end) - timedelta(days=1))
        factor = facts.split_factor
        surprise = (actual - expected) / abs(expected) if expected else 0.0
        history.append(
            {
                "maxAge": 1,
                "epsActual": number(round(actual / factor, 4)),
                "epsEstimate": number(round(expected / factor, 5)),
                "epsDifference": number(round((actual - expected) / factor, 2)),
                "surprisePercent": percent(surprise),
                "quarter": day(end),
                "currency": "USD",
                "period": f"-{4 - place}q",
            }
        )
    return {"history": history, "maxAge": 86400}


def calendar_events(facts: Facts, company: Company) -> dict[str, Any]:
    """The module calendarEvents: the next report and the newest dividend."""
    end = next(company.unreported(facts.today))
    report = midnight(company.report_day(end)) + REPORT_AT
    earnings: dict[str, Any] = {
        "earningsDate": [report],
        "earningsCallDate": [report],
        "isEarningsDateEstimate": report - facts.at > 30 * 86400,
    }
    if company.analysts:
        estimate = trend_of(facts, company, "0q", end)
        for name, source in (("earnings", "earningsEstimate"), ("revenue", "revenueEstimate")):
            for word, key in (("Average", "avg"), ("Low", "low"), ("High", "high")):
                earnings[name + word] = estimate[source][key]["raw"]
    events: dict[str, Any] = {"maxAge": 1, "earnings": earnings}
    if facts.past.dividends:
        ex_date = facts.past.dividends[-1][0] // 86400 * 86400
        events |= {"exDividendDate": ex_date, "dividendDate": ex_date + 14 * 86400}
    return events
