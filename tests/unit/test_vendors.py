"""The stand-in vendors, asked by the clients that the product uses, unpatched."""

import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from vendors import FAULTS, Vendors, World, demo_world, drop_world
from vendors.instrument import Instrument

from flows.sources.fred import read_graph_csv
from flows.sources.ishares import read_holdings

REPOSITORY = Path(__file__).parents[2]
DROP = REPOSITORY.parent / "shared/data/drop"
EVENING = datetime(2026, 1, 7, 23, 0)
TODAY, TOMORROW = date(2026, 1, 7), date(2026, 1, 8)
CHART = "https://query2.finance.yahoo.com/v8/finance/chart/"
GRAPH = "https://fred.stlouisfed.org/graph/fredgraph.csv?id="
API = "https://api.stlouisfed.org/fred/series/observations?file_type=json"
HOLDINGS = (
    "https://www.ishares.com/us/products/239710/ishares-russell-2000-etf/1467271812596.ajax"
    "?fileType=csv&fileName=IWM_holdings&dataType=fund"
)
COLUMNS = {
    **{"Open": "open", "High": "high", "Low": "low", "Close": "close"},
    **{"Adj Close": "adjclose", "Volume": "volume"},
}

Ask = Callable[..., Any]


# What the client's process does; it knows of the vendors by its environment alone.


def begin(environment: dict[str, str]) -> None:
    import os

    os.environ.update(environment)
    warnings.simplefilter("ignore")
    import yfinance

    yfinance.config.debug.hide_exceptions = False


def attempt(function: Callable[..., Any], *arguments: Any) -> Any:
    """What the function gives, or the error's name and words."""
    from yfinance.data import YfData

    YfData.cache_get.cache_clear()  # of earlier tests
    try:
        return function(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def download(symbols: list[str], start: date, end: date | None = None) -> pd.DataFrame:
    import yfinance

    options = {"auto_adjust": False, "actions": True, "progress": False}
    return yfinance.download(symbols, start=start, end=end, group_by="ticker", **options)


def ticker(symbol: str, attribute: str) -> Any:
    import yfinance

    return getattr(yfinance.Ticker(symbol), attribute)


def get(address: str, timeout: float = 10) -> tuple[int, str, dict[str, str]]:
    from curl_cffi import requests

    answer = requests.get(address, impersonate="chrome", timeout=timeout)
    return answer.status_code, answer.text, dict(answer.headers)


def get_otherwise(address: str) -> set[int]:
    """The status by the other two clients."""
    import httpx
    import requests

    return {httpx.get(address).status_code, requests.get(address, timeout=10).status_code}


@pytest.fixture(scope="module")
def serving() -> Iterator[Vendors]:
    with Vendors(demo_world(now=EVENING)) as vendors:
        yield vendors


@pytest.fixture(scope="module")
def client(serving: Vendors) -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, get_context("spawn"), begin, (serving.environment,)) as process:
        yield process


@pytest.fixture
def vendors(serving: Vendors) -> Iterator[Vendors]:
    serving.requests.clear()
    yield serving
    serving.heal()
    serving.world.now = EVENING
    serving.world.settle_minutes = 0
    serving.world.fred_date_header = "observation_date"


@pytest.fixture
def ask(vendors: Vendors, client: ProcessPoolExecutor) -> Ask:
    return lambda *task: client.submit(attempt, *task).result()


@pytest.fixture
def pact(vendors: Vendors) -> Iterator[Instrument]:
    """A stock that trades at 100 and pays and splits as the test likes."""
    days = pd.DatetimeIndex(vendors.world.instruments["SPY"].bars.index)
    bars = pd.DataFrame(100.0, days, ["open", "high", "low", "close"]).assign(volume=1000)
    instrument = Instrument("PACT", "Pact Inc", "stock", bars)
    vendors.world.instruments["PACT"] = instrument
    yield instrument
    del vendors.world.instruments["PACT"]


