"""Estimates and fundamentals: a budget a night, fiscal periods resolved, what a company lacks."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest
from live_night import CORE, query, run_night, serving, sessions
from vendors import Vendors, demo_world

from warehouse.run import Run

FIRST = date(2025, 6, 11)
SEVEN = {"AAPL", "MSFT", "GOOGL", "AMZN", "META", "NVDA", "TSLA"}
DATASETS = ("holding", "quote", "estimate", "fundamental")
COMPANIES = [t for t in CORE if t.name in ("core.session", "core.estimate", "core.fundamental")]


@pytest.fixture
def vendors() -> Iterator[Vendors]:
    with serving(demo_world(first=date(2025, 3, 3))) as vendors:
        yield vendors


def night(vendors: Vendors, home: Path, session: date, *names: str, **settings: object) -> Run:
    given = {"names": names, "datasets": DATASETS, "tables": COMPANIES, "leave_out": {"LARGE"}}
    return run_night(vendors, home, session, **(given | settings))


def asked(home: Path, run: Run, dataset: str) -> set[str]:
    rows = query(
        home,
        "select split_part(key, ' ', 2) from ops.source_outcome "
        "where run_id = $1 and key like $2 || ' %'",
        run.run_id,
        dataset,
    )
    return set(rows.iloc[:, 0])


def test_a_budget_goes_round_and_reports_go_first(vendors: Vendors, tmp_path: Path) -> None:
    # The seven and seven small companies, of which VELT is followed by nobody.
    everybody = {*SEVEN, "QALM", "SMBR", "TOVL", "UMBL", "VELT", "WYNK", "MOG-A"}
    nights = []
    for session in sessions(FIRST, 4):
        run = night(vendors, tmp_path, session, *everybody, "SPY", companies_per_night=5)
        nights.append(asked(tmp_path, run, "estimate"))
        assert asked(tmp_path, run, "fundamental") == nights[-1]

    assert [len(names) for names in nights] == [5, 5, 5, 5]
    assert nights[0] | nights[1] | nights[2] == everybody
    assert nights[0] <= SEVEN
    # QALM has split, VELT rests, and those whose word is oldest come round again.
    assert "QALM" in nights[3]
    assert "VELT" not in nights[3]
    reports = query(
        tmp_path,
        "select distinct symbol from raw.estimate where report_date between $1 and $2",
        date(2025, 6, 9),
        date(2025, 6, 23),
    )["symbol"]
    assert nights[3] - {"QALM", *reports} <= nights[0]


@pytest.mark.parametrize(
    ("at", "is_asked"), [("2025-06-14 12:00", True), ("2025-06-16 16:00", False)]
)
def test_what_is_said_after_the_next_session_began_is_not_asked_for(
    vendors: Vendors, tmp_path: Path, at: str, is_asked: bool
) -> None:
    friday = date(2025, 6, 13)
    run = night(vendors, tmp_path, friday, "AAPL", "SPY", "IWM", at=datetime.fromisoformat(at))

    told = query(
        tmp_path,
        "select outcome, rows, detail from ops.source_outcome where run_id = $1 and key like $2",
        run.run_id,
        "% AAPL",
    )
    landed = query(tmp_path, "from raw.estimate").shape[0], query(tmp_path, "from raw.fundamental")
    if is_asked:
        assert told["outcome"].to_list() == ["ok", "ok", "ok"]
    else:
        assert told["outcome"].to_list() == ["ok", "not_asked", "not_asked"]
        assert told["detail"][1].startswith("a session after 2025-06-13 has begun")
    assert (landed[0], len(landed[1])) == ((4, 1) if is_asked else (0, 0))


def test_relative_periods_become_fiscal_period_ends(vendors: Vendors, tmp_path: Path) -> None:
    names = ("AAPL", "MSFT", "NVDA", "QALM", "SPY")  # fiscal years end in September, June, January
    night(vendors, tmp_path, FIRST, *names)

    ends = query(
        tmp_path, "select symbol, horizon, fiscal_period_end from core.estimate order by all"
    ).pivot(index="symbol", columns="horizon", values="fiscal_period_end")
    for symbol in names[:-1]:
        company = vendors.world.instruments[symbol].company
        assert company
        unreported = company.unreported(FIRST)
        quarters = [next(unreported) for _ in range(9)]
        years = [end for end in quarters if company.is_year_end(end)]
        expected = {"0q": quarters[0], "+1q": quarters[1], "0y": years[0], "+1y": years[1]}
        assert ends.loc[symbol].to_dict() == {k: pd.Timestamp(v) for k, v in expected.items()}
    assert ends.loc["AAPL", "0y"] == pd.Timestamp(2025, 9, 30)
    assert ends.loc["NVDA", "+1y"] == pd.Timestamp(2027, 1, 31)


def test_what_the_vendor_says_lands_in_the_contracts_columns(
    vendors: Vendors, tmp_path: Path
) -> None:
    night(vendors, tmp_path, FIRST, "AAPL", "META", "UMBL", "SPY")

    rows = query(tmp_path, "from core.estimate where symbol = 'AAPL' and horizon = '0y'").squeeze()
    assert rows.notna().all(), rows[rows.isna()].index
    assert rows["currency"] == "USD"
    assert rows["eps_low"] < rows["eps_avg"] < rows["eps_high"]

    facts = query(tmp_path, "from core.fundamental").set_index("symbol")
    lacks = {"net_debt_to_ebitda"}
    assert set(facts.columns[facts.loc["AAPL"].isna()]) == lacks
    # META has no debt, UMBL makes losses: what is unknown stays empty.
    assert "interest_expense_usd" in facts.columns[facts.loc["META"].isna()]
    assert set(facts.columns[facts.loc["UMBL"].isna()]) == lacks | {"trailing_pe"}
    company = vendors.world.instruments["AAPL"].company
    assert company
    close = vendors.world.bars("AAPL")["close"].iloc[-1]
    assert facts.loc["AAPL", "shares_outstanding"] == pytest.approx(company.shares, rel=1e-4)
    assert facts.loc["AAPL", "market_cap_usd"] == pytest.approx(company.shares * close, rel=1e-4)


def test_a_company_without_a_whole_summary_lands_what_there_is(
    vendors: Vendors, tmp_path: Path
) -> None:
    vendors.fail("empty", path="/ws/fundamentals-timeseries/v1/finance/timeseries/AAPL", times=None)
    run = night(vendors, tmp_path, FIRST, "AAPL", "META", "SPY")

    told = query(
        tmp_path,
        "select outcome, attempts, rows, detail from ops.source_outcome "
        "where run_id = $1 and key = 'fundamental AAPL'",
        run.run_id,
    ).iloc[0]
    assert told.to_list() == ["partial", 2, 1, "it has no income statement"]
    facts = query(tmp_path, "from core.fundamental where symbol = 'AAPL'").squeeze()
    assert pd.isna(facts["revenue_usd"])
    assert facts["shares_outstanding"] > 0
