from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from market import Market, on, raw_quotes, sessions, transforms

from warehouse.connect import open_build
from warehouse.land import land
from warehouse.place import Place
from warehouse.reference import load_reference
from warehouse.run import Run


def of(market: Market, symbol: str) -> pd.DataFrame:
    quote = market.build("core.quote")
    return quote[quote["symbol"] == symbol].reset_index(drop=True)


def give_basket(market: Market, name: str, *members: str, rebalance: str = "session") -> None:
    """Members are symbols, or symbol/stand-in."""
    split = [(*member.split("/"), None)[:2] for member in members]
    rows = [
        {"basket": name, "symbol": symbol, "stand_in": stand_in, "rebalance": rebalance}
        for symbol, stand_in in split
    ]
    market.give("reference.basket_member", pd.DataFrame(rows).astype("string"))


def test_first_quote_has_no_return(market: Market) -> None:
    # given
    market.give("raw.quote", raw_quotes("AAA", [100, 110, 99]))

    # then
    assert list(of(market, "AAA")["return_pct"]) == pytest.approx([None, 10, -10])


def test_missing_quote_gets_no_row_and_the_next_return_spans_it(market: Market) -> None:
    # given
    market.give("raw.quote", raw_quotes("AAA", [100, None, 121]))

    # when
    quote = of(market, "AAA")

    # then
    first, _, third = sessions(3)
    assert list(quote["session"]) == [first, third]
    assert list(quote["return_pct"]) == pytest.approx([None, 21])


def test_newest_word_on_a_bar_wins(market: Market) -> None:
    # given a close that was corrected two days later
    day = sessions(1)
    market.give("raw.quote", raw_quotes("AAA", [100], day))
    correction = raw_quotes("AAA", [50], day).assign(known_at=datetime(2024, 1, 4, 22))
    market.give("raw.quote", correction)

    # then
    assert list(of(market, "AAA")["close"]) == [50]


def test_known_dividend_is_preferred_to_adj_close_and_none_is_known_too(market: Market) -> None:
    # given a dividend of 2, then one of 0, where adj_close would give 5 % each time
    market.give(
        "raw.quote",
        raw_quotes("AAA", [100, 99, 99], dividends=[0, 2, 0], adj_closes=[100, 105, 110.25]),
    )

    # when
    quote = of(market, "AAA")

    # then
    assert list(quote["total_return_pct"]) == pytest.approx([None, 1, 0])
    assert list(quote["total_return_method"]) == [None, "dividend", "dividend"]


def test_adj_close_serves_where_the_dividend_is_unknown(market: Market) -> None:
    # given
    market.give("raw.quote", raw_quotes("AAA", [100, 99, 99], adj_closes=[100, 105, None]))

    # when
    quote = of(market, "AAA")

    # then
    assert list(quote["total_return_pct"]) == pytest.approx([None, 5, None])
    assert list(quote["total_return_method"]) == [None, "adj_close", None]
    assert list(quote["return_pct"]) == pytest.approx([None, -1, 0])


def test_adj_closes_of_two_vintages_are_not_compared(market: Market) -> None:
    # given an answer up to the second session, and a later one, rescaled by a dividend since
    days = sessions(3)
    market.give("raw.quote", raw_quotes("AAA", [100, 110], days[:2], adj_closes=[100, 110]))
    later = raw_quotes("AAA", [110, 121], days[1:], adj_closes=[55, 60.5])
    market.give("raw.quote", later.assign(run_id="second", known_at=datetime(2024, 1, 4, 22)))

    # then each ratio is taken within one answer: 110 / 100 and 60.5 / 55
    assert list(of(market, "AAA")["total_return_pct"]) == pytest.approx([None, 10, 10])


def test_late_bar_leaves_no_total_return_over_two_sessions(tmp_path: Path) -> None:
    # given a gain of 10 % a session, where the second bar came alone and last
    days = sessions(3)
    closes = [100.0, 110.0, 121.0]
    frame = pd.DataFrame({"symbol": "AAA", "session": days, "close": closes, "adj_close": closes})
    place = Place(tmp_path)
    with open_build(place) as con:
        load_reference(con)
        for day, answer in ((3, frame.drop(index=1)), (4, frame.loc[[1]])):
            run = Run("nightly", "files", days[-1], known_by=datetime(2024, 2, day))
            land(con, "quote", answer, run)

        # when
        transform = transforms()["core.quote"]
        con.execute(f"create table core.session as {transforms()['core.session'].text}")
        quote = con.execute(f"from ({transform.text}) order by session").df()

    # then
    assert list(quote["return_pct"][1:]) == pytest.approx([10, 10])
    assert all(quote["total_return_pct"].dropna() < 10.1)


