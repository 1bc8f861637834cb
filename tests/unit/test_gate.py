"""The gate: what fails, what only warns, what cannot be checked, and the suites that ship."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from expectations import suite
from expectations.gate import QualityResult, SuiteError, audit, critical_failures, sentence
from expectations.suite import read_suite, suite_tables
from warehouse.run import Run
from warehouse.yardstick import Yardstick, suite_parameters

NIGHT = suite_parameters(
    Run("nightly", "files", date(2026, 1, 7), datetime(2026, 1, 7, 22, 30)), Yardstick()
)

SMALL_WAREHOUSE = """
create schema core;
create schema rotation;
create schema raw;
create schema reference;
create schema ops;
create table core.session as
    select day as session, lag(day) over (order by day) as previous_session
    from (select unnest([date '2026-01-05', date '2026-01-06', date '2026-01-07']) as day);
create table raw.quote (
    symbol varchar, session date, adj_close double, previous_session date,
    previous_adj_close double, known_at timestamp, run_id varchar
);
create table reference.instrument as select unnest(['IWM', 'SPY']) as symbol, 'etf' as kind;
create table ops.run as select 'tonight' as run_id, date '2026-01-07' as session;
create table reference.pair as select 'IWM' as long_symbol, 'SPY' as short_symbol;
create table reference.basket_member (
    basket varchar, symbol varchar, stand_in varchar, rebalance varchar
);
create table core.quote as
    select
        *, close as open, close + 1 as high, close - 1 as low, 10 as volume, 0.0 as dividend,
        null::double as split_ratio, 100 * (close / lag(close) over symbols - 1) as return_pct,
        100 * (close / lag(close) over symbols - 1) as total_return_pct,
        'dividend' as total_return_method, 'files' as source,
        timestamp '2026-01-07 22:00' as known_at, true as is_final
    from (values
        ('IWM', date '2026-01-05', 100.0::double), ('SPY', date '2026-01-05', 200.0),
        ('IWM', date '2026-01-06', 101.0), ('SPY', date '2026-01-06', 201.0),
        ('IWM', date '2026-01-07', 103.0), ('SPY', date '2026-01-07', 200.0)
    ) as quote (symbol, session, close)
    window symbols as (partition by symbol order by session);
insert into core.quote
    select quote.* replace (required.symbol as symbol)
    from core.quote, (
        select unnest(
            ['QQQ', 'AAPL', 'MSFT', 'GOOGL', 'AMZN', 'META', 'NVDA', 'TSLA']
        ) as symbol
    ) as required
    where quote.symbol = 'IWM';
create table rotation.relative_strength as
    select
        *, 'small_vs_large' as pair, 'price' as basis, 'IWM' as long_symbol,
        'SPY' as short_symbol, long_index / short_index as ratio,
        3.0 as long_ytd_pct, 1.0 as short_ytd_pct, 2.0 as excess_ytd_pct,
        100.0 as excess_3m_percentile, date '2026-01-05' as history_start,
        null as excess_5d_pct, null as excess_1m_pct, null as excess_3m_pct,
        null as excess_6m_pct, null as excess_12m_pct, null as ratio_sma_50,
        null as ratio_sma_200, null as ratio_zscore_252
    from (values
        (date '2026-01-05', 100.0::double, 100.0::double, null::double),
        (date '2026-01-06', 101.0, 100.5, 0.5),
        (date '2026-01-07', 103.0, 100.0, 100 * (103 / 101 - 100 / 100.5))
    ) as pair (session, long_index, short_index, excess_1d_pct);
create table rotation.streak as
    select
        *, 'small_vs_large' as pair, 'price' as basis, date '2026-01-06' as streak_start,
        1.0 as streak_excess_pct, 50.0::double as min_margin_bp, null::date as longest_since,
        streak_sessions as record_sessions, true as is_record, date '2026-01-05' as history_start
    from (values
        (date '2026-01-06', 0.5::double, 1::bigint),
        (date '2026-01-07', 2.48, 2)
    ) as streak (session, excess_1d_pct, streak_sessions);
