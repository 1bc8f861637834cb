"""The columns a folder's tables may have, by dataset; others are left aside."""


def _kinds(text: str = "", date: str = "", number: str = "") -> dict[str, str]:
    names = {"text": text.split(), "date": date.split(), "number": number.split()}
    kinds = {name: kind for kind, columns in names.items() for name in columns}
    return kinds | {"known_at": "UTC time"}


KINDS = {
    "quote": _kinds(
        text="symbol",
        date="session",
        number="open high low close adj_close volume dividend split_ratio",
    ),
    "estimate": _kinds(
        text="symbol horizon currency",
        date="snapshot_date fiscal_period_end report_date",
        number="eps_avg eps_low eps_high eps_year_ago eps_7d_ago eps_30d_ago eps_60d_ago "
        "eps_90d_ago up_7d up_30d down_7d down_30d analysts",
    ),
    "fundamental": _kinds(
        text="symbol name sector industry",
        date="snapshot_date fiscal_year_end",
        number="market_cap_usd shares_outstanding revenue_usd net_income_usd operating_income_usd "
        "ebitda_usd total_debt_usd interest_expense_usd cash_and_short_term_investments_usd "
        "net_debt_to_ebitda trailing_pe forward_pe",
    ),
}
REQUIRED = {
    "quote": ("symbol", "session", "close"),
    "estimate": ("symbol", "snapshot_date", "horizon", "eps_avg"),
    "fundamental": ("symbol", "snapshot_date"),
}
