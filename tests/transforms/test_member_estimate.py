from datetime import date, datetime, time, timedelta

import pytest
from cases import cases
from consensus import SNAPSHOT, Row, build, estimate, fundamental, members, quote
from hypothesis import given
from hypothesis import strategies as st
from market import Market, transforms


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


DAYS = st.sampled_from([SNAPSHOT - timedelta(days=age) for age in (0, 1, 30, 31, 61)])
TOLD = st.builds(
    lambda symbol, horizon, day, late, eps: estimate(
        symbol,
        horizon,
        eps,
        snapshot_date=day,
        known_at=datetime.combine(day + timedelta(days=late), time(22)),
    ),
    st.sampled_from("AB"),
    st.sampled_from(["0y", "+1y", "0q"]),
    DAYS,
    st.integers(0, 50),
    st.integers(1, 9),
)


@cases(30)
@given(
    told=st.lists(
        TOLD,
        min_size=1,
        max_size=25,
        unique_by=lambda row: (
            row["symbol"],
            row["horizon"],
            row["snapshot_date"],
            row["known_at"],
        ),
    ),
    since=DAYS,
)
def test_what_a_night_reads_is_enough_for_its_rows(told: list[Row], since: date) -> None:
    # given that some was known late, or corrects an older day
    market = Market()
    whole = build(market, "rotation.member_estimate", members("SMALL", "AB"), told)

    # when only what is declared is read
    transform = transforms()["rotation.member_estimate"]
    narrowed = transform.reading(transform.enough(since))
    rows = market.con.execute(f"from ({narrowed}) where snapshot_date >= ?", [since])

    # then
    expected = whole[whole["snapshot_date"] >= since]
    assert sorted(map(str, rows.fetchall())) == sorted(
        str(tuple(row)) for row in expected.itertuples(index=False)
    )
