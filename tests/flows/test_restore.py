"""Going back to an earlier publication, and on from there."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest
from night import FIRST, REPOSITORY, SECOND, THIRD, bars, end_at, run_night
from typer.testing import CliRunner, Result

from flows.cli import app
from flows.plan import UsageError, plan_backfill, plan_night, plan_rebuild
from flows.sources.files import Files
from warehouse.connect import WarehouseError, open_build, open_published
from warehouse.lock import hold
from warehouse.place import Place
from warehouse.run import Run, published_record, read_records

TABLES = ["core.session", "core.quote"]
Command = Callable[..., Result]


def night(home: Path, session: date) -> Run:
    return run_night(home, session, {"quote": bars(["IWM", "SPY"], session, 5)}, TABLES)


def rotation(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def newest(place: Place) -> date:
    with open_published(place) as con:
        return con.execute("select max(session) from core.quote").fetchall()[0][0]


@pytest.fixture(scope="module")
def two_nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two publications; copy it before writing."""
    home = tmp_path_factory.mktemp("two")
    night(home, FIRST)
    night(home, SECOND)
    return home


@pytest.fixture
def place(two_nights: Path, tmp_path: Path) -> Place:
    shutil.copytree(two_nights, tmp_path / "home", symlinks=True)
    return Place(tmp_path / "home")


@pytest.fixture
def source(tmp_path: Path) -> Files:
    """A folder with quotes up to the second night."""
    (tmp_path / "source" / "quotes").mkdir(parents=True)
    quotes = bars(["IWM", "SPY"], SECOND, 5)
    quotes.to_parquet(tmp_path / "source" / "quotes" / "q.parquet", index=False)
    return Files(tmp_path / "source")


class TestRestore:
    def test_readers_see_the_earlier_session_again(self, place: Place) -> None:
        result = rotation("restore", FIRST, "--home", place.home)
        first = published_record(place)["run_id"]
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout == f"Session {FIRST} is restored (run {first}).\n"
        assert newest(place) == FIRST
        assert place.current.readlink() == Path("published") / first
        assert not list(place.home.glob(".current*"))
        assert place.lock.read_text() == ""

    def test_forth_again_too(self, place: Place) -> None:
        rotation("restore", FIRST, "--home", place.home)
        assert rotation("restore", SECOND, "--home", place.home).exit_code == 0
        assert newest(place) == SECOND

    def test_it_is_on_record_and_no_publication_of_its_own(self, place: Place) -> None:
        rotation("restore", FIRST, "--home", place.home)
        record = read_records(place)[-1]
        assert (record["flow"], record["status"]) == ("restore", "published")
        third = night(place.home, THIRD)
        with open_published(place) as con:
            flows = con.execute("select flow from ops.run order by run_id").fetchall()
            runs = con.execute("select run_id from ops.published order by session").fetchall()
        assert flows == [("nightly",), ("nightly",), ("restore",), ("nightly",)]
        assert len(runs) == 3
        assert runs[-1] == (third.run_id,)
        assert (record["run_id"],) not in runs

    def test_of_several_publications_the_newest_comes_back(self, place: Place) -> None:
        # given a session published twice, then a later one
        again = Run("rebuild", "files", SECOND, read_known_by(place))
        shutil.copytree(place.current, place.published / again.run_id)
        again.write(place.published / again.run_id / "run.json")
        night(place.home, THIRD)
        rotation("restore", SECOND, "--home", place.home)
        assert published_record(place)["run_id"] == again.run_id

    def test_what_readers_see_already_is_nothing_to_do(self, place: Place) -> None:
        before = place.current.readlink()
        result = rotation("restore", SECOND, "--home", place.home)
        assert (result.exit_code, result.stderr) == (0, "")
        assert "Readers already see session" in result.stdout
        assert place.current.readlink() == before
        assert len(read_records(place)) == 2

    def test_another_session_is_told_which_there_are(self, place: Place) -> None:
        result = rotation("restore", THIRD, "--home", place.home)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == (
            f"No publication of {THIRD} is kept in {place.home}: name one of {SECOND}, {FIRST}.\n"
        )

    def test_a_damaged_publication_is_not_gone_back_to(self, place: Place) -> None:
        (first,) = (path for path in place.published.iterdir() if path != place.current.resolve())
        file = first / "warehouse.duckdb"
        file.chmod(0o644)
        os.truncate(file, file.stat().st_size - 300_000)
        result = rotation("restore", FIRST, "--home", place.home)
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"The publication of {FIRST} (run {first.name}) is damaged" in result.stderr
        assert newest(place) == SECOND

    def test_nothing_published(self, tmp_path: Path) -> None:
        result = rotation("restore", FIRST, "--home", tmp_path / "home")
        assert result.exit_code == 2
        assert "run `rotation nightly` first" in result.stderr
        assert not (tmp_path / "home").exists()

    def test_no_date(self, place: Place) -> None:
        result = rotation("restore", "yesterday", "--home", place.home)
        assert result.exit_code == 2
        assert "'yesterday' is not a date" in result.stderr

    def test_a_home_that_a_run_holds(self, place: Place) -> None:
        holder = Run("nightly", "files", THIRD, read_known_by(place))
        with hold(place, holder):
            result = rotation("restore", FIRST, "--home", place.home)
        assert (result.exit_code, result.stdout) == (3, "")
        assert result.stderr.startswith(f"Run {holder.run_id} (process ")
        assert newest(place) == SECOND

    def test_one_that_was_killed_leaves_nothing(self, place: Place) -> None:
        code = (
            "import os, sys, pathlib; from datetime import date\n"
            "from warehouse.place import Place; from warehouse.restore import restore\n"
            "sys.addaudithook(lambda name, what: name == 'os.rename' and os._exit(9))\n"
            "restore(Place(pathlib.Path(sys.argv[1])), date.fromisoformat(sys.argv[2]))"
        )
        killed = subprocess.run(
            [sys.executable, "-c", code, place.home, str(FIRST)], cwd=REPOSITORY, check=False
        )
        assert killed.returncode == 9
        assert newest(place) == SECOND
        night(place.home, THIRD)
        assert not list(place.home.glob(".current*"))
        statuses = [(record["flow"], record["status"]) for record in read_records(place)]
        assert statuses[2:] == [("restore", "failed"), ("nightly", "published")]

    def test_status_lists_what_is_kept(self, place: Place) -> None:
        rotation("restore", FIRST, "--home", place.home)
        lines = rotation("status", "--home", place.home).stdout.splitlines()
        start = next(n for n, line in enumerate(lines) if line.split()[:1] == ["kept"])
        kept = [line.split() for line in lines[start + 1 : start + 3]]
        assert [(row[0], row[-1] == "current") for row in kept] == [
            (str(SECOND), False),
            (str(FIRST), True),
        ]

    def test_it_is_never_pruned_while_readers_see_it(self, place: Place) -> None:
        # given ten newer publications, as after nights that died before their link
        rotation("restore", FIRST, "--home", place.home)
        restored = place.current.resolve()
        for day in range(10, 20):
            (place.published / f"209901{day}T000000.000000Z-0000").mkdir()
        # when a night dies on the way to its own
        assert end_at(place.home, THIRD, "os.symlink", ".current-") == 9
        # then they still see it
        assert restored.exists()
        assert newest(place) == FIRST