class TestQuotes:
    def test_twenty_symbols_equal_the_world(self, vendors: Vendors, ask: Ask) -> None:
        symbols = [*[*vendors.world.instruments][::4][:19], "^GSPC"]

        bars = ask(download, symbols, date(2025, 1, 2))

        assert not vendors.refused
        for symbol in symbols:
            told = bars[symbol].dropna(how="all")[[*COLUMNS]].rename(columns=COLUMNS)
            world = vendors.world.bars(symbol)["2025-01-02":]
            pd.testing.assert_frame_equal(
                told, world, check_dtype=False, check_names=False, check_freq=False
            )
            assert told.index[-1] == pd.Timestamp(TODAY)

    def test_a_split_rewrites_what_was_told(
        self, vendors: Vendors, ask: Ask, pact: Instrument
    ) -> None:
        pact.split(TOMORROW, 4)
        pact.pay(date(2026, 1, 6), 2.0)
        before = ask(download, ["PACT"], date(2026, 1, 5))["PACT"]
        vendors.world.now = EVENING + timedelta(days=1)
        after = ask(download, ["PACT"], date(2026, 1, 5))["PACT"]

        assert before["Close"].tolist() == [100.0, 100.0, 100.0]
        assert before["Stock Splits"].sum() == 0
        assert after["Close"].tolist() == [25.0, 25.0, 25.0, 25.0]
        assert after["Volume"].tolist() == [4000.0, 4000.0, 4000.0, 4000.0]
        assert after["Stock Splits"].tolist() == [0.0, 0.0, 0.0, 4.0]
        assert before["Dividends"].tolist() == [0.0, 2.0, 0.0]
        assert after["Dividends"].tolist() == [0.0, 0.5, 0.0, 0.0]

    def test_a_dividend_moves_adjusted_closes_alone(
        self, vendors: Vendors, ask: Ask, pact: Instrument
    ) -> None:
        pact.pay(TOMORROW, 2.0)
        before = ask(download, ["PACT"], date(2026, 1, 6))["PACT"]
        vendors.world.now = EVENING + timedelta(days=1)
        after = ask(download, ["PACT"], date(2026, 1, 6))["PACT"]

        assert before["Adj Close"].tolist() == [100.0, 100.0]
        assert after["Adj Close"].tolist() == [98.0, 98.0, 100.0]
        assert after["Close"].tolist() == [100.0, 100.0, 100.0]

    def test_a_running_session_is_a_partial_bar(self, vendors: Vendors, ask: Ask) -> None:
        whole = vendors.world.bars("IWM").loc["2026-01-07"]
        vendors.world.now = datetime(2026, 1, 7, 17, 45)
        noon = ask(download, ["IWM"], TODAY)["IWM"].loc["2026-01-07"]
        vendors.world.now = datetime(2026, 1, 7, 14, 29)
        early = ask(download, ["IWM"], date(2026, 1, 6))["IWM"]

        assert noon["Volume"] == pytest.approx(whole["volume"] / 2, rel=0.01)
        assert noon["Close"] != whole["close"]
        assert early.index[-1] == pd.Timestamp("2026-01-06")

    def test_a_close_may_still_settle(self, vendors: Vendors) -> None:
        final = vendors.world.bars("IWM").at["2026-01-07", "close"]
        vendors.world.settle_minutes = 120
        vendors.world.now = datetime(2026, 1, 7, 22, 30)

        assert vendors.world.bars("IWM").at["2026-01-07", "close"] != final
        vendors.world.now = datetime(2026, 1, 7, 23, 1)
        assert vendors.world.bars("IWM").at["2026-01-07", "close"] == final

    def test_a_window_ends_before_its_end(self, ask: Ask) -> None:
        bars = ask(download, ["SPY"], date(2025, 12, 23), date(2025, 12, 30))["SPY"]

        assert [day.day for day in bars.index] == [23, 24, 26, 29]

    def test_a_window_before_the_first_bar_is_a_bad_request(self, ask: Ask) -> None:
        status, text, _ = ask(get, f"{CHART}WYNK?period1=1577836800&period2=1580515200")

        assert status == 400
        assert "Data doesn't exist for startDate = 1577836800" in text

    def test_an_unknown_symbol_is_not_found(self, ask: Ask) -> None:
        status, text, _ = ask(get, f"{CHART}NOPE?range=1d")

        assert status == 404
        assert "No data found, symbol may be delisted" in text
        assert ask(download, ["NOPE", "SPY"], TODAY)["NOPE"].isna().all(axis=None)

    def test_a_delisted_symbol_keeps_its_past(self, ask: Ask) -> None:
        assert ask(download, ["RUNX"], date(2025, 11, 1)).index[-1] == pd.Timestamp("2025-11-14")


