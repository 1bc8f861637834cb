"""Which sessions a night fills in: days off, half-days, runs at noon, late and dead names."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest
from live_night import QUOTES, outcomes, query, reading, run_night, serving, sessions
from vendors import Vendors, demo_world

from expectations.gate import audit, critical_failures
from flows.asking import SourceError
from flows.plan import plan_night
from flows.sources.live import Live
from flows.sources.live.settings import Settings
from warehouse import calendar
from warehouse.place import Place
from warehouse.run import Run

NAMES = ("IWM", "SPY", "TOVL", "SMBR", "QALM")
REQUIRED = ("IWM", "SPY", "QQQ", "AAPL", "MSFT", "GOOGL", "AMZN", "META", "NVDA", "TSLA")
FIRST = date(2025, 6, 11)


@pytest.fixture
def vendors() -> Iterator[Vendors]:
    with serving(demo_world(first=date(2025, 3, 3))) as vendors:
        yield vendors


def night(vendors: Vendors, home: Path, session: date, **given: object) -> Run:
    given = {"names": NAMES, "datasets": ("holding", "quote"), "tables": QUOTES} | given
    return run_night(vendors, home, session, **given)


def newest(home: Path, symbol: str) -> date:
    rows = query(home, "select max(session) from core.quote where symbol = $1", symbol)
    return rows.iloc[0, 0].date()


def test_after_a_week_off_one_night_fills_everything(vendors: Vendors, tmp_path: Path) -> None:
    last = sessions(FIRST, 6)[-1]  # QALM has split 4:1 in between
    night(vendors, tmp_path, FIRST)
    night(vendors, tmp_path, last)

    for name in NAMES:
        rows = query(
            tmp_path, "select session, close from core.quote where symbol = $1 order by 1", name
        )
        told = vendors.world.bars(name)["close"]
        assert rows["session"].to_list() == told.index.to_list()
        assert rows["close"].to_list() == pytest.approx(told.to_list())
    causes = query(tmp_path, "select distinct cause from ops.restatement order by 1")["cause"]
    assert causes.to_list() == ["dividend", "split"]


@pytest.mark.parametrize(
    ("at", "session"),
    [
        ("2025-07-03 22:30", "2025-07-03"),  # which closes at 17:00 UTC
        ("2025-07-04 22:30", "2025-07-03"),  # Independence Day
        ("2025-07-06 16:00", "2025-07-03"),  # a Sunday
        ("2025-07-07 16:00", "2025-07-03"),  # noon in New York
        ("2025-07-07 22:05", "2025-07-07"),
    ],
)
def test_a_run_at_any_time_takes_whole_sessions(
    vendors: Vendors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str, session: str
) -> None:
    now = datetime.fromisoformat(at)
    monkeypatch.setattr(calendar, "now", lambda: now)
    planned = plan_night(Live(Settings()), None, Place(tmp_path)).run
    assert planned.session == date.fromisoformat(session)

    night(vendors, tmp_path, planned.session, at=now, names=("IWM", "SPY"))

    assert newest(tmp_path, "IWM") == planned.session
    close = query(
        tmp_path, "select last(close order by session) from core.quote where symbol = 'IWM'"
    ).iloc[0, 0]
    vendors.world.now = datetime(2025, 7, 8, 12)
    assert close == vendors.world.bars("IWM")["close"][pd.Timestamp(session)]


def test_a_few_late_members_are_said_and_filled_in_the_next_night(
    vendors: Vendors, tmp_path: Path
) -> None:
    first, second, third = sessions(FIRST, 3)
    names = {*REQUIRED, *NAMES}
    night(vendors, tmp_path, first, names=names)
    vendors.fail("missing_session", path="/v8/finance/chart/TOVL", times=None)
    vendors.fail("500", path="/v8/finance/chart/SMBR", times=None)
    run = night(vendors, tmp_path, second, names=names)

    told = outcomes(tmp_path, run)
    assert (told["quote TOVL"], told["quote SMBR"]) == ("stale", "failed")
    assert (newest(tmp_path, "TOVL"), newest(tmp_path, "SMBR")) == (first, first)
    assert newest(tmp_path, "IWM") == second
    with reading(tmp_path) as con:
        results = audit(con, ["core.quote"], parameters={"session": second})
    assert critical_failures(results) == []

    vendors.heal()
    night(vendors, tmp_path, third, names=names)
    rows = query(
        tmp_path,
        "select count(distinct symbol), count(*) from core.quote"
        " where session >= $1 and symbol <> 'MAG7'",
        first,
    )
    assert rows.iloc[0].to_list() == [len(names), 3 * len(names)]


def test_a_session_that_the_whole_vendor_lacks_is_refused(vendors: Vendors, tmp_path: Path) -> None:
    first, second = sessions(FIRST, 2)
    night(vendors, tmp_path, first)
    vendors.fail("missing_session", path="/v8/*", times=None)
    run = night(vendors, tmp_path, second)

    assert {outcomes(tmp_path, run)[f"quote {name}"] for name in NAMES} == {"stale"}
    with reading(tmp_path) as con:
        results = audit(con, ["core.quote"], parameters={"session": second})
    assert [r.expectation for r in critical_failures(results)] == [
        "required symbols are quoted for the session"
    ]


def test_a_dead_symbol_is_tried_once_a_week(vendors: Vendors, tmp_path: Path) -> None:
    vendors.world.instruments["SMBR"].is_unknown = True
    vendors.world.instruments["TOVL"].delist(date(2025, 5, 1))
    asked: dict[str, list[date]] = {"SMBR": [], "TOVL": []}
    days = [*sessions(FIRST, 3), date(2025, 6, 18), date(2025, 6, 20)]
    told: dict[str, str] = {}
    for session in days:
        vendors.requests.clear()
        run = night(vendors, tmp_path, session)
        told |= outcomes(tmp_path, run)
        for name, nights in asked.items():
            if any(request.path.endswith(f"/chart/{name}") for request in vendors.requests):
                nights.append(session)

    # One that never gave a bar is asked on a second night; known to be dead it costs one try.
    assert asked == {"SMBR": [days[0], days[1], days[4]], "TOVL": [days[0], days[3]]}
    attempts = query(
        tmp_path, "select attempts from ops.source_outcome where key = 'quote SMBR' order by run_id"
    )["attempts"]
    assert attempts.to_list() == [2, 2, 1]
    assert (told["quote SMBR"], told["quote TOVL"]) == ("unknown", "stopped")
    assert newest(tmp_path, "TOVL") == date(2025, 5, 1)


def test_a_cohort_that_is_left_out_costs_nothing(vendors: Vendors, tmp_path: Path) -> None:
    left_out = frozenset({"SMALL", "LARGE"})
    vendors.fail("503", host="www.ishares.com", times=None)
    run = night(vendors, tmp_path, FIRST, leave_out=left_out)

    assert set(outcomes(tmp_path, run)) == {"quote IWM", "quote SPY"}
    assert {request.host for request in vendors.requests if "ishares" in request.host} == set()


def test_the_first_night_may_be_on_a_weekend(vendors: Vendors, tmp_path: Path) -> None:
    saturday = datetime(2025, 6, 14, 12)
    run = night(vendors, tmp_path, date(2025, 6, 13), at=saturday, names=("SPY", "TOVL"))

    # Friday's file counts as known from Monday on, but is in hand already.
    assert outcomes(tmp_path, run)["quote TOVL"] == "ok"
    files = query(tmp_path, "select distinct holdings_date, known_at from raw.holding")
    assert files.values.tolist() == [[pd.Timestamp(2025, 6, 13), pd.Timestamp(saturday)]]


def test_members_must_be_known_once(vendors: Vendors, tmp_path: Path) -> None:
    product = "/us/products/239710/ishares-russell-2000-etf/1467271812596.ajax"
    vendors.fail("503", path=product, times=None)
    with pytest.raises(SourceError, match=r"holdings of IWM did not come .* member of SMALL"):
        night(vendors, tmp_path, FIRST)

    vendors.heal()
    first, second = sessions(FIRST, 2)
    night(vendors, tmp_path, first)
    vendors.fail("503", path=product, times=None)
    run = night(vendors, tmp_path, second)
    assert outcomes(tmp_path, run)["holding IWM"] == "failed"
    assert newest(tmp_path, "TOVL") == second