class TestOnwards:
    """What comes after a restore: the build file is ahead of what readers see."""

    @pytest.fixture
    def restored(self, place: Place) -> Place:
        rotation("restore", FIRST, "--home", place.home)
        return place

    def test_the_newest_session_is_published_again(self, restored: Place, source: Files) -> None:
        plan = plan_night(source, None, restored)
        assert plan.run.session == SECOND
        night(restored.home, SECOND)
        assert newest(restored) == SECOND
        with open_published(restored) as con:
            assert con.execute("select count(*) from raw.quote").fetchall() == [(12,)]
            days = con.execute("select session from ops.published order by 1").fetchall()
        assert days == [(FIRST,), (SECOND,)]

    def test_a_night_in_between_is_refused(self, place: Place, source: Files) -> None:
        night(place.home, THIRD)
        rotation("restore", FIRST, "--home", place.home)
        with pytest.raises(UsageError, match=f"knows {THIRD} already.*for {SECOND} use"):
            plan_night(source, SECOND, place)

    def test_a_rebuild_is_of_all_that_landed(self, restored: Place) -> None:
        assert plan_rebuild(restored).session == SECOND

    def test_a_backfill_is_too(self, restored: Place, source: Files) -> None:
        assert plan_backfill(source, date(2026, 1, 5), FIRST, restored).run.session == SECOND

    def test_a_lost_build_file_starts_from_the_newest_publication(self, restored: Place) -> None:
        restored.build.unlink()
        with open_build(restored) as con:
            newest_landed = con.execute("select max(session) from raw.quote").fetchall()
        assert newest_landed == [(SECOND,)]


def test_a_log_without_its_build_file_is_not_replayed_into_another(place: Place) -> None:
    # given what is left where somebody moved a build file away and not its log
    code = (
        "import duckdb, os, sys; con = duckdb.connect(sys.argv[1])\n"
        "con.execute('delete from raw.quote'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, place.build], check=False)
    assert place.build.with_suffix(".duckdb.wal").exists()
    place.build.unlink()
    # then it is said, rather than taken for the log of the file that takes its place
    with pytest.raises(WarehouseError, match=r"gone and its build\.duckdb\.wal is not: put"):
        night(place.home, THIRD)
    place.build.with_suffix(".duckdb.wal").unlink()
    night(place.home, THIRD)
    with duckdb.connect(place.build, read_only=True) as con:
        assert con.execute("select count(*) from raw.quote").fetchall() == [(14,)]


def read_known_by(place: Place) -> date:
    return Run.of(json.loads((place.current / "run.json").read_text())).known_by