create table rotation.breadth as
    select
        session, cohort, ad_line, 4 as advancers, 1 as decliners, 1 as unchanged,
        7 as member_count, 6 as covered_count, 600 / 7 as coverage_pct, false as is_low_coverage,
        400 / 6 as advance_pct, 50.0::double as above_sma_20_pct, 50.0 as above_sma_50_pct,
        null::double as above_sma_200_pct, 6 as eligible_20_count, 6 as eligible_50_count,
        0 as eligible_200_count, 0 as eligible_252_count, null::int as new_high_252,
        null::int as new_low_252, null::double as net_new_high_pct,
        null::double as outperforming_1m_pct, null::double as mcclellan,
        null::double as mcclellan_summation, null::double as median_return_1m_pct,
        1.0 as equal_weight_return_1d_pct, true as is_membership_backfilled,
        date '2026-01-05' as history_start
    from (values (date '2026-01-06', 3::bigint), (date '2026-01-07', 6)) as days (session, ad_line),
        (values ('SMALL'), ('LARGE'), ('LARGE_EX_MAG7'), ('MAG7')) as cohorts (cohort);
create table rotation.quadrant as
    select
        session, 'IWM' as symbol, 'SPY' as benchmark, 103.0::double as relative_trend,
        96.0::double as relative_momentum, 'weakening' as quadrant, 5.0::double as distance,
        350.0::double as heading_deg
    from core.session;
