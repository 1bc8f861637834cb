from datetime import date

from market import Market, on, raw_quotes


def test_sessions_run_to_the_newest_quote(market: Market) -> None:
    # given a quote on the Friday before New Year and one on the Wednesday after it
    market.give("raw.quote", raw_quotes("AAA", [10, 11], on("2023-12-29", "2024-01-03")))

    # when
    session = market.build("core.session")

    # then the holiday is none of them, and the count starts again with the year
    newest = session.tail(3)
    assert list(newest["session"]) == on("2023-12-29", "2024-01-02", "2024-01-03")
    assert list(newest["previous_session"]) == on("2023-12-28", "2023-12-29", "2024-01-02")
    assert list(newest["sessions_ytd"]) == [250, 1, 2]


def test_first_session_has_none_before_it(market: Market) -> None:
    # given
    market.give("raw.quote", raw_quotes("AAA", [10], on("2024-01-02")))

    # when
    first = market.build("core.session").iloc[0]

    # then
    assert first["session"] == date(1990, 1, 2)
    assert first["previous_session"] is None


def test_month_ends_on_its_last_session_and_not_on_the_newest_quote(market: Market) -> None:
    # given quotes up to the middle of April; Good Friday was 29 March 2024
    market.give("raw.quote", raw_quotes("AAA", [10], on("2024-04-15")))

    # when
    session = market.build("core.session").set_index("session")["is_month_end"]

    # then
    assert session[date(2024, 3, 28)] is True
    assert session[date(2024, 3, 27)] is False
    assert session[date(2024, 4, 15)] is False
