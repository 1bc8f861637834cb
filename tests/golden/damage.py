"""A simulated market with the faults of real data, so that every branch of a metric is met."""

import numpy as np
import pandas as pd

SEED = 5


def damage(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The same frames with values missing, zero, negative, in other currencies or out of scale."""
    random = np.random.default_rng(SEED)

    def some(frame: pd.DataFrame, share: float) -> np.ndarray:
        return random.random(len(frame)) < share

    estimate = frames["estimate"].copy()
    for name, share in {
        "eps_avg": 0.03,
        "eps_year_ago": 0.1,
        "eps_30d_ago": 0.05,
        "eps_90d_ago": 0.05,
        "up_30d": 0.05,
        "down_30d": 0.05,
        "fiscal_period_end": 0.08,
        "currency": 0.4,
    }.items():
        estimate.loc[some(estimate, share), name] = None
    estimate.loc[some(estimate, 0.02), "currency"] = "EUR"
    for name in ("eps_30d_ago", "eps_90d_ago", "eps_year_ago"):
        estimate.loc[some(estimate, 0.03), name] = 0.0
    values = [name for name in estimate.columns if name.startswith("eps_")]
    estimate.loc[some(estimate, 0.15), values] *= -1
    estimate.loc[some(estimate, 0.05), values] *= 30

    fundamental = frames["fundamental"].copy()
    for name in (
        "shares_outstanding",
        "market_cap_usd",
        "revenue_usd",
        "net_income_usd",
        "total_debt_usd",
        "cash_and_short_term_investments_usd",
    ):
        fundamental.loc[some(fundamental, 0.06), name] = None
    fundamental.loc[some(fundamental, 0.15), "net_income_usd"] *= -1
    nameless = ["AAPL", *fundamental["symbol"].unique()[20:24]]
    fundamental.loc[fundamental["symbol"].isin(nameless), "sector"] = None

    holding = frames["holding"].copy()
    nameless_too = holding["ticker"].isin(nameless[2:])
    holding.loc[nameless_too, "sector"] = None
    kept = ~some(holding, 0.03)
    return frames | {
        "estimate": estimate[~some(estimate, 0.04)].reset_index(drop=True),
        "fundamental": fundamental[~some(fundamental, 0.05)].reset_index(drop=True),
        "holding": holding[kept].reset_index(drop=True),
        "quote": frames["quote"][~some(frames["quote"], 0.02)].reset_index(drop=True),
    }