"""


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create schema s; create table s.t (number int, label varchar)")
        connection.execute("insert into s.t values (1, 'it''s \"so\"; --'), (2, null), (-3, 'a')")
        yield connection


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(SMALL_WAREHOUSE)
        yield connection


@pytest.fixture
def write_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def write(entries: str) -> None:
        monkeypatch.setattr(suite, "FOLDER", tmp_path)
        (tmp_path / "s").mkdir(exist_ok=True)
        (tmp_path / "s" / "t.yml").write_text(entries, encoding="utf-8")

    return write


def only(results: list[QualityResult]) -> QualityResult:
    assert len(results) == 1
    return results[0]


def test_a_critical_failure_names_count_value_and_reason(con, write_suite):
    write_suite(
        "- {expect: expect_column_values_to_be_between, column: number, min_value: 0,"
        " severity: critical, reason: counts are not negative}"
    )

    results = audit(con, parameters={})

    assert results == [
        QualityResult(
            table_name="s.t",
            expectation="expect_column_values_to_be_between",
            column_name="number",
            severity="critical",
            success=False,
            observed_value="1 of 3 rows",
            unexpected_count=1,
            detail="such as -3; counts are not negative",
        )
    ]
    assert critical_failures(results) == results
    assert sentence(results) == (
        "1 critical check failed: s.t.number: column values to be between (1 row)."
    )


def test_a_warning_does_not_stop(con, write_suite):
    write_suite(
        "- {expect: expect_column_values_to_not_be_null, column: label, severity: warning,"
        " reason: labels are wanted}\n"
        "- {expect: expect_column_values_to_not_be_null, column: number, severity: critical,"
        " reason: numbers are needed}"
    )

    results = audit(con, parameters={})

    assert [result.success for result in results] == [False, True]
    assert critical_failures(results) == []
    assert sentence(results) == "1 warning: s.t.label: column values to not be null (1 row)."


@pytest.mark.parametrize("many", [199, 200, 201, 5000])
def test_a_rule_counts_all_that_breaks_it(con, write_suite, many):
    write_suite(
        f"- {{rule: none, rows: \"from range({many}) as t (n) where {{'a:b': n}} is not null"
        ' and n::int >= 0", severity: warning, reason: a test}'
    )

    result = only(audit(con, parameters={}))

    assert (result.unexpected_count, result.observed_value) == (many, str(many))
    assert result.detail == "first row: n 0; a test"


def test_success_is_what_mostly_allows(con, write_suite):
    write_suite(
        "- {expect: expect_column_values_to_be_between, column: number, min_value: 0, mostly: 0.6,"
        " severity: critical, reason: most are positive}"
    )

    result = only(audit(con, parameters={}))

    assert (result.success, result.unexpected_count) == (True, 1)
    assert result.detail == "most are positive"
    assert sentence([result]) == "1 check passed."


def test_an_expectation_that_counts_nothing_is_believed(con, write_suite):
    write_suite(
        "- {expect: expect_column_to_exist, column: label, severity: critical, reason: a test}\n"
        "- {expect: expect_column_to_exist, column: price, severity: critical, reason: a test}\n"
        "- {expect: expect_table_row_count_to_equal, value: 4, severity: critical, reason: a test}"
    )

    results = audit(con, parameters={})

    assert [result.success for result in results] == [True, False, False]
    assert [result.detail for result in results] == ["a test", "not so; a test", "seen: 3; a test"]


def test_an_empty_table_breaks_no_bound(con, write_suite):
    con.execute("delete from s.t")
    write_suite(
        "- {expect: expect_column_values_to_not_be_null, column: number, severity: critical,"
        " reason: a test}\n"
        "- {expect: expect_column_values_to_be_between, column: number, min_value: 0,"
        " severity: critical, reason: a test}\n"
        "- {expect: expect_column_values_to_be_in_set, column: label, value_set: [a],"
        " severity: critical, reason: a test}\n"
        "- {rule: numbers are positive, severity: critical, reason: a test,"
        " rows: from s.t where number < 0}"
    )

    results = audit(con, parameters={})

    assert {(result.success, result.unexpected_count) for result in results} == {(True, 0)}
    assert {result.observed_value for result in results} == {"0 of 0 rows", "0"}


def test_a_rule_counts_the_rows_that_must_not_exist_and_shows_the_first(con, write_suite):
    write_suite(
        "- {rule: numbers stay below the limit, severity: critical, reason: a test,"
        " rows: select number from s.t where number > -$limit order by number}"
    )

    result = only(audit(con, parameters={"limit": 0}))

    assert result.expectation == "numbers stay below the limit"
    assert (result.success, result.unexpected_count) == (False, 2)
    assert result.detail == "first row: number 1; a test"


def test_sql_of_a_rule_is_taken_literally(con, write_suite):
    write_suite(
        "- rule: as it stands\n"
        "  severity: critical\n"
        "  reason: a test\n"
        "  rows: |\n"
        "    select label, ':x' as colon, {'k': 1}.k::varchar as brace, '$$ % %%' as dollar\n"
        "    from s.t where label like 'it%' or label ~ 'b{1}'\n"
    )

    result = only(audit(con, parameters={}))

    assert result.unexpected_count == 1
    assert 'label it\'s "so"; --, colon :x, brace 1, dollar $ % %%;' in result.detail


def test_quotes_in_labels_are_data(con, write_suite):
    write_suite(
        "- {expect: expect_column_values_to_be_in_set, column: label, severity: critical,"
        """ value_set: ["it's \\"so\\"; --", a], reason: a test}"""
    )

    assert only(audit(con, parameters={})).success


def test_what_a_vendor_wrote_is_cut_to_one_short_line(con, write_suite):
    con.execute("update s.t set label = 'x' || chr(10) || repeat('y', 1_000_000)")
    write_suite(
        "- {expect: expect_column_values_to_be_in_set, column: label, severity: warning,"
        " value_set: [a], reason: a test}"
    )

    detail = only(audit(con, parameters={})).detail

    assert len(detail) == 500
    assert "\n" not in detail


@pytest.mark.parametrize(
    ("entry", "detail"),
    [
        (
            "rule: raises, rows: select number from s.t where label::int > 0",
            "Conversion Error: Could not convert string",
        ),
        ("rule: raises, rows: select nothing from s.t", 'column "nothing" not found'),
        ("rule: raises, rows: select from from", "Parser Error"),
        (
            "expect: expect_column_values_to_not_be_null, column: nothing",
            'The column "nothing" does not exist.',
        ),
        (
            "expect: expect_column_values_to_match_regex, column: label, regex: a",
            "Regex is not supported for dialect duckdb",
        ),
        (
            "expect: expect_column_values_to_be_in_set, column: number, value_set: [a]",
            "Conversion Error",
        ),
    ],
)
def test_what_raises_is_a_failure_and_leaves_the_rest_alone(con, write_suite, entry, detail):
    write_suite(
        f"- {{{entry}, severity: critical, reason: a test}}\n"
        "- {expect: expect_column_values_to_not_be_null, column: number, severity: critical,"
        " reason: a test}"
    )

    failed, other = audit(con, parameters={})

    assert not failed.success
    assert failed.unexpected_count is None
    assert detail in failed.detail
    assert "\n" not in failed.detail
    assert other.success


def test_a_table_that_is_not_there_is_a_critical_failure(con, write_suite):
    write_suite("- {rule: any, rows: select 1, severity: warning, reason: a test}")
    con.execute("drop table s.t")

    results = audit(con, ["s.t"], parameters={})

    assert len(critical_failures(results)) == 1
    assert sentence(results) == (
        "1 critical check failed: s.t: table exists "
        "(s.t does not exist; build it with 'rotation rebuild')."
    )


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ("- {rule: a, severity: critical, reason: b}", "has `rows`"),
        ("- {rule: a, rows: select 1, severity: grave, reason: b}", "critical or warning"),
        ("- {rule: a, rows: select 1, severity: critical}", "needs a reason"),
        ("- {severity: critical, reason: b}", "either `expect` or `rule`"),
        ("- {rule: a, rows: select $day, severity: critical, reason: b}", "not given $day"),
        ("- {rule: a, rows: select $text, severity: critical, reason: b}", "$text must be a date"),
        ("- {rule: a, rows: select 1, severity: warning, reason: b}\n" * 2, "stands 2 times"),
        ("- {expect: expect_magic, severity: warning, reason: b}", "cannot use expect_magic"),
        (
            "- {expect: expect_column_values_to_not_be_null, severity: warning, reason: b}",
            "cannot use expect_column_values_to_not_be_null",
        ),
        ("rule: a", "must be a list"),
        ("- {", "is not YAML"),
    ],
)
def test_a_suite_that_cannot_be_used_is_refused_in_a_sentence(con, write_suite, entries, words):
    write_suite(entries)

    with pytest.raises(SuiteError, match=re.escape(words)) as refusal:
        audit(con, parameters={"text": "'; drop table s.t; --"})

    assert "s/t.yml" in str(refusal.value) or "s.t" in str(refusal.value)


def test_a_table_without_a_suite_is_refused(con):
    with pytest.raises(SuiteError, match=r"core.nothing has no suite: write expectations/core/"):
        audit(con, ["core.nothing"], parameters={})


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (date(2026, 1, 7), "2026-01-07"),
        (datetime(2026, 1, 7, 22, 30), "2026-01-07 22:30:00"),
        (-2.5, "-2.5"),
        (True, "True"),
        ({}, "{}"),
        ({"it's {k}; :x $y --": 1}, '{"it\'s {k}; :x $y --": 1.0}'),
    ],
)
def test_parameters_reach_sql_as_literals(con, write_suite, value, shown):
    write_suite("- {rule: a, rows: select $v as v, severity: critical, reason: b}")

    assert only(audit(con, parameters={"v": value})).detail == f"first row: v {shown}; b"


def test_the_screen_stays_empty_and_the_file_can_be_closed(tmp_path, write_suite, capfd):
    path = tmp_path / "build.duckdb"
    write_suite("- {rule: any, rows: select 1 from s.nothing, severity: warning, reason: a test}")
    with duckdb.connect(path) as connection:
        connection.execute("create schema s; create table s.t (number int)")
        audit(connection, parameters={})

    assert capfd.readouterr() == ("", "")
    with duckdb.connect(path, read_only=True, config={"threads": 1}):
        pass  # refused while a cursor of the audit holds the file


def test_the_database_in_use_is_audited(con, write_suite):
    con.execute("attach ':memory:' as other; use other; create schema s")
    con.execute("create table s.t as select -1 as number")
    write_suite("- {rule: sign, rows: from s.t where number < -2, severity: warning, reason: b}")

    assert only(audit(con, parameters={})).success


@pytest.mark.parametrize("table", suite_tables())
def test_every_bound_has_its_date(table):
    for check in read_suite(table, {**NIGHT, "changed_since": date.min}):
        assert re.search(r"\(since \d{4}-\d\d-\d\d\)$", check.reason), check.name


def test_a_sound_warehouse_passes(warehouse):
    made = warehouse.execute("select schema_name || '.' || table_name from duckdb_tables()")
    inputs = {"raw.quote", "core.session"}  # with only the columns that the others need
    tables = sorted({name for (name,) in made.fetchall()} & set(suite_tables()) - inputs)

    results = audit(warehouse, tables, parameters=NIGHT)

    assert {result.table_name for result in results} == set(tables)
    assert [result for result in results if not result.success] == []


@pytest.mark.parametrize(
    ("table", "change", "expectation"),
    [
        ("core.quote", "drop column volume", "expect_table_columns_to_match_set"),
        ("core.quote", "close = null", "expect_column_values_to_not_be_null"),
        ("core.quote", "close = -1", "expect_column_values_to_be_between"),
        ("core.quote", "close = 'nan'", "expect_column_values_to_be_between"),
        ("core.quote", "high = close - 0.5", "high is never below open, close or low"),
        ("core.quote", "low = close + 0.5", "low is never above open, close or high"),
        ("core.quote", "symbol = 'SPY'", "one row per symbol and session"),
        ("core.quote", "symbol = 'QQQ'", "required symbols are quoted for the session"),
        (
            "core.quote",
            "session = date '2026-01-10'",
            "every session is on the exchange's calendar",
        ),
        (
            "core.quote",
            "return_pct = -100",
            "few symbols, and none of a pair, have an impossible price or return",
        ),
        ("core.quote", "return_pct = 25.1", "no symbol of a pair moves further than one ever did"),
        ("core.quote", "return_pct = 1.5", "a return is this close over the one before"),
        ("core.quote", "total_return_method = 'guess'", "expect_column_values_to_be_in_set"),
        ("core.quote", "total_return_method = null", "a total return says its method"),
        (
            "rotation.relative_strength",
            "ratio = ratio + 1e-8",
            "ratio times short_index is long_index",
        ),
        (
            "rotation.relative_strength",
            "excess_1d_pct = null",
            "excess_1d_pct is the difference of the day's returns",
        ),
        (
            "rotation.relative_strength",
            "excess_ytd_pct = 3",
            "excess_ytd_pct is long_ytd_pct less short_ytd_pct",
        ),
        (
            "rotation.relative_strength",
            "pair = 'other'",
            "small_vs_large has a row for the session",
        ),
        ("rotation.relative_strength", "pair = 'other'", "both indices start at 100"),
        (
            "rotation.relative_strength",
            "excess_3m_percentile = 101",
            "expect_column_values_to_be_between",
        ),
        ("rotation.streak", "excess_1d_pct = -1", "a streak has the sign of the day's excess"),
        (
            "rotation.streak",
            "streak_sessions = 3",
            "a streak goes on by one session or starts anew",
        ),
        ("rotation.streak", "streak_start = session", "a streak starts in its past"),
        ("rotation.streak", "record_sessions = 1", "a record is at least the streak of the day"),
        (
            "rotation.streak",
            "min_margin_bp = 249",
            "min_margin_bp is between 0 and the day's own margin",
        ),
        (
            "rotation.breadth",
            "unchanged = 2",
            "advancers, decliners and unchanged add up to covered_count",
        ),
        (
            "rotation.breadth",
            "eligible_20_count = 7",
            "no count exceeds what it is counted from",
        ),
        ("rotation.breadth", "member_count = 8", "MAG7 has seven members"),
        ("rotation.breadth", "is_low_coverage = true", "percents follow from their counts"),
        ("rotation.breadth", "above_sma_20_pct = 'nan'", "percents lie within their range"),
        ("rotation.breadth", "ad_line = 7", "ad_line adds advancers less decliners"),
        ("rotation.quadrant", "quadrant = 'leading'", "the label follows trend and momentum"),
        ("rotation.quadrant", "distance = 5.1", "distance follows from trend and momentum"),
        ("rotation.quadrant", "heading_deg = 360", "expect_column_values_to_be_between"),
        ("rotation.quadrant", "relative_trend = 'inf'", "expect_column_values_to_be_between"),
    ],
)
def test_each_defect_of_the_newest_session_is_found(warehouse, table, change, expectation):
    symbol = " and symbol = 'IWM'" if table == "core.quote" else ""
    warehouse.execute(
        f"alter table {table} {change}"
        if change.startswith("drop")
        else f"update {table} set {change} where session = date '2026-01-07'{symbol}"
    )

    failed = {result.expectation for result in critical_failures(audit_of(warehouse, table))}

    assert expectation in failed


@pytest.mark.parametrize(
    ("table", "change", "expectation"),
    [
        (
            "core.quote",
            "return_pct = -50",
            "a large move of the session is a distribution of its size",
        ),
        (
            "rotation.breadth",
            "coverage_pct = 50, is_low_coverage = true",
            "coverage of the session is not low",
        ),
        ("rotation.breadth", "cohort = 'MINE'", "every default cohort has a row for the session"),
        ("rotation.quadrant", "symbol = 'XLE'", "IWM has a row for the session"),
    ],
)
def test_what_is_only_odd_warns(warehouse, table, change, expectation):
    warehouse.execute(f"update {table} set {change} where session = date '2026-01-07'")

    warned = {
        result.expectation
        for result in audit_of(warehouse, table)
        if not result.success and result.severity == "warning"
    }

    assert expectation in warned


@pytest.mark.parametrize(
    ("change", "is_explained"),
    [
        ("return_pct = -50, split_ratio = 2", False),
        ("return_pct = -50, dividend = 1", False),
        ("return_pct = -50, close = 4, dividend = 4", True),
        ("return_pct = 24.9", True),
    ],
)
def test_what_explains_a_large_move_has_its_size(warehouse, change, is_explained):
    warehouse.execute(f"update core.quote set {change} where symbol = 'SPY'")

    results = {result.expectation: result for result in audit_of(warehouse, "core.quote")}

    critical = results["no symbol of a pair moves further than one ever did"]
    assert (critical.severity, critical.success) == ("critical", is_explained)
    shown = results["a large move of the session is a distribution of its size"]
    assert shown.success == is_explained


def test_a_bar_that_came_late_is_held_to_the_bounds_of_its_pair(warehouse):
    rule = "no symbol of a pair moves further than one ever did"
    warehouse.execute(
        "update core.quote set return_pct = -30 where symbol = 'SPY' and session = '2026-01-06'"
    )
    for run_id, is_found in (("earlier", False), ("tonight", True)):
        warehouse.execute(
            "insert into raw.quote by name select 'SPY' as symbol, date '2026-01-06' as session,"
            f" '{run_id}' as run_id"
        )
        failed = {
            result.expectation for result in critical_failures(audit_of(warehouse, "core.quote"))
        }
        assert (rule in failed) == is_found


def test_a_history_that_begins_anew_is_sound(warehouse):
    warehouse.execute(
        "update rotation.relative_strength set long_index = 100, short_index = 100, ratio = 1,"
        " excess_1d_pct = null, history_start = session where session = date '2026-01-07'"
    )

    results = audit_of(warehouse, "rotation.relative_strength")

    assert [result for result in results if not result.success] == []


def audit_of(con: duckdb.DuckDBPyConnection, table: str) -> list[QualityResult]:
    return audit(con, [table], parameters=NIGHT)


@pytest.mark.parametrize(
    ("changed_since", "is_found"), [("2026-01-06", True), ("2026-01-07", False)]
)
def test_values_are_looked_at_from_the_first_change_on(warehouse, changed_since, is_found):
    warehouse.execute("update core.quote set close = -1 where session = '2026-01-06'")
    since = {"core.quote": date.fromisoformat(changed_since)}

    results = audit(warehouse, ["core.quote"], parameters=NIGHT, changed_since=since)

    failed = {(result.expectation, result.column_name) for result in critical_failures(results)}
    assert (("expect_column_values_to_be_between", "close") in failed) == is_found
    [close] = [r for r in results if "between" in r.expectation and r.column_name == "close"]
    assert close.observed_value.endswith(f" rows since {changed_since}")
