"""The suites that ship: a sound simulated market passes, and each defect is found by its rule."""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
from night import build

from expectations.gate import QualityResult, audit
from expectations.suite import suite_tables
from flows.gate import COVERAGE_FALL
from flows.sources import DATASETS
from flows.sources.demo import Demo
from warehouse import calendar
from warehouse.connect import open_build
from warehouse.land import land
from warehouse.place import Place
from warehouse.publish import load_records
from warehouse.reference import load_reference
from warehouse.run import Run
from warehouse.transform import read_transforms
from warehouse.yardstick import Yardstick, suite_parameters

SESSION = date(2026, 6, 30)
RUN = Run("nightly", "demo", SESSION, calendar.night_ends(SESSION), True, run_id="tonight")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build file of a night on a small simulated market; copy it before writing."""
    place = Place(tmp_path_factory.mktemp("sound"))
    place.make()
    demo = Demo(symbols=60, years=2)
    with open_build(place) as con:
        load_reference(con)
        for dataset in DATASETS:
            land(con, dataset, demo.fetch(dataset, None, SESSION), RUN)
        build(con, {}, rebuild=True)
        load_records(con, place, RUN)
    return place.build


@pytest.fixture
def con(sound: Path, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    shutil.copyfile(sound, tmp_path / "build.duckdb")
    with duckdb.connect(tmp_path / "build.duckdb") as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


def failures(
    con: duckdb.DuckDBPyConnection,
    table: str | None = None,
    before: Yardstick | None = None,
    *,
    accept_coverage_fall: bool = False,
) -> dict[str, QualityResult]:
    parameters = suite_parameters(
        RUN, before or Yardstick(), accept_coverage_fall=accept_coverage_fall
    )
    results = audit(con, [table] if table else None, parameters=parameters)
    return {result.expectation: result for result in results if not result.success}


@pytest.fixture(scope="module")
def counted(sound: Path) -> Yardstick:
    """A publication with the rows and coverage of the sound market."""
    counts = "select schema_name || '.' || table_name, row_count from ops.table_catalog"
    with duckdb.connect(sound, read_only=True) as con:
        return Yardstick({"SMALL": 100, "MAG7": 100}, dict(con.execute(counts).fetchall()))


@pytest.fixture(scope="module")
def found_in_sound(sound: Path, counted: Yardstick) -> list[QualityResult]:
    """What fails in the sound market already: warnings of a small universe."""
    with duckdb.connect(sound, read_only=True) as con:
        found = audit(con, parameters=suite_parameters(RUN, counted))
    return [result for result in found if not result.success]


@pytest.fixture(scope="module")
def odd_in_sound(found_in_sound: list[QualityResult]) -> set[tuple[str, str]]:
    return {(result.table_name, result.expectation) for result in found_in_sound}


def test_every_table_has_a_suite() -> None:
    built = {transform.name for transform in read_transforms()}
    assert built | {f"raw.{dataset}" for dataset in DATASETS} <= set(suite_tables())


def test_a_sound_market_passes(found_in_sound: list[QualityResult]) -> None:
    assert {result.severity for result in found_in_sound} == {"warning"}
    assert {result.unexpected_count is None for result in found_in_sound} <= {False}


NEWEST = f"session = date '{SESSION}'"
RESTATED = (
    "insert into ops.restatement values"
    " ('tonight', 'raw.quote', '{symbol} 2026-06-26', 'close', '100', '{to}', '{cause}')"
)

CRITICAL = [
    ("raw.quote", "alter table raw.quote drop column volume", "expect_table_columns_to_match_set"),
    ("raw.quote", "update raw.quote set run_id = null", "the key is never empty"),
    (
        "raw.quote",
        f"insert into raw.quote from raw.quote where {NEWEST}",
        "one row per symbol, session and time of knowledge",
    ),
    (
        "raw.quote",
        f"update raw.quote set known_at = '2026-06-30 22:31' where {NEWEST}",
        "nothing is known later than the night",
    ),
    ("raw.quote", "delete from raw.quote where symbol = 'IWM'", "no row that landed is lost"),
    (
        "raw.quote",
        "update raw.quote set source = 'files' where symbol = 'IWM'",
        "real data and a simulated market are never mixed",
    ),
    *(
        ("raw.quote", f"update raw.quote set close = {close}", "a close is a positive number")
        for close in ("0", "-1", "'nan'", "'inf'", "null")
    ),
    (
        "raw.quote",
        "update raw.quote set session = '2026-06-28' where session = '2026-06-26'",
        "every session is on the exchange's calendar",
    ),
    (
        "raw.quote",
        "update raw.quote set previous_session = session",
        "the bar before is earlier",
    ),
    ("raw.quote", f"delete from raw.quote where {NEWEST}", "quotes reach the session"),
    ("raw.rate", "update raw.rate set series_id = null", "the key is never empty"),
    (
        "raw.rate",
        "insert into raw.rate from raw.rate where series_id = 'DGS10'",
        "one row per series id, observation date and time of knowledge",
    ),
    ("raw.rate", "update raw.rate set value_pct = 'nan'", "every value is a number"),
    ("raw.rate", "delete from raw.rate where series_id = 'DGS2'", "no row that landed is lost"),
    (
        "raw.rate",
        "update raw.rate set known_at = '2026-07-01 22:00' where series_id = 'DGS10'",
        "nothing is known later than the night",
    ),
    (
        "raw.holding",
        "insert into raw.holding from raw.holding limit 1",
        "one row per fund, holdings date, ticker and time of knowledge",
    ),
    (
        "raw.holding",
        "update raw.holding set weight_pct = weight_pct / 2",
        "weights of the newest file sum to 100",
    ),
    (
        "raw.holding",
        "delete from raw.holding where fund = 'IWM' and ticker > 'S010'"
        " and holdings_date = (select max(holdings_date) from raw.holding where fund = 'IWM')",
        "the newest file has as many lines as the one before",
    ),
    (
        "raw.estimate",
        "insert into raw.estimate from raw.estimate where snapshot_date = '2026-06-30' limit 1",
        "one row per symbol, horizon, snapshot date and time of knowledge",
    ),
    (
        "raw.estimate",
        "update raw.estimate set horizon = '5y' where snapshot_date = '2026-06-30'",
        "horizons are 0q, +1q, 0y and +1y",
    ),
    (
        "raw.fundamental",
        "insert into raw.fundamental from raw.fundamental limit 1",
        "one row per symbol, snapshot date and time of knowledge",
    ),
    ("core.session", "insert into core.session from core.session limit 1", "one row per session"),
    (
        "core.session",
        "delete from core.session where session = '2026-06-26'",
        "sessions are those of the exchange, up to the newest one quoted",
    ),
    (
        "core.session",
        "update core.session set sessions_ytd = 7 where session = '2026-06-26'",
        "previous_session and sessions_ytd follow from the order of sessions",
    ),
    (
        "core.instrument",
        "insert into core.instrument from core.instrument limit 1",
        "one row per symbol, and none without",
    ),
    (
        "core.instrument",
        "update core.instrument set kind = 'bond' where symbol = 'IWM'",
        "kinds are etf, index, stock and basket",
    ),
    (
        "core.instrument",
        "update core.instrument set issuer = 'one' where symbol in ('IWM', 'SPY')",
        "an issuer has at most one primary class",
    ),
    (
        "core.cohort_member",
        "update core.cohort_member set cohort = null where symbol = 'AAPL'",
        "the key is never empty",
    ),
    (
        "core.cohort_member",
        "insert into core.cohort_member from core.cohort_member where symbol = 'AAPL'",
        "one row per cohort, symbol and valid_from",
    ),
    (
        "core.cohort_member",
        "update core.cohort_member set valid_to = null where cohort = 'SMALL'",
        "the spans of a membership do not overlap",
    ),
    (
        "core.cohort_member",
        "delete from core.cohort_member where cohort = 'MAG7' and symbol = 'AAPL'",
        "MAG7 has seven members",
    ),
    (
        "core.cohort_member",
        "update core.cohort_member set symbol = 'AAPL' where cohort = 'LARGE_EX_MAG7'",
        "LARGE_EX_MAG7 is LARGE without the seven",
    ),
    (
        "core.cohort_member",
        "update core.cohort_member set weight_pct = weight_pct * 2",
        "weights of a file sum to 100",
    ),
    (
        "core.cohort_file",
        "insert into core.cohort_file from core.cohort_file limit 1",
        "one row per cohort and valid_from, and none without",
    ),
    (
        "core.cohort_file",
        "update core.cohort_file set member_count = 6 where cohort = 'MAG7'",
        "member_count is the number of members",
    ),
    (
        "core.cohort_file",
        "update core.cohort_file set valid_to = '2100-01-01'",
        "files of a cohort follow each other without a gap",
    ),
    (
        "core.cohort_issuer",
        "insert into core.cohort_issuer from core.cohort_issuer limit 1",
        "one row per cohort, symbol and valid_from, and none without",
    ),
    (
        "core.cohort_issuer",
        "update core.cohort_issuer set weight_pct = weight_pct + 1",
        "a cohort has no more issuers than lines, and loses none of their weight",
    ),
    (
        "core.cohort_issuer",
        "update core.cohort_issuer set symbol = 'GOOG' where symbol = 'GOOGL'",
        "every issuer stands under its primary class",
    ),
    (
        "core.benchmark_quote",
        "insert into core.benchmark_quote from core.benchmark_quote limit 1",
        "one row per symbol and session, and none without",
    ),
    (
        "core.benchmark_quote",
        f"update core.benchmark_quote set close = 1 where {NEWEST}",
        "the session's bars are those of core.quote",
    ),
    (
        "core.benchmark_quote",
        "delete from core.benchmark_quote where symbol = 'IWM'",
        "every side of a pair that is quoted for the session is here",
    ),
    *(
        (
            "core.quote",
            f"delete from core.quote where symbol = '{symbol}' and {NEWEST}",
            "required symbols are quoted for the session",
        )
        for symbol in (
            "IWM",
            "SPY",
            "QQQ",
            "AAPL",
            "MSFT",
            "GOOGL",
            "AMZN",
            "META",
            "NVDA",
            "TSLA",
        )
    ),
    (
        "core.quote",
        f"update core.quote set total_return_pct = return_pct + 2 where {NEWEST}",
        "dividends and adjusted closes agree on the session's total returns",
    ),
    (
        "core.quote",
        f"update core.quote set return_pct = return_pct + 1 where symbol = 'MAG7' and {NEWEST}",
        "a basket's return is the mean of its members'",
    ),
    (
        "core.quote",
        f"delete from core.quote where symbol = 'MAG7' and {NEWEST}",
        "a basket has a return where its members have",
    ),
    (
        "core.quote",
        f"update core.quote set high = 0.99 * close where symbol = 'IWM' and {NEWEST}",
        "high is never below open, close or low",
    ),
    (
        "core.quote",
        f"update core.quote set low = 1.01 * open where symbol = 'NVDA' and {NEWEST}",
        "low is never above open, close or high",
    ),
    (
        "core.quote",
        f"update core.quote set return_pct = -41 where symbol = 'NVDA' and {NEWEST}",
        "no symbol of a pair moves further than one ever did",
    ),
    (
        "core.quote",
        "update core.quote set close = 2e7 where symbol = 'XLE'",
        "few symbols, and none of a pair, have an impossible price or return",
    ),
    (
        "core.quote",
        "update core.quote set total_return_pct = 'nan' where symbol like 'S0%'",
        "few symbols, and none of a pair, have an impossible price or return",
    ),
    (
        "core.rate",
        "insert into core.rate from core.rate where series_id = 'DGS10'",
        "one row per series and observation date, and none without",
    ),
    (
        "core.rate",
        "update core.rate set value_pct = 100 * value_pct where series_id = 'DGS10'",
        "values lie within the range of their unit",
    ),
    (
        "core.rate",
        "update core.rate set value_pct = value_pct + 0.02 where series_id = 'T10Y2Y'",
        "yields agree with each other in the last 30 days",
    ),
    (
        "core.rate",
        "update core.rate set value_pct = 'nan' where series_id = 'DGS3MO'",
        "yields agree with each other in the last 30 days",
    ),
    (
        "core.estimate",
        "update core.estimate set symbol = null where snapshot_date = '2026-06-30'",
        "the key is never empty",
    ),
    (
        "core.estimate",
        "insert into core.estimate from core.estimate limit 1",
        "one row per symbol, horizon and snapshot date",
    ),
    (
        "core.estimate",
        "update core.estimate set eps_low = eps_high + 1 where snapshot_date = '2026-06-30'",
        "the mean estimates of the newest snapshot lie between the lowest and the highest",
    ),
    (
        "core.estimate",
        "update core.estimate set eps_avg = 1e6 where symbol = 'AAPL'",
        "earnings per share of the seven, and of all but a few, have a size that a share can have",
    ),
    (
        "core.estimate",
        "update core.estimate set eps_avg = 'nan' where symbol like 'S0%'",
        "earnings per share of the seven, and of all but a few, have a size that a share can have",
    ),
    (
        "core.fundamental",
        "insert into core.fundamental from core.fundamental limit 1",
        "one row per symbol and snapshot date, and none without",
    ),
    (
        "core.fundamental",
        "update core.fundamental set market_cap_usd = 1000 * market_cap_usd",
        "none of the seven, and few of all companies, are larger than the market",
    ),
    (
        "core.known_fundamental",
        "insert into core.known_fundamental from core.known_fundamental limit 1",
        "one row per symbol and known_at, and none without",
    ),
    (
        "core.known_fundamental",
        "update core.known_fundamental set shares_outstanding = 0 where symbol = 'AAPL'",
        "shares are positive",
    ),
    (
        "core.known_fundamental",
        "update core.known_fundamental set snapshot_date = '2000-01-01' where known_at ="
        " (select max(known_at) from core.known_fundamental)",
        "what is known never gets older",
    ),
    (
        "rotation.breadth_count",
        f"update rotation.breadth_count set advancers = advancers + 1 where {NEWEST}",
        "the session's covered members are those with a return, and rose or fell by its sign",
    ),
    (
        "rotation.breadth_count",
        "update rotation.breadth_count set eligible_50_count = eligible_20_count + 1"
        f" where {NEWEST}",
        "longer windows have fewer eligible members",
    ),
    (
        "rotation.snapshot_member",
        "insert into rotation.snapshot_member from rotation.snapshot_member limit 1",
        "one row per snapshot date, cohort and symbol",
    ),
    (
        "rotation.snapshot_member",
        "update rotation.snapshot_member set session = '2026-06-28'",
        "its session is on the calendar and not later than the snapshot",
    ),
    (
        "rotation.member_value",
        "insert into rotation.member_value from rotation.member_value limit 1",
        "one row per snapshot date and symbol",
    ),
    (
        "rotation.member_value",
        "update rotation.member_value set market_value_usd = 2 * market_value_usd",
        "market value is close times shares, or stated",
    ),
    (
        "rotation.member_earnings",
        "insert into rotation.member_earnings from rotation.member_earnings limit 1",
        "one row per snapshot date, symbol and horizon",
    ),
    (
        "rotation.member_earnings",
        "update rotation.member_earnings set earnings_usd = 2 * earnings_usd",
        "earnings are eps times shares",
    ),
    (
        "rotation.member_earnings",
        "update rotation.member_earnings set first_year_weight = 1.5",
        "a blend has weights within 0 and 1",
    ),
    (
        "ops.restatement",
        RESTATED.format(symbol="IWM", to="100.6", cause="vendor"),
        "no symbol of a pair is restated without an explanation",
    ),
    (
        "ops.restatement",
        RESTATED.format(symbol="S001", to="90", cause="vendor")
        + ";"
        + RESTATED.format(symbol="S002", to="90", cause="vendor"),
        "not more than 1 % of the symbols are restated without an explanation",
    ),
    (
        "ops.table_catalog",
        "update ops.table_catalog set row_count = 0 where table_name = 'streak'",
        "no table that had rows is empty",
    ),
    (
        "ops.table_catalog",
        "update ops.table_catalog set description = '' where table_name = 'streak'",
        "every table says what it is",
    ),
]

WARNING = [
    (
        "core.quote",
        "update core.quote set close = 1e9 where symbol = 'S001'",
        "no symbol has an impossible price or return",
    ),
    (
        "core.quote",
        "delete from core.quote where symbol = 'GOOGL'",
        "every symbol that a pair or basket names is quoted for the session",
    ),
    (
        "core.quote",
        "delete from core.quote where symbol = 'XLE'",
        "every symbol that a pair or basket names is quoted for the session",
    ),
    (
        "core.estimate",
        "update core.estimate set eps_avg = 1e6 where symbol = 'S001'",
        "earnings per share have a size that a share can have",
    ),
    (
        "core.fundamental",
        "update core.fundamental set revenue_usd = 1e14 where symbol = 'S001'",
        "no company is larger than the market",
    ),
    (
        "ops.restatement",
        RESTATED.format(symbol="IWM", to="90", cause="vendor").replace("tonight", "last night")
        + "; insert into ops.run (run_id, session) values ('last night', '2026-06-29')",
        "no symbol of a pair was restated without an explanation in the last week",
    ),
    (
        "core.quote",
        "update core.quote set high = 0.99 * close where symbol = 'S001'",
        "every bar's open and close lie between its low and high",
    ),
    (
        "core.quote",
        f"update core.quote set low = 1.01 * open where symbol = 'IWM' and not {NEWEST}",
        "every bar's open and close lie between its low and high",
    ),
    ("raw.quote", "update raw.quote set split_ratio = -2", "split ratios are positive"),
    (
        "raw.rate",
        "delete from raw.rate where series_id = 'SOFR'",
        "every series of the reference has landed",
    ),
    (
        "raw.rate",
        "delete from raw.rate where series_id = 'DGS2' and observation_date > '2026-06-19'",
        "daily series are fresh",
    ),
    (
        "raw.rate",
        "delete from raw.rate where series_id = 'UNRATE' and known_at > '2026-05-15'",
        "monthly series are fresh",
    ),
    (
        "raw.holding",
        "delete from raw.holding where holdings_date > '2026-01-01'",
        "holdings files are fresh",
    ),
    (
        "raw.holding",
        "update raw.holding set weight_pct = 101 where ticker = 'XTSLA'",
        "no weight is beyond 100",
    ),
    (
        "raw.estimate",
        "delete from raw.estimate where snapshot_date > '2026-06-20'",
        "estimates are fresh",
    ),
    (
        "raw.fundamental",
        "delete from raw.fundamental where snapshot_date > '2026-03-01'",
        "fundamentals are fresh",
    ),
    (
        "core.instrument",
        "update core.instrument set is_stopped = true where symbol = 'XLE'",
        "every fund and index goes on",
    ),
    (
        "core.cohort_member",
        f"delete from core.quote where symbol = 'S001' and {NEWEST}",
        "every member is quoted for the session",
    ),
    (
        "core.quote",
        f"delete from core.quote where symbol like 'S0%' and {NEWEST}",
        "the session has about as many quotes as the one before",
    ),
    (
        "core.quote",
        f"update core.quote set total_return_pct = return_pct + 2 where {NEWEST}",
        "dividends and adjusted closes agree on total returns of the last year",
    ),
    (
        "core.rate",
        "update core.rate set value_pct = value_pct + 0.02 where series_id = 'T10Y3M'",
        "yields agreed with each other since 2000",
    ),
    (
        "core.rate",
        "update core.rate set value_pct = 0 where series_id = 'DFEDTARL'",
        "the target's lower end lies 25 bp under its upper end",
    ),
    (
        "core.estimate",
        "update core.estimate set eps_low = eps_avg + 1 where symbol = 'AAPL'",
        "the mean estimate lies between the lowest and the highest",
    ),
    (
        "core.estimate",
        "update core.estimate set analysts = -1 where symbol = 'AAPL'",
        "counts of analysts and revisions are not negative",
    ),
    (
        "core.estimate",
        "update core.estimate set fiscal_period_end = '2020-12-31' where symbol = 'AAPL'",
        "a fiscal period ends near its horizon",
    ),
    (
        "core.fundamental",
        "update core.fundamental set shares_outstanding = -1 where symbol = 'AAPL'",
        "market values and shares are positive",
    ),
    (
        "core.fundamental",
        "update core.fundamental set market_cap_usd = market_cap_usd / 1000",
        "market value is close times shares",
    ),
    (
        "ops.restatement",
        RESTATED.format(symbol="S001", to="90", cause="vendor"),
        "nothing is restated without an explanation",
    ),
    (
        "ops.table_catalog",
        "update ops.table_catalog set row_count = 10 where table_name = 'streak'",
        "no table is much shorter than in the last publication",
    ),
]

CASES = [(*case, "critical") for case in CRITICAL] + [(*case, "warning") for case in WARNING]


@pytest.mark.parametrize(("table", "change", "expectation", "severity"), CASES)
def test_a_defect_is_found_by_its_rule(
    con: duckdb.DuckDBPyConnection,
    counted: Yardstick,
    odd_in_sound: set[tuple[str, str]],
    table: str,
    change: str,
    expectation: str,
    severity: str,
) -> None:
    assert (table, expectation) not in odd_in_sound

    con.execute(change)

    found = failures(con, table, counted)
    assert found[expectation].severity == severity
    assert found[expectation].unexpected_count != 0


# By table what is done to it, each beside the rule that must find it; all at once, because an audit
# takes its time.
TWICE = "insert into {table} from {table} limit 1"
DAMAGE = {
    "rotation.concentration": {
        "one row per session and cohort": TWICE,
        "coverage follows from its counts": "update {table} set coverage_pct = coverage_pct + 1",
        "every session is on the exchange's calendar": (
            "insert into {table} (session, cohort) values ('2026-06-28', 'LARGE')"
        ),
        "shares lie within their range": "update {table} set mag7_share_pct = 101",
        "the index and its inverse agree": "update {table} set effective_n = effective_n + 1",
        "the key is never empty": "insert into {table} (session) values ('2026-06-26')",
    },
    "rotation.valuation": {
        "one row per snapshot date and cohort": TWICE,
        "coverage follows from its counts": "update {table} set coverage_pct = coverage_pct + 1",
        "MAG7 has seven members": "update {table} set member_count = 8 where cohort = 'MAG7'",
        "multiples are positive": "update {table} set trailing_gaap_pe = -1",
        "ntm_pe is market value over earnings": (
            "update {table} set ntm_pe = 2 * ntm_pe where cohort <> 'MAG7'"
        ),
        "no cohort is dearer without its loss makers": (
            "update {table} set ntm_pe_ex_losses = 9 * ntm_pe"
        ),
        "a discount is against MAG7": (
            "update {table} set discount_to_mag7_pct = 1 where cohort = 'MAG7'"
        ),
        "the key is never empty": "insert into {table} (cohort) values ('LARGE')",
    },
    "rotation.earnings_growth": {
        "one row per snapshot date, cohort and horizon": TWICE,
        "coverage follows from its counts": "update {table} set coverage_pct = coverage_pct + 1",
        "MAG7 has seven members": (
            "update {table} set member_count = 8 where cohort = 'MAG7' and horizon = '0y'"
        ),
        "growth is earnings over base, and empty without a positive base": (
            "update {table} set earnings_growth_pct = earnings_growth_pct + 1"
        ),
        "nothing is said of nobody": "update {table} set loss_maker_share_pct = null",
        "large companies are the seven and the others": (
            "update {table} set earnings_usd = 2 * earnings_usd where cohort = 'LARGE'"
        ),
        "horizons are 0y, +1y, NTM and calendar years": (
            "insert into {table} (horizon) values ('soon')"
        ),
        "the key is never empty": "insert into {table} (cohort) values ('LARGE')",
    },
    "rotation.earnings_handoff": {
        "one row per snapshot date and horizon": TWICE,
        "the gap is small less mag7, and a hand-off where it is positive": (
            "update {table} set small_growth_pct = small_growth_pct + 1"
        ),
        "a hand-off has lasted since a snapshot that had one": (
            "update {table} set handoff_since = snapshot_date + 1"
        ),
        "every positive gap with enough coverage has its start": (
            "insert into {table} (gap_pct, small_coverage_pct, mag7_coverage_pct)"
            " values (1, 90, 90)"
        ),
        "the key is never empty": "insert into {table} (horizon) values ('0y')",
    },
    "rotation.rate_regime": {
        "one row per session": TWICE,
        "every session has a row": "delete from {table} where session = '2026-06-25'",
        "the target's lower end is not above its upper end": (
            "update {table} set fed_target_lower_pct = 99"
        ),
        "slope_10y2y_bp is the difference of its yields": "update {table} set slope_10y2y_bp = 999",
        "nothing is older than it may be carried": "update {table} set oldest_input_days = 46",
        "a hold has changed nothing, any other cycle has its sign": (
            "update {table} set cycle = 'easing', cycle_change_bp = 25"
        ),
        "the observed target is the one decided": (
            f"update {{table}} set fed_target_upper_pct = 99 where {NEWEST}"
        ),
        "the session has its yields, spread and target": (
            f"update {{table}} set hy_oas_bp = null where {NEWEST}"
        ),
        "the key is never empty": "insert into {table} (cycle) values ('hold')",
    },
    "rotation.rate_beta": {
        "one row per session, pair and factor": TWICE,
        "a beta stands on 126 changes and on nothing less": (
            "update {table} set observations = 125 where factor = 'd_t2y'"
        ),
        "numbers are finite and signs agree": (
            "update {table} set beta_pct_per_bp = -beta_pct_per_bp where factor = 'd_t10y'"
        ),
        "t_stat follows from r_squared": "update {table} set r_squared = r_squared / 2",
        "small_vs_large has its betas for the session": (
            f"delete from {{table}} where {NEWEST} and factor = 'd_hy_oas'"
        ),
        "the key is never empty": "insert into {table} (factor) values ('d_t2y')",
    },
    "rotation.risk": {
        "one row per session and symbol": TWICE,
        "IWM and SPY have rows for the session": (
            f"delete from {{table}} where {NEWEST} and symbol = 'IWM'"
        ),
        "SPY has beta and correlation 1": (
            "update {table} set corr_63d = 0.9 where symbol = 'SPY'"
        ),
        "drawdown follows from the closes": "update {table} set drawdown_pct = drawdown_pct - 1",
        "the key is never empty": "insert into {table} (symbol) values ('SPY')",
    },
    "rotation.scorecard": {
        "one row per session": TWICE,
        "the session has its row": f"delete from {{table}} where {NEWEST}",
        "score is the weighted mean of the signals' scores": "update {table} set coverage_pct = 61",
        "the flag of backfilled membership is that of the signals that are scored": (
            "update {table} set is_membership_backfilled = not is_membership_backfilled"
        ),
        "the regime follows from the score and the regime before": (
            "insert into {table} (session, score, regime) values ('2026-07-01', 0.9, 'neutral')"
        ),
        "a regime began in its past and has a score": (
            "update {table} set regime_since = session + 1"
        ),
        "the key is never empty": "insert into {table} (score) values (0)",
    },
    "rotation.scorecard_signal": {
        "one row per session and signal": TWICE,
        "weights are positive and sum to 1": "update {table} set weight = 2 * weight",
        "a score has a value, and a value its day": "update {table} set observed_on = session + 1",
        "a low coverage is not used": "update {table} set is_low_coverage = true",
        "the key is never empty": "insert into {table} (signal) values ('x')",
    },
    "rotation.signal_observation": {
        "one row per signal and day": TWICE,
        "signals are those of the reference file": "insert into {table} (signal) values ('x')",
        "numbers are finite": "insert into {table} (signal, value) values ('x', 'nan')",
    },
    "rotation.policy_decision": {
        "one row per announced at": TWICE,
        "the key is never empty": "insert into {table} (upper_pct) values (4)",
        "the upper end moves by the change": "update {table} set change_bp = change_bp + 1",
        "every change is listed": "update {table} set is_listed = false where upper_pct = 4",
    },
    "rotation.policy_event": {
        "one row per event date and pair": TWICE,
        "every event is on the exchange's calendar, on the day of its announcement or next": (
            "update {table} set event_date = event_date + 30"
        ),
        "every event is a change": "update {table} set change_bp = 0",
        "an event's later columns are filled once their sessions are over": (
            "update {table} set excess_post_5d_pct = null, excess_post_1m_pct = 1"
        ),
        "the key is never empty": "insert into {table} (pair) values ('small_vs_large')",
    },
    "rotation.episode": {
        "trough, confirmation, peak and end follow each other": (
            "insert into {table} (pair, trough_session, confirmed_session)"
            " values ('x', '2026-06-26', '2026-06-25')"
        ),
        "one row per pair and trough session": (
            "insert into {table} (pair, trough_session) values ('x', '2026-06-26')"
        ),
        "an episode is open where it has not ended": "update {table} set is_open = null",
        "an episode begins when the one before has ended": (
            "insert into {table} (pair, trough_session) values ('x', '2026-06-29')"
        ),
        "every gain is at least 10 %": "update {table} set gain_pct = 9",
        "gain_pct follows from the ratios of trough and peak": "update {table} set gain_pct = 8",
        "ranks go from 1 to the number of episodes": "update {table} set rank_by_gain = 99",
        "the key is never empty": "insert into {table} (pair) values ('x')",
    },
    "rotation.estimate_revision": {
        "one row per snapshot date, cohort and horizon": TWICE,
        "coverage follows from its counts": "update {table} set coverage_pct = coverage_pct + 1",
        "MAG7 has seven members": "update {table} set member_count = 8 where cohort = 'MAG7'",
        "revision breadth follows from its counts": (
            "update {table} set revision_breadth_pct = revision_breadth_pct + 1"
        ),
        "no count exceeds what it is counted from": (
            "update {table} set counted_count = covered_count + 1 where cohort <> 'MAG7'"
        ),
        "a drift needs issuers known at both ends": (
            "update {table} set drift_30d_count = 0, earnings_drift_30d_pct = 1"
        ),
        "the key is never empty": "insert into {table} (cohort) values ('LARGE')",
    },
    "rotation.claim_definition": {
        "the key is unique and complete": TWICE,
        "every metric exists": "insert into {table} (claim_id, metric) values ('x', 'x')",
        "a range is not empty": "update {table} set claimed_low = null, claimed_high = null",
    },
    "rotation.claim_reading": {
        "the key is unique and complete": TWICE,
        "every reading is asked about twice": "delete from {table} where claim_id = 'goog_close'",
        "no reading is judged on low coverage": "update {table} set coverage_pct = 74",
        "a reading has a value or an obstacle": "update {table} set is_within = null",
    },
    "rotation.claim_check": {
        "one row per claim": TWICE,
        "every claim is checked": "delete from {table} where claim_id = 'goog_close'",
        "a verdict follows from its value": (
            "update {table} set verdict_on_date = 'not_measurable', actual_on_date = 1"
        ),
        "the latest verdict has its value and session": (
            "update {table} set verdict_latest = 'not_measurable', actual_latest = 1"
        ),
    },
    "rotation.member_estimate": {
        "one row per snapshot date, symbol and horizon": TWICE,
        "nothing suspect, foreign or unknown is used": (
            "update {table} set currency = 'EUR' where is_usable"
        ),
    },
    **{
        f"rotation.claim_{kind}_value": {
            "the key is unique and complete": TWICE,
            "every metric is one that claims can name": "insert into {table} (metric) values ('x')",
        }
        for kind in ("consensus", "market", "member")
    },
}


@pytest.mark.parametrize("table", DAMAGE)
def test_every_rule_of_a_metric_finds_its_damage(
    con: duckdb.DuckDBPyConnection, odd_in_sound: set[tuple[str, str]], table: str
) -> None:
    rules = set(DAMAGE[table])
    assert not rules & {name for odd, name in odd_in_sound if odd == table}

    for change in DAMAGE[table].values():
        con.execute(change.format(table=table))

    assert rules - set(failures(con, table)) == set()


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("core.quote", "update core.quote set close = 1e9 where symbol = 'S001'"),
        ("core.estimate", "update core.estimate set eps_avg = 1e6 where symbol = 'S001'"),
        (
            "core.fundamental",
            "update core.fundamental set revenue_usd = 1e14 where symbol = 'S001'",
        ),
    ],
)
def test_one_odd_name_does_not_hold_back_every_night(
    con: duckdb.DuckDBPyConnection, table: str, change: str
) -> None:
    con.execute(change)
    critical = {n for n, found in failures(con, table).items() if found.severity == "critical"}
    assert critical <= {"a return is this close over the one before"}


class TestRequiredSymbols:
    RULE = "required symbols are quoted for the session"

    def test_a_stand_in_does_until_the_member_is_quoted(
        self, con: duckdb.DuckDBPyConnection
    ) -> None:
        con.execute("delete from core.quote where symbol = 'GOOGL'")
        assert self.RULE not in failures(con, "core.quote")
        con.execute(f"delete from core.quote where symbol = 'GOOG' and {NEWEST}")
        assert self.RULE in failures(con, "core.quote")

    def test_before_the_seven_were_called_so_they_may_be_missing(
        self, con: duckdb.DuckDBPyConnection
    ) -> None:
        con.execute("delete from core.quote where symbol in ('META', 'TSLA')")
        con.execute("update core.quote set session = session - interval 10 year")
        then = Run("nightly", "demo", date(2016, 6, 30), calendar.night_ends(SESSION), True)
        parameters = suite_parameters(then, Yardstick())
        results = audit(con, ["core.quote"], parameters=parameters)
        (found,) = (result for result in results if result.expectation == self.RULE)
        assert found.success


class TestRestatements:
    PAIR = "no symbol of a pair is restated without an explanation"

    @pytest.mark.parametrize(
        "row",
        [
            RESTATED.format(symbol="IWM", to="100.4", cause="vendor"),
            RESTATED.format(symbol="IWM", to="50", cause="split"),
            RESTATED.format(symbol="IWM", to="90", cause="vendor").replace("tonight", "earlier"),
            RESTATED.format(symbol="S001", to="90", cause="vendor"),
        ],
    )
    def test_small_explained_and_earlier_ones_do_not_stop(
        self, con: duckdb.DuckDBPyConnection, row: str
    ) -> None:
        con.execute(row)
        found = failures(con, "ops.restatement")
        assert not [result for result in found.values() if result.severity == "critical"]


class TestCoverage:
    SHOWN = "coverage is within 20 points of the last publication"

    def quoted_pct(self, con: duckdb.DuckDBPyConnection) -> float:
        row = con.execute(
            f"select coverage_pct from rotation.breadth where cohort = 'SMALL' and {NEWEST}"
        ).fetchone()
        assert row
        return row[0]

    @pytest.mark.parametrize(("fall", "stops"), [(0, False), (19.9, False), (20.1, True)])
    def test_a_fall_of_more_than_20_points_stops(
        self, con: duckdb.DuckDBPyConnection, fall: float, stops: bool
    ) -> None:
        found = failures(con, "rotation.breadth", Yardstick({"SMALL": self.quoted_pct(con) + fall}))
        assert (COVERAGE_FALL in found, self.SHOWN in found) == (stops, stops)

    def test_a_fall_that_is_accepted_is_shown(self, con: duckdb.DuckDBPyConnection) -> None:
        before = Yardstick({"SMALL": self.quoted_pct(con) + 50})
        found = failures(con, "rotation.breadth", before, accept_coverage_fall=True)
        assert COVERAGE_FALL not in found
        assert found[self.SHOWN].severity == "warning"

    def test_a_cohort_that_is_gone_has_fallen_to_nothing(
        self, con: duckdb.DuckDBPyConnection
    ) -> None:
        before = Yardstick({"IT'S MINE": 80.0})
        assert COVERAGE_FALL in failures(con, "rotation.breadth", before)

    def test_a_rise_is_shown(self, con: duckdb.DuckDBPyConnection) -> None:
        con.execute(f"update rotation.breadth set coverage_pct = 90 where {NEWEST}")
        found = failures(con, "rotation.breadth", Yardstick({"SMALL": 30.0}))
        assert COVERAGE_FALL not in found
        assert self.SHOWN in found
