"""Each thing that goes wrong at a vendor: its outcome, how often it is tried again, what comes."""

import re
import time
from collections.abc import Iterator
from datetime import date, datetime
from functools import partial
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from live_night import serving
from vendors import Request, Vendors, demo_world
from vendors.answer import Answer as VendorAnswer
from vendors.server import Vendor

from flows.asking import ask
from flows.sources import Answer, Outcome, SourceError
from flows.sources.live import Live, asking
from flows.sources.live.companies import fetch_info
from flows.sources.live.settings import Settings
from warehouse.run import Run

NIGHT = date(2025, 6, 11)
CHART = "/v8/finance/chart/TOVL"
SUMMARY = "/v10/finance/quoteSummary/TOVL"
OTHERS = ("IWM", "SPY", "QQQ", "AAPL", "MSFT", "SMBR")  # who show that the vendor is up
DAILY, MONTHLY = "DGS10", "UNRATE"


@pytest.fixture(scope="module")
def serving_vendors() -> Iterator[Vendors]:
    with serving(demo_world(first=date(2025, 3, 3), now=datetime(2025, 6, 11, 22, 30))) as vendors:
        yield vendors


@pytest.fixture
def vendors(serving_vendors: Vendors, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendors]:
    monkeypatch.setattr(asking, "LONGEST_WAIT_SECONDS", 0.05)
    yield serving_vendors
    serving_vendors.heal()


@pytest.fixture
def live(tmp_path: Path) -> Live:
    return source(tmp_path)


def source(folder: Path, **settings: object) -> Live:
    made = Live(Settings(**{"minutes": 0.5, **settings}))
    made.open(folder, lambda vendor, count: None)
    return made


def wanted(dataset: str, names: tuple[str, ...]) -> pd.DataFrame:
    column = {"rate": "series_id", "holding": "fund"}.get(dataset, "symbol")
    frame = pd.DataFrame({column: names})
    if dataset == "holding":
        product = {
            "IWM": "239710/ishares-russell-2000-etf",
            "IVV": "239726/ishares-core-sp-500-etf",
        }
        page = "https://www.ishares.com/us/products/{}/1467271812596.ajax"
        return frame.assign(download_url=[page.format(product[name]) for name in names])
    return frame if dataset in ("estimate", "fundamental") else frame.assign(since=pd.NaT)


def fetch(live: Live, dataset: str, *names: str) -> tuple[pd.DataFrame, dict[str, Outcome]]:
    answer: Answer = live.ask(dataset, wanted(dataset, names), NIGHT, lambda done, total: None)
    return answer.frame, {outcome.key.split()[1]: outcome for outcome in answer.outcomes}


PASSING = ["429", "500", "503", "timeout", "reset", "truncated", "cut", "html", "empty"]


@pytest.mark.parametrize("fault", [*PASSING, "nan_last_bar", "missing_session", "unknown_symbol"])
def test_a_quote_comes_once_the_trouble_has_passed(
    vendors: Vendors, live: Live, fault: str
) -> None:
    met = vendors.fail(fault, path=CHART, times=1, seconds=0.1)

    bars, outcomes = fetch(live, "quote", "TOVL", *OTHERS)

    assert met.met == 1
    assert outcomes["TOVL"].outcome == "ok"
    assert outcomes["TOVL"].attempts <= 2
    told = vendors.world.bars("TOVL")["close"].to_list()
    assert bars.loc[bars["symbol"] == "TOVL", "close"].to_list() == told


@pytest.mark.parametrize(
    ("fault", "outcome", "attempts"),
    [
        ("429", "rate_limited", 6),
        ("500", "failed", 6),
        ("503", "failed", 6),
        ("timeout", "failed", 6),
        ("reset", "failed", 6),
        ("truncated", "failed", 6),
        ("cut", "failed", 6),
        ("html", "failed", 6),
        ("empty", "empty", 3),
        ("unknown_symbol", "unknown", 2),
        ("nan_last_bar", "stale", 2),
        ("missing_session", "stale", 2),
        ("bar_tomorrow", "ok", 1),
    ],
)
def test_a_quote_whose_trouble_stays(
    vendors: Vendors, live: Live, fault: str, outcome: str, attempts: int
) -> None:
    vendors.fail(fault, path=CHART, times=None, seconds=0.05)

    bars, outcomes = fetch(live, "quote", "TOVL", *OTHERS)

    assert (outcomes["TOVL"].outcome, outcomes["TOVL"].attempts) == (outcome, attempts)
    assert {outcomes[name].outcome for name in OTHERS} == {"ok"}
    own = bars[bars["symbol"] == "TOVL"]
    assert len(own) == outcomes["TOVL"].rows
    # A late bar leaves those before it; one of tomorrow does not land.
    sessions = vendors.world.bars("TOVL").index
    late = {"stale": sessions[-2], "ok": sessions[-1]}.get(outcome)
    assert own["session"].max() == late if late else own.empty
    assert "http" not in outcomes["TOVL"].detail


