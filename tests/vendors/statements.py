"""The statements of a made-up company, under the names of Yahoo's time series."""

from collections.abc import Iterable
from datetime import date

from .company import Company

Figures = dict[str, float]
INTEREST_RATE = 0.05  # on all debt
TAX_RATE = 0.21
STOCKS = (  # what stands on a day and is not summed over quarters
    *("TotalDebt", "NetDebt", "CashAndCashEquivalents"),
    *("CashCashEquivalentsAndShortTermInvestments", "OrdinarySharesNumber", "ShareIssued"),
    *("DilutedAverageShares", "BasicAverageShares", "StockholdersEquity", "TotalAssets"),
)


def quarter_figures(company: Company, end: date, split_factor: float) -> Figures:
    """Income, balance sheet and cash flow of one quarter; a company without debt has no interest.

    Amounts in USD; per-share figures and shares as the shares stand after `split_factor`.
    """
    net = company.quarter_eps(end) * company.shares
    revenue = abs(company.eps) / 4 * company.scale(end) * company.shares / company.margin
    debt = 4 * revenue * company.debt_to_revenue
    interest = debt * INTEREST_RATE / 4
    tax = max(net, 0.0) * TAX_RATE / (1 - TAX_RATE)
    ebit = net + tax + interest
    ebitda = ebit + 0.05 * revenue
    cash = 0.15 * 4 * revenue
    shares = company.shares * split_factor
    figures = {
        "TotalRevenue": revenue,
        "OperatingRevenue": revenue,
        "NetIncome": net,
        "NetIncomeCommonStockholders": net,
        "PretaxIncome": net + tax,
        "TaxProvision": tax,
        "EBIT": ebit,
        "EBITDA": ebitda,
        "NormalizedEBITDA": ebitda,
        "OperatingIncome": ebit,
        "GrossProfit": 0.45 * revenue,
        "OperatingCashFlow": ebitda - tax - interest,
        "CapitalExpenditure": -0.04 * revenue,
        "FreeCashFlow": ebitda - tax - interest - 0.04 * revenue,
        "DilutedEPS": net / shares,
        "BasicEPS": net / shares,
        "DilutedAverageShares": shares,
        "BasicAverageShares": shares,
        "OrdinarySharesNumber": shares,
        "ShareIssued": shares,
        "CashAndCashEquivalents": cash,
        "CashCashEquivalentsAndShortTermInvestments": cash,
        "StockholdersEquity": 2 * revenue,
        "TotalAssets": 4 * revenue + debt,
    }
    if debt:
        figures |= {"InterestExpense": interest, "TotalDebt": debt, "NetDebt": debt - cash}
    return figures


def year_figures(company: Company, end: date, split_factor: float) -> Figures:
    """The four quarters up to `end` as one year."""
    quarters = [quarter_figures(company, day, split_factor) for day in company.quarters(end)]
    return {name: quarters[-1][name] for name in quarters[-1] if name in STOCKS} | {
        name: total(quarter[name] for quarter in quarters)
        for name in quarters[-1]
        if name not in STOCKS
    }


def total(values: Iterable[float]) -> float:
    """The sum, to the cent."""
    return round(sum(values), 2)