class TestCompanies:
    def test_estimates_are_there_for_every_horizon(self, ask: Ask) -> None:
        estimate = ask(ticker, "AAPL", "earnings_estimate")
        trend = ask(ticker, "AAPL", "eps_trend")
        revisions = ask(ticker, "AAPL", "eps_revisions")

        assert estimate.index.tolist() == ["0q", "+1q", "0y", "+1y"]
        assert estimate["numberOfAnalysts"].tolist() == [30] * 4
        assert trend["current"].tolist() == estimate["avg"].tolist()
        assert "downLast7Days" in revisions

    def test_a_consensus_of_a_week_ago_is_what_was_told_then(
        self, vendors: Vendors, ask: Ask
    ) -> None:
        now = ask(ticker, "MSFT", "eps_trend")["current"]
        vendors.world.now = EVENING + timedelta(days=7)

        assert ask(ticker, "MSFT", "eps_trend")["7daysAgo"].tolist() == now.tolist()

    def test_figures_fit_the_price(self, vendors: Vendors, ask: Ask) -> None:
        info = ask(ticker, "AAPL", "info")
        statement = ask(ticker, "AAPL", "income_stmt")
        events = ask(ticker, "AAPL", "calendar")

        close = vendors.world.bars("AAPL")["close"].iloc[-1]
        assert info["marketCap"] == pytest.approx(info["sharesOutstanding"] * close)
        assert {"totalDebt", "ebitda", "totalRevenue", "sector", "forwardPE"} <= info.keys()
        assert statement.columns[0] == pd.Timestamp("2025-09-30")
        assert {"Total Revenue", "Net Income", "Interest Expense"} <= {*statement.index}
        assert events["Earnings Date"] > [TODAY]

    def test_a_fund_has_no_estimates(self, ask: Ask) -> None:
        assert ask(ticker, "QQQ", "earnings_estimate") == "HTTPError: HTTP Error 404: Not Found"
        assert ask(ticker, "QQQ", "info")["quoteType"] == "ETF"

    def test_a_void_crumb_is_replaced(self, vendors: Vendors, ask: Ask) -> None:
        ask(ticker, "MSFT", "earnings_estimate")
        vendors.requests.clear()
        vendors.fail("invalid_crumb", path="/v10/finance/quoteSummary/AAPL")

        assert len(ask(ticker, "AAPL", "earnings_estimate")) == 4
        told = [(request.path.split("/")[-1], request.status) for request in vendors.requests]
        assert told == [("AAPL", 401), ("getcrumb", 200), ("AAPL", 200)]

    def test_without_a_crumb_there_are_no_modules(self, ask: Ask) -> None:
        address = "https://query1.finance.yahoo.com/v10/finance/quoteSummary/AAPL?modules=price"

        status, text, _ = ask(get, address)

        assert status == 401
        assert "Invalid Cookie" in text