@pytest.mark.parametrize(("event", "outcome"), [("dividend", "stale"), ("split", "unsettled")])
def test_a_last_bar_that_has_no_close_yet_is_no_bar(
    vendors: Vendors, live: Live, event: str, outcome: str
) -> None:
    stock = vendors.world.instruments["TOVL"]
    before, bars = fetch(live, "quote", "TOVL")[0].iloc[:-1], stock.bars.copy()
    if event == "dividend":
        stock.pay(NIGHT, 2.0)
    else:
        stock.split(NIGHT, 4)
    vendors.fail("nan_last_bar", path=CHART, times=None)
    try:
        told, outcomes = fetch(live, "quote", "TOVL", *OTHERS)
    finally:
        stock.bars = bars
        (stock.dividends if event == "dividend" else stock.splits).pop(NIGHT)
        stock.edition += 1

    assert outcomes["TOVL"].outcome == outcome
    own = told[told["symbol"] == "TOVL"]
    if outcome == "stale":
        # A dividend that has not landed has not moved what was adjusted before.
        assert own["adj_close"].to_list() == pytest.approx(before["adj_close"].to_list())
        assert own["session"].to_list() == before["session"].to_list()
    else:
        assert own.empty


SPOILT = {
    "a period twice": ("estimate", rb'"period":"\+1q"', b'"period":"0q"'),
    "a price of words": ("fundamental", rb'"currentPrice":[\d.]+', b'"currentPrice":"dear"'),
    "a day of words": (
        "rate",
        rb'"realtime_start":"[^"]+","realtime_end":"[^"]+","date"',
        b'"realtime_start":"soon","realtime_end":"soon","date"',
    ),
}


