"""Yahoo's modules of a company's figures: financialData, defaultKeyStatistics, statements."""

from datetime import date
from typing import Any

from .company import Company
from .facts import Facts
from .forms import count, day
from .hours import midnight
from .statements import year_figures


def financial_data(known: Facts, company: Company) -> dict[str, Any]:
    """The module financialData: the last four quarters."""
    year = known.trailing(company)
    module = {
        "maxAge": 86400,
        "currentPrice": known.price,
        "targetMeanPrice": round(1.08 * known.price, 2),
        "recommendationKey": "buy" if company.analysts else "none",
        "totalCash": round(year["CashCashEquivalentsAndShortTermInvestments"]),
        "ebitda": round(year["EBITDA"]),
        "totalRevenue": round(year["TotalRevenue"]),
        "grossProfits": round(year["GrossProfit"]),
        "freeCashflow": round(year["FreeCashFlow"]),
        "operatingCashflow": round(year["OperatingCashFlow"]),
        "profitMargins": year["NetIncome"] / year["TotalRevenue"],
        "financialCurrency": "USD",
    }
    if company.analysts:
        module["numberOfAnalystOpinions"] = company.analysts
    if "TotalDebt" in year:
        module["totalDebt"] = round(year["TotalDebt"])
    return module


def key_statistics(known: Facts, company: Company) -> dict[str, Any]:
    """The module defaultKeyStatistics."""
    year = known.trailing(company)
    last = known.last_year_end(company)
    value = known.market_cap + year.get("NetDebt", 0.0)
    module: dict[str, Any] = {
        "maxAge": 1,
        "priceHint": 2,
        "enterpriseValue": round(value),
        "enterpriseToEbitda": round(value / year["EBITDA"], 3),
        "forwardPE": known.price / known.next_year_eps(company),
        "forwardEps": known.next_year_eps(company),
        "trailingEps": round(year["DilutedEPS"], 2),
        "profitMargins": year["NetIncome"] / year["TotalRevenue"],
        "floatShares": round(0.95 * known.shares),
        "sharesOutstanding": known.shares,
        "impliedSharesOutstanding": known.shares,
        "lastFiscalYearEnd": midnight(last),
        "nextFiscalYearEnd": midnight(date(last.year + 1, last.month, 28)),
        "mostRecentQuarter": midnight(company.reported(known.today)[-1]),
        "netIncomeToCommon": round(year["NetIncome"]),
    }
    if known.past.splits:
        at, numerator, denominator = known.past.splits[-1]
        module["lastSplitFactor"] = f"{numerator}:{denominator}"
        module["lastSplitDate"] = at // 86400 * 86400
    return module


def income_statements(known: Facts, company: Company) -> dict[str, Any]:
    """The module incomeStatementHistory: of four years little more than revenue and income."""
    ends = [end for end in company.reported(known.today) if company.is_year_end(end)][-4:]
    statements = []
    for end in reversed(ends):
        year = year_figures(company, end, known.split_factor)
        statements.append(
            {
                "maxAge": 1,
                "endDate": day(end),
                "totalRevenue": count(year["TotalRevenue"]),
                "netIncome": count(year["NetIncome"]),
                "ebit": count(0),
                "interestExpense": {},
                "operatingIncome": {},
            }
        )
    return {"incomeStatementHistory": statements, "maxAge": 86400}
