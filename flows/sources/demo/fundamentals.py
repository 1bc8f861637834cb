"""Quarterly snapshots of what the simulated companies own, owe and last reported."""

from datetime import date

import numpy as np
import pandas as pd

from flows.sources.demo.cast import Cast
from flows.sources.demo.companies import Companies, period_end
from flows.sources.demo.draws import Floats, Stream, generator
from flows.sources.demo.history import History
from flows.sources.demo.market import closes_on

TAX_RATE = 0.21
DEBT_SHARE_OF_CAP = np.array([0.03, 0.15, 0.45])  # the seven, other large ones, small ones
CASH_SHARE_OF_CAP = np.array([0.04, 0.04, 0.07])
INTEREST_RATE = np.array([0.03, 0.045, 0.075])
REVENUE_GROWTH = np.array([0.12, 0.05, 0.06])


def fundamental_frame(
    cast: Cast, companies: Companies, history: History, seed: int, since: date | None
) -> pd.DataFrame:
    """Company facts at quarter ends from `since` to `until`, one row per listed stock.

    Figures of a year are those of the last reported fiscal year, of all share classes together.
    Debt is unknown for one company in twenty, EBITDA for financial ones.
    """
    indices = history.quarter_days()
    first, indices = indices[:1], history.told(indices, since)
    closes = closes_on(cast, history, seed, np.append(first, indices))
    frames = [
        _snapshot(cast, companies, history.days[index], close, closes[0], seed)[
            cast.is_listed(int(index))
        ]
        for index, close in zip(indices, closes[1:], strict=True)
    ]
    if not frames:
        day = history.days[first[0]]
        return _snapshot(cast, companies, day, closes[0], closes[0], seed).iloc[:0]
    return pd.concat(frames, ignore_index=True)


def _snapshot(
    cast: Cast,
    companies: Companies,
    day: np.datetime64,
    close: Floats,
    first_close: Floats,
    seed: int,
) -> pd.DataFrame:
    """One row per stock; balance sheets are in proportion to market value at the first snapshot."""
    rng, cohort = generator(seed, Stream.COMPANY, 1), companies.cohort
    count = len(cast.symbols)
    leverage, sales, keeps = (
        rng.lognormal(0, 0.5, count),
        rng.uniform(0.35, 1.1, count),
        rng.uniform(0.8, 1.0, count),
    )
    is_debt_unknown = rng.random(count) < 0.05
    twin = [cast.symbols.index("GOOGL"), cast.symbols.index("GOOG")]
    for values in (leverage, sales, keeps, is_debt_unknown):
        values[twin[1]] = values[twin[0]]
    expected_year = companies.current_period(day, True)
    reported_year = expected_year - 12
    eps = companies.eps(reported_year)
    # Reported earnings carry charges that the consensus leaves out.
    reported_eps = eps - np.abs(eps) * (1 - keeps)
    net_income = reported_eps * cast.issuer_shares
    years = (reported_year - companies.base_month) / 12
    first_cap = first_close * cast.issuer_shares
    revenue = first_cap * sales * (1 + REVENUE_GROWTH[cohort]) ** years
    debt = np.where(is_debt_unknown, np.nan, first_cap * DEBT_SHARE_OF_CAP[cohort] * leverage)
    interest = debt * INTEREST_RATE[cohort]
    before_tax = np.where(net_income > 0, net_income / (1 - TAX_RATE), net_income)
    operating_income = before_tax + np.nan_to_num(interest)
    is_financial = np.isin(cast.sectors, ["Financials"])
    ebitda = np.where(is_financial, np.nan, operating_income + 0.06 * revenue)
    next_eps = companies.consensus(expected_year + 12, day)
    return pd.DataFrame(
        {
            "symbol": cast.symbols,
            "snapshot_date": day.astype("datetime64[s]"),
            "name": cast.names,
            "sector": cast.sectors,
            "industry": cast.industries,
            "market_cap_usd": np.round(close * cast.issuer_shares),
            "shares_outstanding": np.round(cast.issuer_shares),
            "fiscal_year_end": period_end(reported_year).astype("datetime64[s]"),
            "revenue_usd": np.round(revenue),
            "net_income_usd": np.round(net_income),
            "operating_income_usd": np.round(operating_income),
            "ebitda_usd": np.round(ebitda),
            "total_debt_usd": np.round(debt),
            "cash_and_short_term_investments_usd": np.round(first_cap * CASH_SHARE_OF_CAP[cohort]),
            "interest_expense_usd": np.round(interest),
            "trailing_pe": np.where(reported_eps > 0, np.round(close / reported_eps, 4), np.nan),
            "forward_pe": np.round(close / next_eps, 4),
        }
    )
