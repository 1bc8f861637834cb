from datetime import date, datetime

from market import Market

SNAPSHOT = date(2025, 11, 17)


def estimate(symbol: str, eps_avg: float, run_id: str = "first") -> dict[str, object]:
    return {
        "symbol": symbol,
        "horizon": "0q",
        "snapshot_date": SNAPSHOT,
        "eps_avg": eps_avg,
        "known_at": datetime(2025, 11, 17, 22),
        "run_id": run_id,
    }


def build(market: Market, *rows: dict[str, object]) -> list[tuple[str, float]]:
    market.give("reference.ticker_spelling", [{"ticker": "BF.B", "symbol": "BF-B"}])
    market.give("raw.estimate", list(rows))
    table = market.build("core.estimate")
    return list(zip(table["symbol"], table["eps_avg"], strict=True))


def test_symbols_are_spelt_as_yahoo_does(market: Market) -> None:
    # given a source that writes a dot
    rows = build(market, estimate("BF.B", 0.48), estimate("A", 1.58))

    # then
    assert rows == [("A", 1.58), ("BF-B", 0.48)]


def test_of_two_spellings_yahoos_own_counts(market: Market) -> None:
    # given both in one answer
    rows = build(market, estimate("BF.B", 0.48), estimate("BF-B", 0.5))

    # then
    assert rows == [("BF-B", 0.5)]


def test_of_two_spellings_the_newest_word_counts(market: Market) -> None:
    # given one in a later run
    rows = build(market, estimate("BF-B", 0.5), estimate("BF.B", 0.48, run_id="second"))

    # then
    assert rows == [("BF-B", 0.48)]
