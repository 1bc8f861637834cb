from datetime import date, datetime

import pytest
from consensus import SNAPSHOT, Row, build, estimate, fundamental, members, quote
from market import Market


@pytest.mark.parametrize(
    ("currency", "eps", "is_suspect", "is_usable"),
    [
        ("USD", 6.0, False, True),  # a P/E under 2, but known to be dollars
        ("BRL", 1.0, False, False),
        (None, 6.0, True, False),
        (None, 5.0, False, True),  # a P/E of 2
        (None, -60.0, False, True),  # losses of any size stay
        (None, None, False, False),
    ],
)
def test_estimate_counts_where_it_is_in_dollars(
    market: Market, currency: str | None, eps: float | None, is_suspect: bool, is_usable: bool
) -> None:
    # given a close of 10
    row = build(
        market,
        "rotation.member_estimate",
        members("SMALL", "A"),
        [estimate("A", "0y", eps, currency=currency)],
        [fundamental("A", 100)],
        [quote("A", 10)],
    ).squeeze()

    # then
    assert (row["is_suspect"], row["is_usable"]) == (is_suspect, is_usable)


def test_nobody_is_suspect_whose_market_value_is_unknown(market: Market) -> None:
    # given no close
    row = build(
        market,
        "rotation.member_estimate",
        members("SMALL", "A"),
        [estimate("A", "0y", 6.0, currency=None)],
    ).squeeze()

    # then
    assert (row["is_suspect"], row["is_usable"]) == (False, True)


def test_past_mean_of_zero_is_none(market: Market) -> None:
    # given
    row = build(
        market,
        "rotation.member_estimate",
        members("SMALL", "A"),
        [estimate("A", "0y", 0.0, eps_30d_ago=0.0, eps_90d_ago=0.5)],
    ).squeeze()

    # then today's stays as it is
    assert (row["eps_avg"], row["eps_30d_ago"], row["eps_90d_ago"]) == (0, None, 0.5)


EARLIER = date(2026, 6, 1)  # 29 days before SNAPSHOT


def carried(market: Market, *estimates: Row) -> dict[str, tuple[float, date]]:
    """A's mean and its day by horizon on SNAPSHOT, a day on which B was asked for."""
    table = build(
        market,
        "rotation.member_estimate",
        members("SMALL", "AB"),
        [estimate("B", "0y", 1.0), *estimates],
    )
    own = table[(table["symbol"] == "A") & (table["snapshot_date"] == SNAPSHOT)]
    return {row.horizon: (row.eps_avg, row.estimate_date) for row in own.itertuples()}


def test_newest_estimate_of_thirty_days_is_carried(market: Market) -> None:
    assert carried(
        market,
        estimate("A", "0y", 1.0, snapshot_date=date(2026, 5, 31)),
        estimate("A", "0y", 2.0, snapshot_date=EARLIER),
        estimate("A", "+1y", 3.0, snapshot_date=EARLIER),
        estimate("A", "0q", 0.5, snapshot_date=date(2026, 5, 31)),
    ) == {"0y": (2.0, EARLIER), "+1y": (3.0, EARLIER), "0q": (0.5, date(2026, 5, 31))}


def test_older_estimate_is_none(market: Market) -> None:
    assert carried(market, estimate("A", "0y", 1.0, snapshot_date=date(2026, 5, 30))) == {}


def test_estimate_of_the_day_itself_comes_first(market: Market) -> None:
    assert carried(
        market, estimate("A", "0y", 1.0, snapshot_date=EARLIER), estimate("A", "0y", 2.0)
    ) == {"0y": (2.0, SNAPSHOT)}


def test_both_years_are_of_one_answer(market: Market) -> None:
    # given that nobody estimates the next year any more
    assert carried(
        market,
        estimate("A", "0y", 1.0, snapshot_date=EARLIER),
        estimate("A", "+1y", 2.0, snapshot_date=EARLIER),
        estimate("A", "0y", 1.5, snapshot_date=date(2026, 6, 15)),
    ) == {"0y": (1.5, date(2026, 6, 15))}


def test_what_became_known_later_does_not_count(market: Market) -> None:
    night_after = datetime(2026, 7, 1, 22)
    assert carried(
        market,
        estimate("A", "0y", 1.0, snapshot_date=EARLIER),
        estimate("A", "0y", 9.0, snapshot_date=EARLIER, known_at=night_after, run_id="later"),
        estimate("A", "0y", 8.0, snapshot_date=date(2026, 6, 20), known_at=night_after),
    ) == {"0y": (1.0, EARLIER)}


def test_a_correction_of_an_older_day_leaves_the_newest(market: Market) -> None:
    corrected = datetime(2026, 6, 29, 22)
    assert carried(
        market,
        estimate("A", "0y", 1.0, snapshot_date=EARLIER),
        estimate("A", "0y", 2.0, snapshot_date=date(2026, 6, 15)),
        estimate("A", "0y", 9.0, snapshot_date=EARLIER, known_at=corrected, run_id="later"),
    ) == {"0y": (2.0, date(2026, 6, 15))}
