"""The command line: one sentence and the right exit code for everything that can go wrong."""

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from kills import servers
from night import FIRST, bars, run_night

from flows.cli import main
from warehouse.place import Place
from warehouse.run import is_stop, read_records

ROTATION = Path(sys.executable).with_name("rotation")
DAY = "2026-01-07"
SEVEN = ("AAPL", "MSFT", "GOOGL", "AMZN", "META", "NVDA", "TSLA")
USERS = ("ROTATION_HOME", "ROTATION_SOURCE", "PREFECT_API_URL")


@dataclass(frozen=True)
class Said:
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    def require_sentence(self, code: int, words: str) -> None:
        """One line on standard error that ends in a full stop, and the exit code."""
        assert (self.code, self.out) == (code, "")
        assert re.fullmatch(r"[^\n]+\.\n", self.err), self.err
        assert re.search(words, self.err), self.err
        assert not re.search(r"Traceback|Error:|Warning|--debug", self.err), self.err


Command = Callable[..., Said]


@pytest.fixture
def rotation(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Command]:
    """Runs the command in this process, in an empty folder, without settings of the user's."""
    for name in USERS:
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "cwd"
    folder.mkdir()
    monkeypatch.chdir(folder)
    before = signal.getsignal(signal.SIGTERM)

    def run(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["rotation", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capfd.readouterr()
        return Said(int(end.value.code or 0), out, err)

    yield run
    signal.signal(signal.SIGTERM, before)
    assert list(folder.iterdir()) == []


def start(*arguments: object) -> "subprocess.Popen[str]":
    """The command as a process of its own."""
    return subprocess.Popen(
        [str(ROTATION), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if name not in USERS},
        text=True,
    )


def tree(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Everything below a folder: mode, time of change and content or target."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mode,
            path.lstat().st_mtime_ns,
            str(path.readlink())
            if path.is_symlink()
            else str(hash(path.read_bytes()))
            if path.is_file()
            else "",
        )
        for path in sorted(folder.rglob("*"))
    }


def write_source(folder: Path, **changes: object) -> Path:
    """A folder with quotes of IWM and SPY up to DAY; `close=None` drops that column."""
    quotes = bars(["IWM", "SPY"], FIRST, 5).assign(**{k: v for k, v in changes.items() if v})
    dropped = [name for name, value in changes.items() if value is None]
    (folder / "quotes").mkdir(parents=True)
    quotes.drop(columns=dropped).to_parquet(folder / "quotes" / "q.parquet", index=False)
    return folder


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one night of real data; only for reading."""
    home = tmp_path_factory.mktemp("published") / "home"
    run_night(home, FIRST, {"quote": bars(["IWM", "SPY", "QQQ", *SEVEN], FIRST, 5)})
    return home


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_source(tmp_path / "source")


class TestBadInput:
    """Nothing changes on disk."""

    @pytest.fixture(params=["empty", "published"])
    def home(
        self, request: pytest.FixtureRequest, tmp_path: Path, published: Path
    ) -> Iterator[Path]:
        home = tmp_path / "home"
        if request.param == "published":
            shutil.copytree(published, home, symlinks=True)
        before = tree(tmp_path)
        yield home
        after = {name: state for name, state in tree(tmp_path).items() if name.startswith("home")}
        assert after == {name: state for name, state in before.items() if name.startswith("home")}

    def test_a_missing_folder(self, rotation: Command, home: Path, tmp_path: Path) -> None:
        said = rotation("nightly", "--source", tmp_path / "gone", "--home", home)
        said.require_sentence(2, "gone is no folder")

    def test_a_file_that_is_not_parquet(self, rotation: Command, home: Path, source: Path) -> None:
        (source / "quotes" / "bad.parquet").write_text("hello")
        said = rotation("nightly", "--source", source, "--home", home)
        said.require_sentence(1, r"bad\.parquet cannot be read as Parquet")

    def test_quotes_without_close(self, rotation: Command, home: Path, tmp_path: Path) -> None:
        folder = write_source(tmp_path / "source", close=None)
        said = rotation("nightly", "--source", folder, "--home", home)
        said.require_sentence(1, r"q\.parquet has no column close")

    def test_a_column_of_another_type(self, rotation: Command, home: Path, tmp_path: Path) -> None:
        folder = write_source(tmp_path / "source", close=FIRST)
        said = rotation("nightly", "--source", folder, "--home", home)
        said.require_sentence(1, r"date32\[day\] in column close where a number belongs")

    @pytest.mark.parametrize("inside", [None, "quotes"])
    def test_an_empty_folder(
        self, rotation: Command, home: Path, tmp_path: Path, inside: str | None
    ) -> None:
        (tmp_path / "source" / (inside or "")).mkdir(parents=True)
        said = rotation("nightly", "--source", tmp_path / "source", "--home", home)
        said.require_sentence(1, "quotes has no Parquet or CSV file")

    @pytest.mark.parametrize("day", ["2026-01-10", "2026-01-19"])
    def test_no_trading_day(self, rotation: Command, home: Path, source: Path, day: str) -> None:
        said = rotation("nightly", "--session", day, "--source", source, "--home", home)
        assert (said.code, said.err) == (0, "")
        assert (
            said.out == f"{day} is not a session of the New York Stock Exchange: nothing to do.\n"
        )

    def test_the_future(self, rotation: Command, home: Path, source: Path) -> None:
        said = rotation("nightly", "--session", "2100-01-04", "--source", source, "--home", home)
        said.require_sentence(2, "2100-01-04 lies in the future")

    @pytest.mark.parametrize("day", ["tomorrow", "2026-13-01", "2026-02-30", "27.01.2026", "1"])
    def test_no_date(self, rotation: Command, home: Path, source: Path, day: str) -> None:
        said = rotation("nightly", "--session", day, "--source", source, "--home", home)
        said.require_sentence(2, f"--session '{re.escape(day)}' is not a date")

    @pytest.mark.parametrize(
        ("spec", "words"),
        [
            ("demo:5", "is not understood"),
            ("demo:5x1", "makes 60 to 20000 symbols"),
            ("demo:100x99", "over 1 to 36 years"),
        ],
    )
    def test_no_source(self, rotation: Command, home: Path, spec: str, words: str) -> None:
        rotation("nightly", "--source", spec, "--home", home).require_sentence(2, words)

    def test_the_source_of_the_environment_is_checked_too(
        self, rotation: Command, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROTATION_SOURCE", "/nowhere")
        rotation("nightly", "--home", home).require_sentence(2, "/nowhere is no folder")

    @pytest.mark.parametrize(
        ("start", "end", "code", "words"),
        [
            ("2026-01-07", "2026-01-06", 2, "before it starts"),
            ("2100-01-01", "2100-01-02", 2, "lies in the future"),
            ("soon", "2026-01-06", 2, "--start 'soon' is not a date"),
            ("2026-01-06", "later", 2, "--end 'later' is not a date"),
        ],
    )
    def test_a_range_that_makes_no_sense(
        self,
        rotation: Command,
        home: Path,
        source: Path,
        start: str,
        end: str,
        code: int,
        words: str,
    ) -> None:
        said = rotation(
            "backfill", "--start", start, "--end", end, "--source", source, "--home", home
        )
        said.require_sentence(code, words)


class TestHome:
    @pytest.mark.parametrize("below", ["", "below", "far/below"])
    def test_a_home_that_is_a_file_or_below_one(
        self, rotation: Command, source: Path, tmp_path: Path, below: str
    ) -> None:
        (tmp_path / "file").write_text("mine")
        said = rotation("nightly", "--source", source, "--home", tmp_path / "file" / below)
        said.require_sentence(2, "is not a folder: name another with --home")
        assert (tmp_path / "file").read_text() == "mine"

    @pytest.mark.parametrize("home", ["/proc/rotation", "/sys/rotation"])
    def test_a_home_that_cannot_be_made(self, rotation: Command, source: Path, home: str) -> None:
        said = rotation("nightly", "--source", source, "--home", home)
        said.require_sentence(2, "cannot be written")

    def test_a_home_with_too_long_a_name(
        self, rotation: Command, source: Path, tmp_path: Path
    ) -> None:
        said = rotation("nightly", "--source", source, "--home", tmp_path / ("x" * 300))
        said.require_sentence(2, "name another with --home")

    @pytest.mark.parametrize(
        ("command", "code"),
        [
            (["query", "select 1"], 1),
            (["status"], 1),
            (["check"], 1),
            (["rebuild"], 2),
        ],
    )
    def test_nothing_is_published(
        self, rotation: Command, tmp_path: Path, command: list[str], code: int
    ) -> None:
        said = rotation(*command, "--home", tmp_path / "home")
        said.require_sentence(code, "Nothing is published in .*home yet.*run `rotation nightly`")
        assert not (tmp_path / "home").exists()

    def test_a_demo_run_into_real_data(self, rotation: Command, published: Path) -> None:
        before = tree(published)
        said = rotation("nightly", "--source", "demo:60x1", "--home", published)
        said.require_sentence(2, "holds real data: name another home with --home")
        assert tree(published) == before

    def test_real_data_into_a_demo(
        self, rotation: Command, source: Path, published: Path, tmp_path: Path
    ) -> None:
        # given a home whose published record is that of a simulated market
        home = tmp_path / "demo"
        shutil.copytree(published, home, symlinks=True)
        record = home / "current" / "run.json"
        record.write_text(
            record.read_text().replace('"is_simulated": false', '"is_simulated": true')
        )
        said = rotation("nightly", "--source", source, "--home", home)
        said.require_sentence(2, "holds a SIMULATED market")

    def test_what_is_published_is_not_done_again(
        self, rotation: Command, source: Path, published: Path
    ) -> None:
        before = tree(published)
        for options, words in (
            (["--session", DAY], f"Session {DAY} is already published"),
            ([], f"Session {DAY} is already published"),
            (["--session", "2026-01-06"], f"A later session, {DAY}, is already published"),
        ):
            said = rotation("nightly", *options, "--source", source, "--home", published)
            assert (said.code, said.err) == (0, "")
            assert said.out.startswith(words)
        assert tree(published) == before


class TestUsage:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["frobnicate"], "No such command 'frobnicate'"),
            (["nightly", "--frob"], "No such option: --frob"),
            (["nightly", "more"], "unexpected extra argument"),
            (["nightly", "--session"], "requires an argument"),
            (["backfill", "--start", DAY], "Missing option '--end'"),
            (["query"], "Missing argument 'sql'"),
            (["query", "select 1", "--format", "xml"], "'xml' is not one of"),
        ],
    )
    def test_wrong_usage(self, rotation: Command, arguments: list[str], words: str) -> None:
        said = rotation(*arguments)
        assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
        assert words in said.err
        assert said.err.endswith("Try `rotation --help`.\n")

    def test_help_names_every_command(self, rotation: Command) -> None:
        said = rotation("--help")
        assert (said.code, said.err) == (0, "")
        for command in ("nightly", "backfill", "rebuild", "query", "status", "check"):
            assert re.search(rf"\b{command}\b", said.out)

    def test_debug_shows_the_traceback(self, source: Path, tmp_path: Path) -> None:
        (source / "quotes" / "bad.parquet").write_text("hello")
        command = start("nightly", "--debug", "--source", source, "--home", tmp_path / "home")
        _, err = command.communicate(timeout=60)
        assert command.returncode != 0
        assert "Traceback" in err


class TestQuery:
    @pytest.fixture
    def ask(self, rotation: Command, published: Path) -> Command:
        def ask(sql: str, *options: object) -> Said:
            return rotation("query", sql, "--home", published, *options)

        return ask

    QUOTES = (
        "select symbol, session, close, volume from core.quote "
        "where symbol = 'IWM' order by session limit 3"
    )

    def test_csv(self, ask: Command) -> None:
        said = ask(self.QUOTES, "--format", "csv")
        rows = list(csv.DictReader(io.StringIO(said.out)))
        assert (said.code, said.err, len(rows)) == (0, "", 3)
        assert (rows[0]["symbol"], rows[0]["session"], rows[0]["volume"]) == (
            "IWM",
            "2025-12-31",
            "",
        )

    def test_json(self, ask: Command) -> None:
        said = ask(self.QUOTES, "--format", "json")
        rows = json.loads(said.out)
        assert (said.code, said.err, len(rows)) == (0, "", 3)
        assert (rows[0]["symbol"], rows[0]["volume"]) == ("IWM", None)

    def test_table(self, ask: Command) -> None:
        said = ask(self.QUOTES)
        lines = said.out.splitlines()
        assert (said.code, said.err, len(lines)) == (0, "", 4)
        assert lines[0].split() == ["symbol", "session", "close", "volume"]
        assert lines[1].split()[:2] == ["IWM", "2025-12-31"]

    @pytest.mark.parametrize("format_", ["csv", "json", "table", "parquet"])
    def test_files(self, ask: Command, tmp_path: Path, format_: str) -> None:
        file = tmp_path / f"it's.{format_}"
        said = ask(self.QUOTES, "--format", format_, "--output", file)
        assert (said.code, said.out, said.err) == (0, "", "")
        if format_ == "parquet":
            frame = pd.read_parquet(file)
            assert frame["session"].tolist()[0] == date(2025, 12, 31)
            assert len(frame) == 3
        else:
            assert "IWM" in file.read_text()

    def test_no_rows(self, ask: Command) -> None:
        nothing = "select symbol, session from core.quote where false"
        assert ask(nothing, "--format", "csv").out == "symbol,session\n"
        assert json.loads(ask(nothing, "--format", "json").out) == []
        assert ask(nothing).out.split() == ["symbol", "session"]

    def test_a_long_table_says_that_there_is_more(self, ask: Command) -> None:
        said = ask("select * from range(100)")
        assert "more than 40 rows: use --format csv for all" in said.out

    @pytest.mark.parametrize(
        "sql",
        [
            "select 1;",
            "from core.quote limit 1",
            "with a as (select 1) select * from a",
            "values (1)",
            "explain select 1",
            "describe core.quote",
            "show all tables",
            "select 1 -- a comment",
        ],
    )
    def test_what_only_reads_is_answered(self, ask: Command, sql: str) -> None:
        said = ask(sql)
        assert (said.code, said.err) == (0, "")
        assert said.out

    @pytest.mark.parametrize(
        "sql",
        [
            "",
            ";",
            "delete from core.quote",
            "insert into core.quote from core.quote",
            "create table x as select 1",
            "create temp table x as select 1",
            "drop table core.quote",
            "copy core.quote to '{out}'",
            "copy (select 1) to '{out}' (format csv)",
            "export database '{out}'",
            "attach '{out}'",
            "attach ':memory:' as m",
            "set memory_limit = '1GB'",
            "reset lock_configuration",
            "install httpfs",
            "load httpfs",
            "pragma enable_profiling",
            "call enable_logging()",
            "checkpoint",
            "begin",
            "select 1; select 2",
            "select 1; drop table core.quote",
            "prepare x as select 1",
            "vacuum",
        ],
    )
    def test_what_is_no_select_is_refused(
        self, ask: Command, published: Path, tmp_path: Path, sql: str
    ) -> None:
        before = tree(published)
        said = ask(sql.format(out=tmp_path / "out"))
        said.require_sentence(2, r"Only one SELECT \(or EXPLAIN of one\) can be asked\.")
        assert tree(published) == before
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize(
        "sql",
        [
            "select * from read_csv('{file}')",
            "select * from read_text('{file}')",
            "select * from read_blob('{file}')",
            "select * from read_parquet('{file}')",
            "select * from read_json('{file}')",
            "select * from '{file}'",
            "select * from glob('{file}')",
            "select * from sniff_csv('{file}')",
            "select * from parquet_metadata('{file}')",
            "explain analyze copy (select 1) to '{file}.copy'",
            "from query('select * from read_csv(''{file}'')')",
        ],
    )
    def test_no_file_is_reached(self, ask: Command, tmp_path: Path, sql: str) -> None:
        file = tmp_path / "secret.csv"
        file.write_text("word\nopen sesame\n")
        said = ask(sql.format(file=file), "--format", "csv")
        assert said.code == 2
        assert "sesame" not in said.out + said.err
        assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["secret.csv"]

    @pytest.mark.parametrize("name", ["place", "con", "sql", "statements", "sys", "format_"])
    def test_no_python_variable_is_reached(self, ask: Command, name: str) -> None:
        assert ask(f"select * from {name}").code == 2

    @pytest.mark.parametrize(
        "sql", ["from enable_logging()", "explain analyze call enable_logging()"]
    )
    def test_logging_cannot_be_switched_on(self, ask: Command, sql: str) -> None:
        assert ask(sql).code == 2

    @pytest.mark.parametrize(
        ("sql", "words"),
        [
            ("selec 1", 'syntax error at or near "selec"'),
            ("select * from core.nothing", "core.nothing does not exist|nothing"),
            ("select nothing from core.quote", '"nothing" not found'),
            ("select 'x'::integer", "Could not convert string 'x' to INT32"),
            ("select 1 +", "syntax error"),
        ],
    )
    def test_an_error_is_one_line(self, ask: Command, sql: str, words: str) -> None:
        said = ask(sql)
        assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
        assert re.search(words, said.err), said.err

    def test_parquet_wants_a_file(self, ask: Command) -> None:
        ask("select 1", "--format", "parquet").require_sentence(2, "name a file with --output")

    @pytest.mark.parametrize(
        "format_",
        ["csv", "json", "table", "parquet"],
    )
    def test_an_output_in_no_folder(self, ask: Command, tmp_path: Path, format_: str) -> None:
        file = tmp_path / "gone" / "file"
        said = ask("select 1", "--format", format_, "--output", file)
        said.require_sentence(2, f"{file} cannot be written: .*No such file|{file}.*folder")
        assert "None" not in said.err

    @pytest.mark.parametrize("format_", ["csv", "json", "table", "parquet"])
    def test_an_output_that_is_a_folder(self, ask: Command, tmp_path: Path, format_: str) -> None:
        said = ask("select 1", "--format", format_, "--output", tmp_path)
        said.require_sentence(2, "cannot be written: .*Is a directory")

    @pytest.mark.parametrize("text", ["[bold]loud", "[/x] closed", "[link=http://x]y[/link]"])
    def test_brackets_are_text(self, ask: Command, text: str) -> None:
        said = ask(f"select '{text}' as word")
        assert said.code == 0
        assert text in said.out

    def test_control_characters_do_not_reach_the_screen(self, ask: Command) -> None:
        said = ask("select 'a' || chr(27) || '[31mred' || chr(7) as word")
        assert not re.search("[\x07\x1b]", said.out)

    @pytest.mark.parametrize(
        "sql",
        [
            "select unnest([1, null]) as n",
            "select unnest([9007199254740993, null]) as n",
            "select sum(n) as n from (values (1), (2)) as v (n)",
        ],
    )
    def test_whole_numbers_stay_whole(self, ask: Command, sql: str) -> None:
        first = ask(sql, "--format", "csv").out.splitlines()[1]
        assert first.isdigit()
        assert first != "9007199254740992"

    def test_a_sum_is_a_number_in_json(self, ask: Command) -> None:
        sums = "select sum(n) as n, 1.5::decimal(4, 2) as x from (values (1), (2)) as v (n)"
        assert json.loads(ask(sums, "--format", "json").out) == [{"n": 3, "x": 1.5}]

    def test_what_json_cannot_write_is_null(self, ask: Command) -> None:
        said = ask("select 'nan'::double as x, ['inf'::double, 1] as xs", "--format", "json")
        assert json.loads(said.out, parse_constant=pytest.fail) == [{"x": None, "xs": [None, 1]}]

    def test_csv_quotes_what_needs_it(self, ask: Command) -> None:
        row = "select 'a' as a, 'b\"c' as \"b,c\", [1, 2] as d, true as e, null as f"
        said = ask(row, "--format", "csv")
        assert said.out == 'a,"b,c",d,e,f\na,"b""c","[1, 2]",true,\n'

    def test_a_date_is_a_date_in_json(self, ask: Command) -> None:
        rows = json.loads(ask("select date '2026-01-07' as day", "--format", "json").out)
        assert rows == [{"day": "2026-01-07"}]

    def test_a_wide_table_can_be_read_in_a_pipe(self, ask: Command) -> None:
        columns = ", ".join(f"'value {n}' as column_{n}" for n in range(25))
        said = ask(f"select {columns}")
        assert "column_24" in said.out
        assert "value 24" in said.out

    def test_a_closed_pipe_is_no_error(self, published: Path) -> None:
        query = start(
            "query", "select * from range(500000)", "--format", "csv", "--home", published
        )
        assert query.stdout is not None
        query.stdout.readline()
        query.stdout.close()
        assert query.stderr is not None
        assert query.stderr.read() == ""
        query.wait(timeout=20)


class TestStatus:
    def test_an_old_publication_is_stale(self, rotation: Command, published: Path) -> None:
        said = rotation("status", "--home", published)
        assert said.code == 1
        assert re.fullmatch(rf"Stale: {DAY} is published, [\d-]+ is the newest .*\.\n", said.err)
        assert re.search(rf"raw\.quote +50 +{DAY}", said.out)

    def test_a_failed_run_is_told(self, rotation: Command, published: Path, tmp_path: Path) -> None:
        home = tmp_path / "home"
        shutil.copytree(published, home, symlinks=True)
        (record,) = (home / "runs").iterdir()
        failed = json.loads(record.read_text()) | {
            "run_id": "29991231T000000.000000Z-0000",
            "status": "failed",
            "message": "The vendor is down.",
        }
        (home / "runs" / f"{failed['run_id']}.json").write_text(json.dumps(failed))
        said = rotation("status", "--home", home)
        assert (said.code, said.err) == (1, "The last run failed: The vendor is down.\n")

    def test_a_damaged_record_is_passed_over(
        self, rotation: Command, published: Path, tmp_path: Path
    ) -> None:
        home = tmp_path / "home"
        shutil.copytree(published, home, symlinks=True)
        (home / "runs" / "z.json").write_text('{"status": "fai')
        assert "Stale" in rotation("status", "--home", home).err

    def test_a_record_that_lacks_something_is_passed_over(
        self, rotation: Command, published: Path, tmp_path: Path
    ) -> None:
        home = tmp_path / "home"
        shutil.copytree(published, home, symlinks=True)
        (home / "runs" / "z.json").write_text('{"run_id": "z"}')
        assert "Stale" in rotation("status", "--home", home).err

    def test_a_message_with_brackets(
        self, rotation: Command, published: Path, tmp_path: Path
    ) -> None:
        home = tmp_path / "home"
        shutil.copytree(published, home, symlinks=True)
        (record,) = (home / "runs").iterdir()
        record.write_text(record.read_text().replace("is published.", "is [/published]."))
        assert "[/published]" in rotation("status", "--home", home).out


class TestCheck:
    def test_a_sound_publication(self, rotation: Command, published: Path) -> None:
        said = rotation("check", "--home", published)
        assert (said.code, said.err) == (0, "")
        assert "rotation.streak" in said.out
        assert "critical" not in said.out

    def test_a_broken_publication(self, rotation: Command, published: Path, tmp_path: Path) -> None:
        home = tmp_path / "home"
        shutil.copytree(published, home, symlinks=True)
        file = home / "current" / "warehouse.duckdb"
        file.chmod(0o644)
        with duckdb.connect(file) as con:
            con.execute("update core.quote set close = -1 where symbol = 'IWM'")
        said = rotation("check", "--home", home)
        assert said.code == 1
        assert re.match(r"\d+ critical checks? failed: .*core\.quote\.close", said.err)
        assert said.err.count("\n") == 1


def test_a_stop_inside_duckdb_is_a_stop() -> None:
    # given Ctrl-C while DuckDB runs Python, as it does to scan a frame
    def interrupted(_: int) -> int:
        raise KeyboardInterrupt

    with duckdb.connect() as con:
        con.create_function("interrupted", interrupted, ["integer"], "integer")
        with pytest.raises(duckdb.Error) as error:
            con.execute("select interrupted(1)").fetchall()
    assert is_stop(error.value)


def wait_for(happened: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_run_is_held_stopped_and_run_again(tmp_path: Path) -> None:
    """One home, one after another: two at once, SIGTERM, a rerun, the same night again."""
    home = Place(tmp_path / "home")
    nightly = ("nightly", "--source", "demo:60x1", "--session", "2026-01-27", "--home", home.home)

    # given a run that holds the home
    first = start(*nightly)
    wait_for(lambda: home.lock.exists() and home.lock.read_text() != "")
    holder = json.loads(home.lock.read_text())

    # when a second starts
    second = start(*nightly)
    out, err = second.communicate(timeout=60)

    # then it is told who was first
    assert (second.returncode, out) == (3, "")
    who = f"Run {holder['run_id']} (process {first.pid})"
    assert err == f"{who} holds {home.home}: wait until it has ended.\n"

    # when the first is told to stop, and another one by Ctrl-C
    for way, line in ((signal.SIGTERM, "land "), (signal.SIGINT, "build ")):
        run = first if way == signal.SIGTERM else start(*nightly)
        assert run.stderr is not None
        while line not in run.stderr.readline():
            assert run.poll() is None
        run.send_signal(way)
        out, err = run.communicate(timeout=60)

        # then nothing is published
        assert (run.returncode, out) == (1, "")
        assert err.splitlines()[-1] == (
            "Stopped before the end: `rotation status` says what is published."
        )
        assert not re.search("Traceback|Warning|Error", err)
        assert not home.current.exists()
        assert servers(home.home) == []

    # and the records say so
    stopped = read_records(home)
    assert stopped[0]["run_id"] == holder["run_id"]
    assert {record["status"] for record in stopped} == {"failed"}
    assert {record["message"] for record in stopped} == {"The run was stopped before it ended."}

    # when it runs again
    again = start(*nightly)
    out, err = again.communicate(timeout=120)

    # then it publishes, and says nothing but its own lines
    assert (again.returncode, out) == (0, "Session 2026-01-27 is published.\n")
    steps = {line.split()[0] for line in err.splitlines()}
    assert steps == {"ingest", "land", "build", "check", "publish"}
    assert home.current.exists()

    # and the same night once more is nothing to do
    once_more = start(*nightly)
    out, err = once_more.communicate(timeout=60)
    assert (once_more.returncode, err) == (0, "")
    assert out.startswith("Session 2026-01-27 is already published")


class TestNames:
    """What a name means, and the nearest right one of a wrong name."""

    def test_a_command(self, rotation: Command) -> None:
        rotation("nigthly").require_sentence(2, "Did you mean 'nightly'")

    def test_a_table(self, rotation: Command) -> None:
        rotation("explain", "strek").require_sentence(2, "the nearest is streak")

    def test_a_table_is_explained_without_a_home(self, rotation: Command) -> None:
        said = rotation("explain", "streak")
        assert (said.code, said.err) == (0, "")
        assert said.out.startswith("rotation.streak\n")
