"""What may be asked: one SELECT that reads, on a connection that can do nothing else."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from night import FIRST, bars, run_night

from flows.answer import answer
from flows.question import QueryError, only_select, open_for_questions
from warehouse.place import Place


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("home"))
    frames = {"quote": bars(["IWM", "SPY"], FIRST, 5)}
    run_night(place.home, FIRST, frames, ["core.session", "core.quote"])
    return place


@pytest.fixture
def con(place: Place) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_for_questions(place) as con:
        yield con


@pytest.mark.parametrize(
    "sql",
    [
        "from {}",
        "select * from {}",
        "with a as (from main.{}) from a",
        "select (select count(*) from {})",
        "describe from {}",
        "summarize from {}",
        "explain from {}",
        "explain analyze select 1 from {}",
        "explain (format json) from {}",
        "explain (analyze, format json) from {}",
        "explain/**/from {}",
        "explain (from {})",
        "explain (select 1) union all (select 1 from {})",
        "/* é */ explain -- select 1\nfrom {}",
        "select 1 where exists (from {})",
    ],
)
@pytest.mark.parametrize(
    "function",
    [
        "enable_logging()",
        "ENABLE_LOGGING('QueryLog')",
        '"Enable_Logging"()',
        "enable_logging(storage = 'file', storage_config = {'path': '/tmp/x'})",
        "disable_logging()",
        "truncate_duckdb_logs()",
        "enable_profiling(format = 'json', save_location = '/tmp/x.json')",
        "checkpoint()",
        "force_checkpoint()",
        "query('from enable_' || 'logging()')",
        "\"query\"/**/('select 1')",
        "json_execute_serialized_sql(json_serialize_sql('select 1'))",
    ],
)
def test_functions_that_do_not_only_read(
    con: duckdb.DuckDBPyConnection, sql: str, function: str
) -> None:
    with pytest.raises(QueryError, match=r"^The function \w+ cannot be used here"):
        only_select(con, sql.format(function))


def test_a_word_is_no_function(con: duckdb.DuckDBPyConnection) -> None:
    sql = "select 'enable_logging()' as query, close from core.quote -- checkpoint()"
    assert con.execute(only_select(con, sql)).fetchall()


@pytest.mark.parametrize(
    "sql",
    [
        "explain (format json) select close from core.quote",
        "explain/**/select close from core.quote",
        "/* é, select 1 */ explain analyze from core.quote;",
        "-- why\nexplain (select 'é explain' as word)",
    ],
)
def test_an_explanation_however_it_is_written(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    assert con.execute(only_select(con, sql)).fetchall()


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("select getenv('HOME')", "getenv does not exist"),
        ("from query_table('/etc/passwd')", "/etc/passwd does not exist"),
    ],
)
def test_what_reads_past_the_warehouse(
    con: duckdb.DuckDBPyConnection, sql: str, words: str
) -> None:
    with pytest.raises((QueryError, duckdb.Error), match=words):
        con.execute(only_select(con, sql)).fetchall()


def test_a_table_named_by_a_text(con: duckdb.DuckDBPyConnection) -> None:
    for names in ("'core.quote'", "['core.quote', 'core.quote']"):
        assert con.execute(only_select(con, f"from query_table({names})")).fetchall()
    with pytest.raises(QueryError, match="not put together"):
        only_select(con, "from query_table('core.' || 'quote')")


@pytest.mark.parametrize(
    "sql",
    [
        "pivot core.quote on symbol using max(close)",
        "/* */ explain delete from core.quote",
        "explain explain select 1",
        "explain (format json) delete from core.quote",
        "explain analyze core.quote",
        "explain/**/drop table core.quote",
        "explain analyze analyze core.quote",
        "select 1; select 2",
    ],
)
def test_what_is_no_select(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    with pytest.raises((QueryError, duckdb.ParserException)):
        only_select(con, sql)


def test_a_very_deep_query_is_a_sentence(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(QueryError, match=r"nested too deeply\.$"):
        only_select(con, f"select {'1+' * 900}1")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("enable_external_access", False),
        ("autoload_known_extensions", False),
        ("autoinstall_known_extensions", False),
        ("python_enable_replacements", False),
        ("lock_configuration", True),
        ("memory_limit", "572.2 MiB"),
    ],
)
def test_settings(con: duckdb.DuckDBPyConnection, setting: str, value: object) -> None:
    assert con.execute(f"select current_setting('{setting}')").fetchall() == [(value,)]


@pytest.mark.parametrize(
    "change", ["set memory_limit = '10GB'", "reset temp_directory", "set enable_logging = true"]
)
def test_settings_stay(con: duckdb.DuckDBPyConnection, change: str) -> None:
    with pytest.raises(duckdb.InvalidInputException, match="locked"):
        con.execute(change)


@pytest.mark.parametrize(
    "sql",
    [
        "create table core.x as select 1",
        "copy core.quote to '{path}'",
        "copy (select 1) to '{path}' (format parquet)",
        "export database '{path}'",
        "attach '{path}'",
        "attach 'https://127.0.0.1/x.duckdb'",
        "select * from read_csv('{path}')",
        "select * from read_blob('{path}')",
        "from '{path}'",
        "from read_duckdb('{path}')",
        "load httpfs",
        "install httpfs",
        "select * from st_read('{path}')",
    ],
)
def test_the_connection_itself_reaches_nothing(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, sql: str
) -> None:
    # given something to reach, and no look at the statement
    secret = tmp_path / "secret.csv"
    secret.write_text("word\nopen sesame\n")
    with pytest.raises(duckdb.Error):
        con.execute(sql.format(path=secret)).fetchall()
    assert secret.read_text() == "word\nopen sesame\n"
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]


def test_what_does_not_fit_in_memory_spills_elsewhere(place: Place) -> None:
    with open_for_questions(place) as con:
        ((spill,),) = con.execute("select current_setting('temp_directory')").fetchall()
        assert Path(spill).is_dir()
        assert place.home not in Path(spill).parents
    assert not Path(spill).exists()


def test_the_published_file_is_opened_read_only_by_root_too(place: Place, tmp_path: Path) -> None:
    # given a copy whose mode would let anybody write
    home = Place(tmp_path / "home")
    shutil.copytree(place.home, home.home, symlinks=True)
    home.warehouse.chmod(0o666)
    bytes_before = home.warehouse.read_bytes()
    with open_for_questions(home) as con, pytest.raises(duckdb.Error, match="read-only"):
        con.execute("delete from core.quote")
    assert home.warehouse.read_bytes() == bytes_before


class TestOutput:
    @pytest.mark.parametrize("name", ["current/warehouse.duckdb", "new.csv", "a/../run.lock"])
    def test_nothing_is_written_into_the_home(
        self, place: Place, tmp_path: Path, name: str
    ) -> None:
        (tmp_path / "link").symlink_to(place.home)
        bytes_before = place.warehouse.read_bytes()
        for home in (place.home, tmp_path / "link"):
            with pytest.raises(QueryError, match=r"lies in the home .*: name a file elsewhere"):
                answer(place, "select 1", "csv", home / name)
        assert place.warehouse.read_bytes() == bytes_before
        assert not (place.home / "new.csv").exists()

    def test_what_fails_leaves_the_file_of_before(self, place: Place, tmp_path: Path) -> None:
        file = tmp_path / "answer.csv"
        answer(place, "select 1 as n", "csv", file)
        for format_ in ("csv", "json", "parquet", "table"):
            with pytest.raises(QueryError):
                answer(place, "select error('no') from range(3)", format_, file)
        assert file.read_text() == "n\n1\n"
        assert list(tmp_path.iterdir()) == [file]

    def test_an_answer_for_no_file_at_all(self, place: Place) -> None:
        answer(place, "select 1", "csv", Path("/dev/null"))
        assert Path("/dev/null").is_char_device()