class TestFred:
    def test_a_graph_has_what_was_published(self, vendors: Vendors, ask: Ask) -> None:
        _, text, _ = ask(get, f"{GRAPH}DGS10&cosd=2025-12-24")
        vendors.world.fred_date_header = "DATE"
        _, older, _ = ask(get, f"{GRAPH}DGS10&cosd=2025-12-24")

        assert "\n2025-12-25,\n" in text
        assert text.endswith("\n")
        assert "\n2026-01-06," in text
        assert "2026-01-07" not in text
        assert older.replace("DATE", "observation_date") == text
        assert read_graph_csv(text, "DGS10")["observation_date"].iloc[-1] == "2026-01-06"

    def test_observations_have_vintages(self, vendors: Vendors, ask: Ask) -> None:
        key = f"&api_key={vendors.world.fred_key}&realtime_start=1776-07-04"
        window = "&realtime_end=9999-12-31&observation_start=2025-11-01"
        _, text, _ = ask(get, f"{API}&series_id=CPIAUCSL{key}{window}")
        vendors.world.now = datetime(2026, 1, 12, 14, 0)
        _, revised, _ = ask(get, f"{API}&series_id=CPIAUCSL{key}{window}")

        first = rows(text)
        second = rows(revised)
        assert first[["date", "realtime_start", "realtime_end"]].values.tolist() == [
            ["2025-11-01", "2025-12-12", "9999-12-31"]
        ]
        assert second["date"].tolist() == ["2025-11-01", "2025-11-01", "2025-12-01"]
        assert second["realtime_end"].tolist() == ["2026-01-11", "9999-12-31", "9999-12-31"]

    def test_a_request_spans_two_thousand_vintages(self, vendors: Vendors, ask: Ask) -> None:
        key = f"{API}&series_id=DGS10&api_key={vendors.world.fred_key}"

        status, text, _ = ask(get, f"{key}&realtime_start=1776-07-04&realtime_end=9999-12-31")
        assert status == 400
        assert "exceeds the maximum number of vintage dates allowed (2000)" in text
        status, text, _ = ask(get, f"{key}&observation_start=2025-12-24&limit=2&offset=1")
        assert rows(text)["value"].tolist()[0] == "."
        assert len(rows(text)) == 2

    def test_a_wrong_key_is_refused(self, ask: Ask) -> None:
        status, text, _ = ask(get, f"{API}&series_id=DGS10&api_key={'x' * 32}")

        assert status == 400
        assert "The value for variable api_key is not registered." in text


class TestIShares:
    def test_the_file_is_read_as_any_download(self, vendors: Vendors, ask: Ask) -> None:
        _, text, _ = ask(get, HOLDINGS)

        holdings = read_holdings(text, "IWM", TODAY)
        assert holdings["ticker"].tolist()[-5:] == ["MOGA", "XTSLA", "USD", "-", "RTYZ6"]
        assert set(holdings["holdings_date"]) == {pd.Timestamp("2026-01-06")}
        equity = holdings[holdings["asset_class"] == "Equity"]
        assert equity["weight_pct"].astype("float64").sum() == pytest.approx(100, abs=0.5)

    def test_any_client_gets_through(self, ask: Ask) -> None:
        assert ask(get_otherwise, HOLDINGS) == {200}
        assert ask(get_otherwise, f"{GRAPH}DGS10") == {200}


SEEN = {  # what a client sees of each fault in a chart
    "429": "429",
    "500": "500",
    "503": "503",
    "timeout": "Timeout",
    "reset": "reset by peer",
    "truncated": "with",  # so many bytes remaining to read
    "cut": "no JSON",
    "html": "Will be right back",
    "empty": "'quote': [{}]",
    "unknown_symbol": "404",
    "nan_last_bar": "None",
    "bar_tomorrow": "1767882600",  # the opening of 2026-01-08
    "missing_session": "2026-01-06",
    "slow": "2026-01-07",
}


