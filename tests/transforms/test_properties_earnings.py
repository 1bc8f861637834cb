"""What must hold of every cohort's sums whatever its issuers earn, owe and list."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import pandas as pd
import pytest
from cases import cases
from consensus import SNAPSHOT, Row, fundamental, quote, two_years
from hypothesis import given
from hypothesis import strategies as st
from market import Market

FILE_DATE = date(2026, 6, 1)
COUNTS = ("member_count", "covered_count")
ADDITIVE = {
    "earnings_growth": (*COUNTS, "positive_count", "earnings_usd", "base_earnings_usd"),
    "estimate_revision": (
        *(*COUNTS, "counted_count", "up_30d", "down_30d"),
        *("drift_30d_count", "drift_90d_count"),
    ),
    "valuation": (
        *(*COUNTS, "market_cap_usd", "ntm_earnings_usd"),
        *("current_year_count", "next_year_count", "gaap_count"),
    ),
    "rate_sensitivity": (
        *(*COUNTS, "total_debt_usd", "floating_cash_usd"),
        *("revenue_usd", "net_income_usd"),
    ),
}
# Said of a cohort as a whole, so an issuer without estimates or shares moves them.
COVERAGE = ["member_count", "coverage_pct", "coverage_weight_pct", "is_low_coverage"]

EPS = st.none() | st.integers(-20, 20).map(float)
COUNT = st.none() | st.integers(0, 9).map(float)
USD = st.none() | st.integers(-9, 90).map(float)


@dataclass(frozen=True)
class Issuer:
    """An issuer of the S&P 500: what its primary class P and its other class Q say."""

    lines: str  # of the fund's file: P, Q or PQ
    is_seven: bool
    this: float | None
    next_: float | None
    year_ago: float | None
    then: float | None  # the mean of this year 30 and 90 days ago
    revised: tuple[float | None, float | None]
    currency: str | None
    month: int | None  # of the end of its fiscal year
    shares: float | None
    close: float | None
    debt: float | None
    net_income: float | None


issuers = st.lists(
    st.builds(
        Issuer,
        lines=st.sampled_from(["P", "P", "Q", "PQ"]),
        is_seven=st.booleans(),
        this=EPS,
        next_=EPS,
        year_ago=EPS,
        then=EPS,
        revised=st.tuples(COUNT, COUNT),
        currency=st.sampled_from(["USD", "USD", None, "EUR"]),
        month=st.none() | st.integers(1, 12) | st.just(12),
        shares=st.sampled_from([1.0, 3.0, 40.0, None]),
        close=st.none() | st.integers(1, 60).map(float),
        debt=USD,
        net_income=USD,
    ),
    min_size=1,
    max_size=6,
)
few = cases(15)


def estimates_of(issuer: Issuer, symbol: str) -> list[Row]:
    """Both years of one class; what a source says of each is the same."""
    year = pd.Period(year=2026, month=issuer.month, freq="M") if issuer.month else None
    up, down = issuer.revised
    rows = two_years(
        symbol,
        issuer.this,
        issuer.next_,
        currency=issuer.currency,
        eps_year_ago=issuer.year_ago,
        eps_30d_ago=issuer.then,
        eps_90d_ago=issuer.then,
        up_30d=up,
        down_30d=down,
        known_at=datetime(2026, 6, 30, 22),
        run_id="first",
    )
    for row, later in zip(rows, (0, 12), strict=True):
        row["fiscal_period_end"] = (year + later).end_time.date() if year is not None else None
    return rows


def world(of_large: Sequence[Issuer]) -> Market:
    """A market in which LARGE's file lists them, and MAG7 the primary classes of the seven.

    Every class has quotes, shares and estimates of its own, whether or not the file lists it.
    """
    market = Market()
    classes: list[Row] = []
    held: list[Row] = []
    estimates: list[Row] = []
    facts: list[Row] = []
    quotes: list[Row] = []
    for number, issuer in enumerate(of_large):
        for line in "PQ":
            symbol = f"{line}{number}"
            classes.append({"issuer": f"I{number}", "symbol": symbol, "is_primary": line == "P"})
            if line in issuer.lines:
                held.append({"ticker": symbol})
            estimates += estimates_of(issuer, symbol)
            facts.append(
                fundamental(
                    symbol,
                    issuer.shares,
                    sector="Energy",
                    total_debt_usd=issuer.debt,
                    cash_and_short_term_investments_usd=1.0,
                    revenue_usd=100.0,
                    net_income_usd=issuer.net_income,
                )
            )
            if issuer.close is not None:
                quotes.append(quote(symbol, issuer.close))
    file: Row = {"fund": "SP500", "holdings_date": FILE_DATE, "run_id": "first"}
    file |= {"known_at": datetime(2026, 6, 2, 13)}
    market.give("reference.share_class", classes)
    market.give("raw.holding", [file | line for line in held])
    market.give("raw.estimate", estimates)
    market.give("raw.fundamental", facts)
    market.give("raw.quote", [*quotes, quote("SPY", 100.0)])
    market.give("reference.cohort_fund", [{"fund": "SP500", "cohort": "LARGE"}])
    seven = [f"P{number}" for number, issuer in enumerate(of_large) if issuer.is_seven]
    baskets = [{"basket": "MAG7", "symbol": symbol, "rebalance": "session"} for symbol in seven]
    other = {"basket": "OTHER", "symbol": "SPY", "rebalance": "session"}
    market.give("reference.basket_member", [*baskets, other])
    return market


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """By its labels, so that rows of cohorts can be laid side by side."""
    labels = [name for name in ("horizon", "shock_bp") if name in table]
    return table.set_index(["cohort", *labels]).sort_index()


@few
@given(of_large=issuers)
@pytest.mark.parametrize("name", list(ADDITIVE))
def test_sums_are_additive_over_cohorts(name: str, of_large: list[Issuer]) -> None:
    # given large companies of which some are the seven
    table = world(of_large).build(f"rotation.{name}")

    # then LARGE is LARGE_EX_MAG7 and the seven together, and unknown where both are
    columns = list(ADDITIVE[name])
    labels = [label for label in ("horizon", "shock_bp") if label in table]
    numbers = table.astype(dict.fromkeys(columns, float))
    is_whole = numbers["cohort"] == "LARGE"
    whole, parts = (
        rows.groupby(["snapshot_date", *labels])[columns].sum(min_count=1)
        for rows in (numbers[is_whole], numbers[~is_whole])
    )
    pd.testing.assert_frame_equal(whole, parts)


@few
@given(of_large=issuers)
def test_every_covered_issuer_counts_once(of_large: list[Issuer]) -> None:
    # given what they earn this year and the next
    table = in_order(world(of_large).build("rotation.earnings_growth"))
    covered = [
        (issuer.this, issuer.next_, issuer.shares)
        for issuer in of_large
        if issuer.this is not None
        and issuer.next_ is not None
        and issuer.shares is not None
        and not any(is_unusable(issuer, eps) for eps in (issuer.this, issuer.next_))
    ]

    # then the sums are theirs; nobody's next year known, no row speaks of it
    if ("LARGE", "+1y") not in table.index:
        assert not covered
        return
    row = table.loc[("LARGE", "+1y")]
    assert row["member_count"] == len(of_large)
    assert row["covered_count"] == len(covered)
    if covered:
        assert row["earnings_usd"] == sum(next_ * shares for _, next_, shares in covered)
        assert row["base_earnings_usd"] == sum(this * shares for this, _, shares in covered)
    else:
        assert row["earnings_usd"] is None
        assert row["base_earnings_usd"] is None


def is_unusable(issuer: Issuer, eps: float) -> bool:
    """Whether an estimate is in another currency, or may be: a P/E under 2 without a currency."""
    if issuer.currency is None and issuer.close is not None:
        return eps > issuer.close / 2
    return issuer.currency == "EUR"


@few
@given(of_large=issuers)
def test_second_class_changes_nothing(of_large: list[Issuer]) -> None:
    # given the same issuers, their primary class in the file or not
    primary = [replace(issuer, lines="P") for issuer in of_large]
    for name in ADDITIVE:
        # then
        one, other = (world(file).build(f"rotation.{name}") for file in (primary, of_large))
        pd.testing.assert_frame_equal(one, other)


@few
@given(of_large=issuers, unknown=st.sampled_from(["this and next", "shares"]))
def test_uncovered_issuer_moves_the_coverage_alone(of_large: list[Issuer], unknown: str) -> None:
    # given another one of whom estimates or shares are unknown
    nothing = {"shares": None} if unknown == "shares" else {"this": None, "next_": None}
    another = replace(of_large[0], **nothing)  # type: ignore[arg-type]

    # then what the others say stands
    tables = (
        world(file).build("rotation.earnings_growth") for file in (of_large, [*of_large, another])
    )
    before, after = (in_order(table) for table in tables)
    after = after.loc[before.index]
    large = before.index.get_level_values("cohort") == "LARGE"
    assert list(after["member_count"][large]) == [len(of_large) + 1] * large.sum()
    pd.testing.assert_frame_equal(before.drop(columns=COVERAGE), after.drop(columns=COVERAGE))


def test_snapshot_is_the_day_that_these_companies_speak_of() -> None:
    # given one issuer that all tables cover
    issuer = Issuer(
        *("PQ", True, 1.0, 2.0, 1.0, 1.0, (1.0, 0.0), "USD", 12, 3.0, 10.0, 5.0, 5.0),
    )
    for name in ADDITIVE:
        table = world([issuer]).build(f"rotation.{name}")
        assert (table["covered_count"] == 1).any(), name
        if name != "rate_sensitivity":
            assert set(table["snapshot_date"]) == {SNAPSHOT}
