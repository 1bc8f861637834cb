from datetime import date, datetime

from consensus import fundamental
from market import Market

MARCH, JUNE = date(2026, 3, 31), date(2026, 6, 30)


def test_facts_stand_from_when_they_became_known(market: Market) -> None:
    # given two snapshots, and a correction of the first after the second
    late = datetime(2026, 7, 15)
    market.give(
        "raw.fundamental",
        [
            fundamental("A", 10, snapshot_date=MARCH),
            fundamental("A", 20, snapshot_date=JUNE),
            fundamental("A", 11, snapshot_date=MARCH, known_at=late, run_id="second"),
        ],
    )
    known = market.build("core.known_fundamental")

    # then the correction says nothing of the newest
    assert list(known["snapshot_date"]) == [MARCH, JUNE]
    assert list(known["shares_outstanding"]) == [10, 20]


def test_correction_of_the_newest_leaves_the_past_as_it_was(market: Market) -> None:
    # given
    late = datetime(2026, 7, 15)
    market.give(
        "raw.fundamental",
        [
            fundamental("A", 20, snapshot_date=JUNE),
            fundamental("A", 21, snapshot_date=JUNE, known_at=late, run_id="second"),
        ],
    )
    known = market.build("core.known_fundamental")

    # then
    assert list(known["known_at"]) == [datetime(2026, 6, 30, 22), late]
    assert list(known["shares_outstanding"]) == [20, 21]


def test_shares_stay_known_where_a_snapshot_has_none(market: Market) -> None:
    # given a second snapshot with revenue alone
    market.give(
        "raw.fundamental",
        [
            fundamental("A", 10, snapshot_date=MARCH),
            fundamental("A", None, snapshot_date=JUNE, revenue_usd=5.0),
        ],
    )
    newest = market.build("core.known_fundamental").iloc[-1]

    # then
    assert (newest["shares_outstanding"], newest["revenue_usd"]) == (10, 5)