class TestFaults:
    @pytest.mark.parametrize("name", SEEN)
    def test_a_fault_is_what_it_says(self, vendors: Vendors, ask: Ask, name: str) -> None:
        fault = vendors.fail(name, path="/v8/finance/chart/SPY", seconds=0.3)

        seen = ask(get, f"{CHART}SPY?range=5d", 0.2 if name == "timeout" else 5)
        again = ask(get, f"{CHART}SPY?range=5d")

        assert SEEN[name] in describe(seen)
        assert "2026-01-07" in describe(again)
        assert fault.met == 1

    def test_every_fault_is_tried(self) -> None:
        assert {*SEEN, "no_crumb", "invalid_crumb", "lost_cookie"} == {*FAULTS}

    def test_a_limit_may_say_when_to_come_back(self, vendors: Vendors, ask: Ask) -> None:
        vendors.fail("429", host="*.stlouisfed.org", retry_after=7)

        status, _, headers = ask(get, f"{GRAPH}DGS10")

        assert (status, headers["retry-after"]) == (429, "7")

    def test_a_held_request_is_dropped_in_the_end(self, vendors: Vendors, ask: Ask) -> None:
        vendors.fail("timeout", path="/graph/fredgraph.csv", seconds=0.1)

        assert "ConnectionError" in ask(get, f"{GRAPH}DGS10")

    def test_a_limit_outlasts_the_client_after_two(self, vendors: Vendors, ask: Ask) -> None:
        vendors.fail("429", path="/v10", times=2)

        assert "YFRateLimitError" in ask(ticker, "ORCL", "eps_trend")
        assert len(ask(ticker, "ORCL", "eps_trend")) == 4

    def test_a_lost_cookie_stays_lost(self, vendors: Vendors, ask: Ask) -> None:
        ask(ticker, "MSFT", "earnings_estimate")
        vendors.fail("lost_cookie", path="/v10")

        assert "401" in ask(ticker, "CAT", "earnings_estimate")
        assert "401" in ask(ticker, "CAT", "earnings_estimate")  # it keeps the cookie on disk

    @pytest.mark.parametrize("fault", ["empty", "nan_last_bar", "bar_tomorrow", "missing_session"])
    @pytest.mark.parametrize("address", [f"{GRAPH}DGS10", HOLDINGS])
    def test_every_vendor_can_lie(
        self, vendors: Vendors, ask: Ask, address: str, fault: str
    ) -> None:
        whole = ask(get, address)[1]
        vendors.fail(fault)

        status, text, _ = ask(get, address)

        assert status == 200
        assert text != whole

    def test_a_share_fails_and_the_seed_says_which(self) -> None:
        def draw(order: list[int]) -> dict[tuple[str, int], str]:
            drawn = {}
            with_lottery = Vendors(World())
            with_lottery.fail_randomly(0.2, seed=5)
            for place in order:
                path = f"/v8/finance/chart/S{place}"
                for nth in range(3):
                    fault = with_lottery.plan.next("query2.finance.yahoo.com", path)
                    drawn[path, nth] = fault.name if fault else ""
            return drawn

        forward, backward = draw([*range(300)]), draw([*range(300)][::-1])

        assert forward == backward
        assert np.mean([bool(name) for name in forward.values()]) == pytest.approx(0.2, abs=0.04)

    def test_a_host_of_the_internet_is_refused(self, vendors: Vendors, ask: Ask) -> None:
        assert "403" in ask(get, "https://example.com/")
        assert "403" in ask(get, "https://fred.stlouisfed.org:8443/")
        assert vendors.refused[-2:] == ["example.com:443", "fred.stlouisfed.org:8443"]


def test_the_vendors_can_be_started_by_hand() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.vendors", "--now", "2026-01-07T23:00"],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    exports = [process.stdout.readline() for _ in range(8)]
    began = time.monotonic()
    process.stdin.close()

    assert exports[0].startswith("export HTTPS_PROXY=http://127.0.0.1:")
    assert process.wait(10) == 0
    assert time.monotonic() - began < 5
    process.stdout.close()


@pytest.mark.skipif(not DROP.exists(), reason="the real input is not here")
def test_the_real_input_is_told_as_it_is() -> None:
    world = drop_world(DROP, datetime(2026, 1, 27, 23, 0))

    closes = world.bars("IWM")["close"]
    year = closes["2026-01-27"] / closes["2025-12-31"] - 1
    assert year == pytest.approx(0.0754, abs=1e-4)
    assert len(world.instruments) > 2600
    assert {"IWM", "IVV"} == {*world.funds}


def rows(text: str) -> pd.DataFrame:
    """The observations of an answer of FRED's API."""
    import json

    return pd.DataFrame(json.loads(text)["observations"])


def describe(seen: Any) -> str:
    """An answer in one text: the status, the newest day of its bars and the whole of it."""
    import json

    if isinstance(seen, str):
        return seen
    status, text, _ = seen
    try:
        chart = json.loads(text)["chart"]
    except ValueError:
        return f"{status} no JSON {text}"
    result = (chart["result"] or [{}])[0]
    newest = pd.to_datetime(result.get("timestamp", [])[-1:], unit="s")
    return f"{status} {newest.strftime('%Y-%m-%d').tolist()} {chart}"
