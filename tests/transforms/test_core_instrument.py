from datetime import date

import pandas as pd
from market import Market, raw_quotes


def holding(ticker: str, name: str, **more: object) -> dict[str, object]:
    return {"fund": "IWM", "holdings_date": date(2024, 1, 2), "ticker": ticker, "name": name} | more


def build(market: Market) -> pd.DataFrame:
    return market.build("core.instrument").set_index("symbol")


def test_symbol_that_is_only_quoted_is_a_stock_and_its_own_issuer(market: Market) -> None:
    # given
    market.give("raw.quote", raw_quotes("NEW", [10]))

    # when
    row = build(market).loc["NEW"]

    # then
    assert row["name"] is None
    assert row["kind"] == "stock"
    assert row["currency"] == "USD"
    assert row["issuer"] == "NEW"
    assert row["is_primary_class"] is True


def test_reference_is_believed_before_fundamentals_and_those_before_holdings(
    market: Market,
) -> None:
    # given three sources that speak of A, two of B, one of C
    market.give(
        "raw.holding",
        [holding("A", "held", sector="S1"), holding("B", "held"), holding("C", "held")],
    )
    market.give(
        "raw.fundamental",
        [
            {"symbol": "A", "snapshot_date": date(2024, 1, 2), "name": "described"},
            {"symbol": "B", "snapshot_date": date(2024, 1, 2), "name": "described"},
        ],
    )
    market.give("reference.instrument", [{"symbol": "A", "name": "known", "kind": "etf"}])

    # when
    instrument = build(market)

    # then what the better source leaves open the next one fills
    assert dict(instrument["name"]) == {"A": "known", "B": "described", "C": "held"}
    assert instrument.loc["A", "kind"] == "etf"
    assert instrument.loc["A", "sector"] == "S1"


def test_newest_description_wins(market: Market) -> None:
    # given
    market.give(
        "raw.fundamental",
        [
            {"symbol": "META", "snapshot_date": date(2021, 1, 4), "name": "Facebook"},
            {"symbol": "META", "snapshot_date": date(2024, 1, 2), "name": "Meta Platforms"},
        ],
    )

    # then
    assert build(market).loc["META", "name"] == "Meta Platforms"


def test_holdings_are_spelt_as_yahoo_does_and_cash_is_no_instrument(market: Market) -> None:
    # given
    market.give("reference.ticker_spelling", [{"ticker": "MOGA", "symbol": "MOG-A"}])
    market.give(
        "raw.holding",
        [
            holding("MOGA", "Moog", asset_class="Equity", sector="Communication"),
            holding("USD", "USD CASH", asset_class="Cash"),
        ],
    )

    # when
    instrument = build(market)

    # then
    assert list(instrument.index) == ["MOG-A"]
    assert instrument.loc["MOG-A", "sector"] == "Communication Services"


def test_share_classes_name_one_issuer_and_one_primary_line(market: Market) -> None:
    # given
    market.give("raw.quote", raw_quotes("GOOGL", [10]))
    market.give("raw.quote", raw_quotes("GOOG", [10]))
    market.give(
        "reference.share_class",
        [
            {"issuer": "Alphabet", "symbol": "GOOGL", "is_primary": True},
            {"issuer": "Alphabet", "symbol": "GOOG", "is_primary": False},
        ],
    )

    # when
    instrument = build(market)

    # then
    assert list(instrument["issuer"]) == ["Alphabet", "Alphabet"]
    assert dict(instrument["is_primary_class"]) == {"GOOG": False, "GOOGL": True}
