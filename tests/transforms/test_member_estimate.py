import pytest
from consensus import build, estimate, fundamental, members, quote
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
