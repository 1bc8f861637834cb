from datetime import date

import pytest
from consensus import LONG_AGO, members
from market import Market

ISSUER = [
    {"issuer": "Alphabet", "symbol": "GOOGL", "is_primary": True},
    {"issuer": "Alphabet", "symbol": "GOOG", "is_primary": False},
]


def test_issuer_counts_once_by_its_primary_class(market: Market) -> None:
    # given both classes of Alphabet, and one line of another company
    market.give("reference.share_class", ISSUER)
    market.give(
        "core.cohort_member",
        [
            *members("LARGE", ["GOOGL"], weight_pct=3.0),
            *members("LARGE", ["GOOG"], weight_pct=2.0),
            *members("LARGE", ["CAT"], weight_pct=1.0),
        ],
    )
    issuers = market.build("core.cohort_issuer")

    # then
    assert list(issuers["symbol"]) == ["CAT", "GOOGL"]
    assert list(issuers["weight_pct"]) == pytest.approx([1, 5])


def test_primary_class_stands_for_one_that_the_file_lists_instead(market: Market) -> None:
    # given
    market.give("reference.share_class", ISSUER)
    market.give("core.cohort_member", members("LARGE", ["GOOG"]))

    # then
    assert list(market.build("core.cohort_issuer")["symbol"]) == ["GOOGL"]


def test_first_file_applies_from_the_calendars_first_day(market: Market) -> None:
    # given two files
    first, last, second = date(2025, 11, 12), date(2026, 5, 5), date(2026, 5, 6)
    market.give(
        "core.cohort_member",
        [
            *members("SMALL", "AB", valid_from=first, valid_to=last),
            *members("SMALL", "BCD", valid_from=second),
        ],
    )
    files = market.build("core.cohort_file")

    # then
    assert list(files["applies_from"]) == [LONG_AGO, second]
    assert list(files["member_count"]) == [2, 3]
    assert list(files["valid_to"]) == [last, None]