@pytest.mark.parametrize("what", SPOILT)
def test_an_answer_that_breaks_its_reader_costs_one_name(
    vendors: Vendors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    dataset, there, instead = SPOILT[what]
    name, others = (DAILY, [MONTHLY]) if dataset == "rate" else ("TOVL", ["AAPL", "MSFT"])
    spoilt = 0

    def spoil(honest: Vendor, request: Request, fault: str) -> VendorAnswer:
        nonlocal spoilt
        answer = honest(request, fault)
        if name in request.path + request.query:
            answer.body, times = re.subn(there, instead, answer.body)
            spoilt += times
        return answer

    for host, honest in [*vendors.server.vendors.items()]:
        monkeypatch.setitem(vendors.server.vendors, host, partial(spoil, honest))
    _, outcomes = fetch(
        source(tmp_path, fred_api_key=vendors.world.fred_key), dataset, name, *others
    )

    assert spoilt
    assert (outcomes[name].outcome, outcomes[name].rows) == ("failed", 0)
    assert {outcomes[other].outcome for other in others} == {"ok"}


def test_an_infinite_ratio_leaves_the_rest_of_a_companys_facts(
    vendors: Vendors, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(live.infos, "TOVL", fetch_info("TOVL") | {"trailingPE": "Infinity"})

    facts = fetch(live, "fundamental", "TOVL")[0].squeeze()

    assert facts["trailing_pe"] is None or pd.isna(facts["trailing_pe"])
    assert facts["market_cap_usd"] > 0
    assert facts["forward_pe"] > 0


def test_a_vendors_night_is_one_however_much_it_is_asked_for(
    vendors: Vendors, tmp_path: Path
) -> None:
    hasty = source(tmp_path, minutes=0.002)
    fetch(hasty, "quote", *OTHERS)
    time.sleep(0.12)

    _, outcomes = fetch(hasty, "estimate", "AAPL", "MSFT")
    assert {outcome.outcome for outcome in outcomes.values()} == {"not_asked"}
    assert fetch(hasty, "rate", MONTHLY)[1][MONTHLY].outcome == "ok"


def test_a_vendor_that_says_when_to_come_back_is_heard(vendors: Vendors, live: Live) -> None:
    vendors.requests.clear()
    vendors.fail("429", host="fred.stlouisfed.org", retry_after=1)

    assert fetch(live, "rate", MONTHLY)[1][MONTHLY].outcome == "ok"
    first, second = (request.at for request in vendors.requests)
    assert second - first >= 1


@pytest.mark.parametrize("fault", ["no_crumb", "invalid_crumb", "lost_cookie"])
@pytest.mark.parametrize("times", [1, 3])
def test_a_lost_crumb_or_cookie_is_replaced(
    vendors: Vendors, live: Live, tmp_path: Path, fault: str, times: int
) -> None:
    expected, _ = fetch(source(tmp_path), "estimate", "TOVL")
    path = "/v1/test/getcrumb" if fault == "no_crumb" else "/v10/*"
    vendors.fail("invalid_crumb", path="/v7/*", times=1)  # so that a crumb is asked for
    met = vendors.fail(fault, path=path, times=times)

    told, outcomes = fetch(live, "estimate", "TOVL", "AAPL", "MSFT")

    assert met.met == times
    assert {outcome.outcome for outcome in outcomes.values()} == {"ok"}
    pd.testing.assert_frame_equal(told[told["symbol"] == "TOVL"].reset_index(drop=True), expected)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [("empty", "failed"), ("500", "failed"), ("html", "failed"), ("unknown_symbol", "unknown")],
)
def test_a_company_whose_trouble_stays(
    vendors: Vendors, live: Live, fault: str, outcome: str
) -> None:
    vendors.fail(fault, path=SUMMARY, times=None)

    told, outcomes = fetch(live, "estimate", "TOVL", "AAPL", "MSFT", "NVDA", "META", "TSLA")

    assert outcomes["TOVL"].outcome == outcome
    assert set(told["symbol"]) == {"AAPL", "MSFT", "NVDA", "META", "TSLA"}


def test_a_company_that_nobody_follows(vendors: Vendors, live: Live) -> None:
    told, outcomes = fetch(live, "estimate", "VELT", "AAPL")
    assert (outcomes["VELT"].outcome, outcomes["AAPL"].outcome) == ("unknown", "ok")
    assert len(told) == 4


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("dataset", ["rate", "holding"])
def test_rates_and_holdings_come_once_the_trouble_has_passed(
    vendors: Vendors, live: Live, dataset: str, fault: str
) -> None:
    names = (DAILY, MONTHLY) if dataset == "rate" else ("IWM", "IVV")
    expected, _ = fetch(live, dataset, *names)
    host = "fred.stlouisfed.org" if dataset == "rate" else "www.ishares.com"
    vendors.fail(fault, host=host, times=2, seconds=0.1)

    told, outcomes = fetch(live, dataset, *names)

    pd.testing.assert_frame_equal(told, expected)
    assert {outcome.outcome for outcome in outcomes.values()} == {"ok"}
    assert sum(outcome.attempts for outcome in outcomes.values()) == 4


def test_a_rate_series_that_stopped_is_said_to_be_stale(vendors: Vendors, live: Live) -> None:
    known = vendors.world.series[DAILY].vintages
    last = pd.Timestamp(NIGHT) - pd.Timedelta(days=12)
    vendors.world.series[DAILY].vintages = known[known["observation_date"] <= last]
    try:
        told, outcomes = fetch(live, "rate", DAILY, MONTHLY)
    finally:
        vendors.world.series[DAILY].vintages = known

    assert (outcomes[DAILY].outcome, outcomes[DAILY].detail) == ("stale", "newest value 2025-05-30")
    assert outcomes[MONTHLY].outcome == "ok"
    assert told.loc[told["series_id"] == DAILY, "observation_date"].max() == "2025-05-30"


@pytest.mark.parametrize(
    ("dataset", "host", "words"),
    [
        ("holding", "www.ishares.com", "no holding .2 failed; holding IVV: iShares answered 503"),
        ("rate", "fred.stlouisfed.org", "no rate .*rate BAMLH0A0HYM2: FRED answered 503"),
        ("quote", "query*.finance.yahoo.com", "no quote .*quote AAPL: Yahoo gave no answer"),
    ],
)
def test_a_vendor_that_stays_down_ends_the_night_with_a_sentence(
    vendors: Vendors,
    con: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    dataset: str,
    host: str,
    words: str,
) -> None:
    vendors.fail("503", host=host, times=None)
    down = source(tmp_path, minutes=0.01)
    run = Run("nightly", "live", NIGHT, datetime(2025, 6, 11, 22, 30))

    with pytest.raises(SourceError, match=words) as error:
        ask(con, down, dataset, run)

    assert "the last publication stays" in str(error.value)
    assert str(error.value).count("\n") == 0