def test_basket_return_is_the_mean_of_its_members(market: Market) -> None:
    # given members that rise by 2 % and 4 %
    market.give("raw.quote", raw_quotes("AAA", [100, 102]))
    market.give("raw.quote", raw_quotes("BBB", [50, 52]))
    give_basket(market, "BOTH", "AAA", "BBB")

    # when
    basket = of(market, "BOTH")

    # then the index is 100 on the session before the first return
    assert list(basket["session"]) == sessions(2)
    assert list(basket["close"]) == pytest.approx([100, 103])
    assert list(basket["return_pct"]) == pytest.approx([None, 3])
    assert set(basket["open"]) | set(basket["volume"]) == {None}


def test_basket_has_no_row_where_a_member_has_no_return(market: Market) -> None:
    # given a member without its second quote
    market.give("raw.quote", raw_quotes("AAA", [100, 200, 220, 242]))
    market.give("raw.quote", raw_quotes("BBB", [50, None, 55, 55]))
    give_basket(market, "BOTH", "AAA", "BBB")

    # when
    basket = of(market, "BOTH")

    # then the index starts before the first session on which both have a return
    _, second, third, fourth = sessions(4)
    assert list(basket["session"]) == [second, third, fourth]
    assert list(basket["close"]) == pytest.approx([100, 110, 115.5])


def test_basket_has_a_total_return_where_all_members_have_one(market: Market) -> None:
    # given
    market.give("raw.quote", raw_quotes("AAA", [100, 100, 100], dividends=[0, 2, 2]))
    market.give("raw.quote", raw_quotes("BBB", [100, 100, 100], dividends=[0, 4, None]))
    give_basket(market, "BOTH", "AAA", "BBB")

    # when
    basket = of(market, "BOTH")

    # then
    assert list(basket["total_return_pct"]) == pytest.approx([None, 3, None])
    assert list(basket["return_pct"]) == pytest.approx([None, 0, 0])


def test_stand_in_lends_its_returns_before_the_members_first(market: Market) -> None:
    # given GOOGL from the third session on, at another price than GOOG
    market.give("raw.quote", raw_quotes("GOOG", [100, 110, 121, 242]))
    market.give("raw.quote", raw_quotes("GOOGL", [None, None, 50, 60]))
    give_basket(market, "ONE", "GOOGL/GOOG")

    # then GOOGL's own first return is the fourth session's
    assert list(of(market, "ONE")["return_pct"]) == pytest.approx([None, 10, 10, 20])


def test_stand_in_serves_on_where_the_member_is_never_quoted(market: Market) -> None:
    # given
    market.give("raw.quote", raw_quotes("GOOG", [100, 110]))
    give_basket(market, "ONE", "GOOGL/GOOG")

    # then
    assert list(of(market, "ONE")["return_pct"]) == pytest.approx([None, 10])


def test_stand_in_does_not_fill_later_gaps(market: Market) -> None:
    # given
    market.give("raw.quote", raw_quotes("GOOG", [100, 110, 121, 133.1]))
    market.give("raw.quote", raw_quotes("GOOGL", [50, 60, None, 90]))
    give_basket(market, "ONE", "GOOGL/GOOG")

    # when
    basket = of(market, "ONE")

    # then
    first, second, _, fourth = sessions(4)
    assert list(basket["session"]) == [first, second, fourth]
    assert list(basket["return_pct"]) == pytest.approx([None, 20, 50])


def test_held_basket_is_weighted_at_the_years_last_close_only(market: Market) -> None:
    # given a member that doubles and halves within the year while the other stands still
    days = on("2023-12-28", "2023-12-29", "2024-01-02", "2024-12-31", "2025-01-02")
    market.give("raw.quote", raw_quotes("AAA", [90, 100, 200, 100, 200], days))
    market.give("raw.quote", raw_quotes("BBB", [10, 10, 10, 20, 20], days))
    give_basket(market, "HELD", "AAA", "BBB", rebalance="year")

    # when
    held = of(market, "HELD")

    # then it starts at the first last close of a year, and halves are even again at the next
    assert list(held["session"]) == days[1:]
    assert list(held["close"]) == pytest.approx([100, 150, 150, 225])
    assert list(held["return_pct"]) == pytest.approx([None, 50, 0, 50])


def test_held_and_rebalanced_baskets_part_within_a_year(market: Market) -> None:
    # given
    days = on("2023-12-28", "2023-12-29", "2024-01-02", "2024-01-03")
    market.give("raw.quote", raw_quotes("AAA", [100, 100, 200, 100], days))
    market.give("raw.quote", raw_quotes("BBB", [10, 10, 10, 10], days))
    give_basket(market, "HELD", "AAA", "BBB", rebalance="year")
    give_basket(market, "EVEN", "AAA", "BBB", rebalance="session")

    # then +100 % and -50 % of one half come back to 100 only when held
    assert list(of(market, "HELD")["close"]) == pytest.approx([100, 150, 100])
    assert list(of(market, "EVEN")["close"]) == pytest.approx([100, 100, 150, 112.5])
