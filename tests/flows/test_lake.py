"""The warehouse in a lake: PostgreSQL and an S3 stand-in, both real servers on this machine."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import duckdb
import pytest
from kills import contents, difference
from lakes import SECRETS, Lakes, needs_postgres, set_for
from night import FIRST, REPOSITORY, SECOND, THIRD, bars, build, run_night
from readers import PAUSE_SECONDS, look
from typer.testing import CliRunner, Result

from flows.cli import app
from flows.question import QueryError, only_select, open_for_questions
from flows.sources import DATASETS
from flows.sources.demo import Demo
from warehouse import lake, lake_store
from warehouse.calendar import night_ends
from warehouse.connect import WarehouseError, open_build, open_published
from warehouse.land import land
from warehouse.place import Lake, Place, PlaceError
from warehouse.run import Refused, Run, is_ahead, kept_records, published_record, read_records
from warehouse.writing import writing

TABLES = ["core.session", "core.quote"]

pytestmark = needs_postgres


@pytest.fixture(scope="module")
def first_night(
    lakes: Lakes, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Mapping[str, str], Path]:
    """The settings of a lake with one night, and its home."""
    settings, home = lakes.make(), tmp_path_factory.mktemp("first")
    with pytest.MonkeyPatch.context() as patch:
        set_for(patch, settings)
        night(Place.of(home), FIRST)
    return settings, home


@pytest.fixture
def published(
    first_night: tuple[Mapping[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> Place:
    """That lake, to be read only."""
    settings, home = first_night
    set_for(monkeypatch, settings)
    return Place.of(home)


def night(place: Place, session: date) -> Run:
    return run_night(place.home, session, {"quote": bars(["IWM", "SPY"], session, 5)}, TABLES)


def refused_night(place: Place, session: date) -> None:
    run = Run("nightly", "files", session, night_ends(session))
    with writing(place, run) as con:
        since = land(con, "quote", bars(["IWM", "SPY"], session, 5), run).since
        build(con, {"raw.quote": since}, TABLES)
        con.commit()
        raise Refused("The night is not fit.")


def newest(place: Place) -> date:
    with open_published(place) as con:
        return con.execute("select max(session) from core.quote").fetchall()[0][0]


def quotes(place: Place) -> list[tuple[object, ...]]:
    with open_published(place) as con:
        return con.execute("from core.quote order by all").fetchall()


def rotation(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


class TestPublication:
    def test_it_is_a_snapshot_that_is_recorded(self, place: Place) -> None:
        night(place, FIRST)
        run = night(place, SECOND)
        assert newest(place) == SECOND
        assert published_record(place) == run.record()
        assert [record["session"] for record in kept_records(place)] == [str(SECOND), str(FIRST)]
        with open_build(place) as con:
            recorded = con.execute(
                "select session, run_id, snapshot_id is not null from ops.published order by 1"
            ).fetchall()
        assert recorded[1] == (SECOND, run.run_id, True)
        assert not is_ahead(place)

    def test_its_pages_stay_in_the_home(self, published: Place) -> None:
        run = Run.of(published_record(published))
        assert published.current.readlink() == Path("published") / run.run_id
        assert [path.name for path in published.current.iterdir()] == ["run.json"]
        assert {path.name for path in published.home.iterdir()} == {
            *("current", "prefect", "published", "run.lock", "runs")
        }

    def test_who_reads_the_old_one_keeps_it(self, place: Place) -> None:
        night(place, FIRST)
        with open_published(place) as reader:
            night(place, SECOND)
            assert reader.execute("select max(session) from core.quote").fetchall() == [(FIRST,)]
        assert newest(place) == SECOND

    def test_who_has_no_home_reads_it_too(self, published: Place, tmp_path: Path) -> None:
        result = rotation("query", "select max(session) from core.quote", "--home", tmp_path / "x")
        assert (result.exit_code, str(FIRST) in result.stdout) == (0, True)
        assert not (tmp_path / "x").exists()

    def test_comments_views_and_macros_are_there(self, published: Place) -> None:
        with open_published(published) as con:
            uncommented = con.execute(
                "select table_name from duckdb_columns() where comment is null and not internal"
            ).fetchall()
            assert uncommented == []
            known = con.execute(
                "select max(session) from core.quote_as_of(timestamp '2026-01-06 22:30')"
            ).fetchall()
            assert known == [(date(2026, 1, 6),)]

    def test_the_newest_stay_and_what_they_are_read_from(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lake_store, "KEPT", 2)
        run_ids = [night(place, session).run_id for session in (FIRST, SECOND, THIRD)]
        assert [record["run_id"] for record in kept_records(place)] == run_ids[:0:-1]
        with open_build(place) as con:
            kept = con.execute("select count(*) from ducklake_snapshots('warehouse')").fetchall()
        assert kept == [(3,)]  # two nights, and the commit in which the last was recorded
        result = rotation("restore", SECOND, "--home", place.home)
        assert (result.exit_code, newest(place)) == (0, SECOND)

    def test_files_are_put_together_and_old_nights_stay_as_they_were(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def files(table: str) -> int:
            with open_build(place) as con:
                return con.execute(
                    "select max(file_count + delete_file_count) "
                    "from ducklake_table_info('warehouse') where table_name = $table",
                    {"table": table},
                ).fetchall()[0][0]

        night(place, FIRST)
        before = quotes(place)
        night(place, SECOND)
        assert files("quote") > 1
        monkeypatch.setattr(lake_store, "FILES", 1)
        night(place, THIRD)
        assert files("quote") == 1
        after = quotes(place)
        rotation("restore", FIRST, "--home", place.home)
        assert quotes(place) == before
        rotation("restore", THIRD, "--home", place.home)
        assert quotes(place) == after

    def test_the_tables_are_those_of_a_file(
        self, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        demo = Demo(symbols=60, years=1)
        nights = {
            day: {name: demo.fetch(name, None, day) for name in DATASETS}
            for day in (date(2026, 1, 27), date(2026, 1, 28))
        }
        for day, frames in nights.items():
            run_night(place.home, day, frames)
        monkeypatch.delenv("ROTATION_WAREHOUSE")
        file = Place.of(tmp_path / "file")
        for day, frames in nights.items():
            run_night(file.home, day, frames)
        assert difference(contents(place), contents(file)) == ""

    def test_the_page_tells_how_a_client_attaches(self, published: Place) -> None:
        page = (REPOSITORY / "docs" / "lake.md").read_text(encoding="utf-8")
        script = page.split("```sql\n")[1].split("```")[0]
        assert published.lake
        attaching = script[script.index("attach ") : script.index("from rotation.today")]
        attaching = attaching.replace("postgres:dbname=rotation", published.lake.catalog)
        with lake.connected(published.lake, published.home) as con:
            con.execute(attaching)
            assert con.execute("select max(session) from core.quote").fetchall() == [(FIRST,)]


class TestEnds:
    def test_a_refused_night_is_not_seen_and_the_next_goes_on(self, place: Place) -> None:
        night(place, FIRST)
        with pytest.raises(Refused):
            refused_night(place, SECOND)
        assert newest(place) == FIRST
        assert read_records(place)[-1]["status"] == "refused"
        assert is_ahead(place)
        night(place, THIRD)
        assert newest(place) == THIRD
        with open_published(place) as con:
            runs = con.execute("select status from ops.run order by run_id").fetchall()
            days = con.execute("select session from ops.published order by 1").fetchall()
        assert runs == [("published",), ("refused",), ("published",)]
        assert days == [(FIRST,), (THIRD,)]

    @pytest.mark.parametrize(
        ("at", "seen"),
        [
            ("warehouse.publish.load_records", FIRST),
            ("warehouse.lake_store._record", FIRST),
            ("warehouse.lake_store.point_current", SECOND),
        ],
    )
    def test_a_killed_night_is_seen_whole_or_not(self, place: Place, at: str, seen: date) -> None:
        night(place, FIRST)
        kill_at(place.home, SECOND, at)
        assert newest(place) == seen
        run = night(place, THIRD)
        assert newest(place) == THIRD
        assert place.current.readlink().name == run.run_id
        statuses = [record["status"] for record in read_records(place)]
        ended = "published" if seen == SECOND else "failed"
        assert statuses == ["published", ended, "published"]
        with open_published(place) as con:
            runs = con.execute("select status from ops.run order by run_id").fetchall()
            days = con.execute("select session from ops.published order by 1").fetchall()
        assert [status for (status,) in runs] == statuses
        assert days == [(day,) for day in (FIRST, *([SECOND] if seen == SECOND else []), THIRD)]

    def test_a_killed_rebuild_leaves_the_publication_of_its_session(self, place: Place) -> None:
        run = night(place, FIRST)
        kill_at(place.home, FIRST, "warehouse.lake_store._record")
        assert published_record(place) == run.record()
        assert place.current.readlink().name == run.run_id
        again = night(place, FIRST)
        assert published_record(place) == again.record()
        assert place.current.readlink().name == again.run_id
        statuses = [record["status"] for record in read_records(place)]
        assert statuses == ["published", "failed", "published"]

    def test_a_run_of_another_home_waits_outside(self, place: Place, tmp_path: Path) -> None:
        night(place, FIRST)
        run = Run("nightly", "files", SECOND, night_ends(SECOND))
        with writing(place, run):
            result = rotation("restore", FIRST, "--home", tmp_path / "other")
        assert result.exit_code == 3
        assert result.stderr.startswith("A run of another home holds the lake postgres:host=")
        run = Run("nightly", "files", SECOND, night_ends(SECOND))
        with writing(place, run) as con:  # it went with the connection
            con.rollback()


def kill_at(home: Path, session: date, function: str) -> None:
    """Run a night in a process that dies as it is about to call a function."""
    module, _, name = function.rpartition(".")
    script = (
        "import os, sys; from datetime import date; from pathlib import Path\n"
        f"import {module} as module; from night import bars, run_night\n"
        f"module.{name} = lambda *_: os._exit(9)\n"
        "home, day = Path(sys.argv[1]), date.fromisoformat(sys.argv[2])\n"
        "frames = {'quote': bars(['IWM', 'SPY'], day, 5)}\n"
        "run_night(home, day, frames, ['core.session', 'core.quote'])\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(home), str(session)],
        cwd=REPOSITORY / "tests",
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        check=False,
    )
    assert ended.returncode == 9


class TestRestore:
    def test_there_and_forth_and_on(self, place: Place) -> None:
        first, _ = night(place, FIRST), night(place, SECOND)
        result = rotation("restore", FIRST, "--home", place.home)
        assert result.stdout == f"Session {FIRST} is restored (run {first.run_id}).\n"
        assert newest(place) == FIRST
        assert place.current.readlink().name == first.run_id
        assert rotation("restore", SECOND, "--home", place.home).exit_code == 0
        assert newest(place) == SECOND
        rotation("restore", FIRST, "--home", place.home)
        night(place, THIRD)
        assert newest(place) == THIRD
        with open_published(place) as con:
            landed = con.execute("select count(distinct session) from raw.quote").fetchall()
        assert landed == [(7,)]

    def test_a_session_that_is_not_kept(self, place: Place) -> None:
        night(place, FIRST)
        result = rotation("restore", SECOND, "--home", place.home)
        assert (result.exit_code, f"name one of {FIRST}" in result.stderr) == (2, True)


def test_eight_readers_see_whole_nights_only(place: Place) -> None:
    night(place, FIRST)
    stop, seen, wrong = threading.Event(), [], []

    def read() -> None:
        while not stop.is_set():
            try:
                with open_published(place) as con:
                    con.begin()
                    seen.append(look(con)[2])
                    con.commit()
            except Exception as error:
                wrong.append(error)
            time.sleep(PAUSE_SECONDS)

    readers = [threading.Thread(target=read) for _ in range(8)]
    for reader in readers:
        reader.start()
    night(place, SECOND)
    stop.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert set(seen) <= {FIRST, SECOND}
    assert len(seen) >= 8


class TestQuestions:
    @pytest.fixture
    def con(self, published: Place) -> Iterator[duckdb.DuckDBPyConnection]:
        with open_for_questions(published) as con:
            yield con

    def test_they_reach_the_tables_and_nothing_else(
        self, con: duckdb.DuckDBPyConnection, tmp_path: Path
    ) -> None:
        assert con.execute("select count(*) from core.quote").fetchall() == [(10,)]
        for sql in (
            "from read_csv('/etc/passwd')",
            "from read_text('http://127.0.0.1/x')",
            "from glob('s3://rotation/**')",
            f"copy core.quote to '{tmp_path}/x.csv'",
            f"attach '{tmp_path}/x.duckdb'",
            "attach 'postgres:dbname=postgres' (type postgres)",
            "install spatial",
            "load spatial",
            "insert into core.quote from core.quote",
            "drop table core.quote",
            "set s3_endpoint = 'example.com'",
            "set lock_configuration = false",
        ):
            with pytest.raises(duckdb.Error):
                con.execute(sql).fetchall()
        assert list(tmp_path.glob("x.*")) == []

    @pytest.mark.parametrize(
        "sql",
        [
            "from postgres_query('__ducklake' || '_metadata_warehouse', 'select 1')",
            "from postgres_scan('dbname=postgres', 'public', 'ducklake_snapshot')",
            "from __ducklake_metadata_warehouse.public.ducklake_snapshot",
            "from query_table('__ducklake_metadata_warehouse.public.ducklake_snapshot')",
            "from query_table('__ducklake' || '_metadata_warehouse.public.ducklake_snapshot')",
            "from duckdb_secrets()",
            "from ducklake_expire_snapshots('warehouse', versions => [1])",
            "copy core.quote to 's3://rotation/x.csv'",
        ],
    )
    def test_what_is_not_asked_at_all(self, con: duckdb.DuckDBPyConnection, sql: str) -> None:
        with pytest.raises(QueryError):
            only_select(con, sql)

    def test_no_setting_or_table_shows_a_secret(self, con: duckdb.DuckDBPyConnection) -> None:
        for table in ("duckdb_settings()", "duckdb_databases()", "pragma_database_list"):
            shown = str(con.execute(f"from {table}").fetchall())
            assert not [secret for secret in SECRETS if secret in shown], table


class TestErrors:
    def test_no_catalog(self, published: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        catalog = os.environ["ROTATION_WAREHOUSE"]
        monkeypatch.setenv(
            "ROTATION_WAREHOUSE", catalog.replace("port=", "port=1 connect_timeout=")
        )
        result = rotation("query", "select 1", "--home", published.home)
        assert result.exit_code == 1
        assert result.stderr.startswith("The catalog of the lake cannot be reached (")
        assert "Connection refused" in result.stderr
        assert result.stderr.count("\n") == 1

    def test_a_wrong_password(self, published: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        catalog = os.environ["ROTATION_WAREHOUSE"]
        monkeypatch.setenv("ROTATION_WAREHOUSE", catalog.replace("sesame", "barley"))
        result = rotation("query", "select 1", "--home", published.home)
        assert result.exit_code == 1
        assert "password authentication failed" in result.stderr
        assert "barley" not in result.stderr

    def test_no_bucket(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ROTATION_DATA_PATH", "s3://nowhere/x")
        with pytest.raises(WarehouseError, match=r"^The bucket nowhere of ROTATION_DATA_PATH"):
            night(place, FIRST)
        with pytest.raises(WarehouseError, match=r"^Nothing is published in the lake"):
            newest(Place.of(place.home))

    def test_no_object_store(self, published: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        result = rotation("status", "--home", published.home)
        assert result.exit_code == 1
        assert result.stderr.startswith("The object store of rotation cannot be reached")

    def test_wrong_keys(self, published: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        with refusing_server() as endpoint:
            monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
            result = rotation("status", "--home", published.home)
        assert result.exit_code == 1
        assert result.stderr.startswith("The object store refuses the bucket rotation: mend AWS_")

    def test_other_files(self, published: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ROTATION_DATA_PATH", "s3://rotation/elsewhere")
        result = rotation("status", "--home", published.home)
        assert result.exit_code == 1
        assert result.stderr.endswith(
            "not in s3://rotation/elsewhere/: set ROTATION_DATA_PATH so.\n"
        )

    def test_no_extension(self, published: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
        with pytest.raises(
            WarehouseError, match=r'install it with `pip install "rotation\[lake\]"`'
        ):
            newest(published)

    def test_nothing_says_a_secret(self, place: Place) -> None:
        night(place, FIRST)
        kill_at(place.home, SECOND, "warehouse.lake_store._record")
        night(place, THIRD)
        texts = [path.read_bytes() for path in place.home.rglob("*") if path.is_file()]
        texts.append(repr(place).encode())
        assert not [secret for secret in SECRETS if any(secret.encode() in t for t in texts)]


@contextmanager
def refusing_server() -> Iterator[str]:
    class Refusing(BaseHTTPRequestHandler):
        def refuse(self) -> None:
            self.send_response(403)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD = do_PUT = do_POST = refuse  # noqa: N815 - as the server calls them

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class TestSettings:
    @pytest.mark.parametrize(
        ("catalog", "address", "password"),
        [
            ("host=h password=p dbname=d", "host=h dbname=d", "p"),
            (r"password='a \'b\' \\' dbname=d", "dbname=d", r"a 'b' \\"[:-1]),
            ("dbname=d", "dbname=d", ""),
            (
                "postgresql://u:p%40x@h:5432/d?sslmode=require",
                "postgresql://u@h:5432/d?sslmode=require",
                "p@x",
            ),
            ("postgresql://h/d?password=p&user=u", "postgresql://h/d?user=u", "p"),
            ("", "", ""),
        ],
    )
    def test_the_password_stands_apart(
        self, monkeypatch: pytest.MonkeyPatch, catalog: str, address: str, password: str
    ) -> None:
        monkeypatch.setenv("ROTATION_WAREHOUSE", f"ducklake:postgres:{catalog}")
        monkeypatch.setenv("ROTATION_DATA_PATH", "s3://b/x/")
        named = Lake.of_environment()
        assert named == Lake(f"postgres:{address}", "s3://b/x/", password)
        assert repr(named) == f"Lake(catalog={named.catalog!r}, data_path={named.data_path!r})"

    @pytest.mark.parametrize("named", ["lake.duckdb", "postgres:dbname=x", "ducklake:"])
    def test_what_names_no_lake(self, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
        monkeypatch.setenv("ROTATION_WAREHOUSE", named)
        with pytest.raises(PlaceError, match=r"^ROTATION_WAREHOUSE must name a lake"):
            Lake.of_environment()

    def test_a_lake_without_a_folder(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ROTATION_WAREHOUSE", "ducklake:postgres:dbname=x")
        monkeypatch.delenv("ROTATION_DATA_PATH", raising=False)
        with pytest.raises(PlaceError, match="ROTATION_DATA_PATH does not say"):
            Lake.of_environment()
