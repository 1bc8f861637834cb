"""A full disk, a home that cannot be written, a damaged build file: a sentence, and no harm."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from kills import USUAL, contents, difference
from night import FIRST, SECOND, THIRD, bars, run_night
from typer.testing import CliRunner

from flows.cli import app
from warehouse import calendar
from warehouse.connect import WarehouseError, explained, open_build, open_published
from warehouse.moved import note_moves
from warehouse.place import Place
from warehouse.run import Run, kept_records
from warehouse.yardstick import Yardstick, last_publication

TABLES = ["core.session", "core.quote"]
SYMBOLS = ["IWM", "SPY", *(f"S{number}" for number in range(40))]
MEGABYTE = 2**20


def night(home: Path, session: date, sessions: int = 300) -> Run:
    frame: pd.DataFrame = bars(SYMBOLS, session, sessions)
    return run_night(home, session, {"quote": frame}, TABLES)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk is for root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture(scope="module")
def two_nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home as nights leave it that nothing disturbs."""
    home = tmp_path_factory.mktemp("undisturbed")
    night(home, FIRST)
    night(home, SECOND, 1000)
    return home


@pytest.mark.parametrize("room", [0, 2 * MEGABYTE, 8 * MEGABYTE])
def test_a_full_disk(disk: Path, room: int, two_nights: Path) -> None:
    # given a published night, and room for a part of the next
    place = Place(disk / "home")
    night(place.home, FIRST)
    before = contents(place)
    with (disk / "ballast").open("wb") as ballast:
        ballast.write(b"x" * (shutil.disk_usage(disk).free - room))
    # when that runs
    with pytest.raises(WarehouseError) as refusal:
        night(place.home, SECOND, 1000)
    # then it says so, and readers have what they had
    assert str(refusal.value) == f"The disk of {place.home} is full: make room and run again."
    assert difference(contents(place), before) == ""
    assert {path.name for path in place.home.iterdir()} - {"build.duckdb.wal"} <= USUAL
    assert len(list(place.published.iterdir())) == 1
    # when there is room again
    (disk / "ballast").unlink()
    night(place.home, SECOND, 1000)
    # then all is as on a disk that never was full
    assert difference(contents(place), contents(Place(two_nights))) == ""
    assert {path.name for path in place.home.iterdir()} == USUAL


def test_a_home_that_cannot_be_written_is_still_read(disk: Path, tmp_path: Path) -> None:
    place = Place(disk / "home")
    night(place.home, FIRST)
    bars(SYMBOLS, SECOND, 5).to_parquet(quotes(tmp_path) / "q.parquet", index=False)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    for command in (["nightly", "--source", str(tmp_path)], ["rebuild"], ["restore", str(FIRST)]):
        result = CliRunner().invoke(app, [*command, "--home", str(place.home)])
        assert result.exit_code == 2
        assert "cannot be written: mend its permissions or name another" in result.stderr
    count = ["query", "select count(*) from core.quote", "--format", "csv"]
    result = CliRunner().invoke(app, [*count, "--home", str(place.home)])
    assert (result.exit_code, result.stderr) == (0, "")


def quotes(folder: Path) -> Path:
    (folder / "quotes").mkdir()
    return folder / "quotes"


class TestDamage:
    @pytest.fixture(scope="class")
    @classmethod
    def published(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        home = tmp_path_factory.mktemp("home")
        night(home, FIRST, 5)
        night(home, SECOND, 5)
        return home

    @pytest.mark.parametrize("size", [0, 100_000])
    def test_moving_the_file_away_as_told_loses_nothing(
        self, published: Path, tmp_path: Path, size: int
    ) -> None:
        # given a build file that was cut off
        place = Place(tmp_path / "home")
        shutil.copytree(published, place.home, symlinks=True)
        os.truncate(place.build, size)
        with pytest.raises(WarehouseError, match=r"damaged .* move it away, with build\.duckdb\.w"):
            night(place.home, THIRD, 5)
        # when it is moved away
        place.build.rename(tmp_path / "damaged")
        place.build.with_suffix(".duckdb.wal").unlink(missing_ok=True)
        night(place.home, THIRD, 5)
        # then all that had landed is there
        shutil.copytree(published, tmp_path / "sound", symlinks=True)
        night(tmp_path / "sound", THIRD, 5)
        assert difference(contents(place), contents(Place(tmp_path / "sound"))) == ""

    def test_a_lost_link_does_not_lose_history(self, published: Path, tmp_path: Path) -> None:
        place = Place(tmp_path / "home")
        shutil.copytree(published, place.home, symlinks=True)
        place.build.unlink()
        place.current.unlink()
        night(place.home, THIRD, 5)
        with open_published(place) as con:
            landed = con.execute("select count(distinct run_id) from raw.quote").fetchall()
        assert landed == [(3,)]

    @pytest.fixture
    def cut(self, published: Path, tmp_path: Path) -> Place:
        """A home whose published file somebody cut off."""
        place = Place(tmp_path / "home")
        shutil.copytree(published, place.home, symlinks=True)
        place.warehouse.chmod(0o644)
        os.truncate(place.warehouse, 20_000)
        return place

    def test_a_cut_publication_is_nothing_to_compare_with(
        self, cut: Place, caplog: pytest.LogCaptureFixture
    ) -> None:
        run = Run("nightly", "files", THIRD, calendar.night_ends(THIRD))
        with explained(cut), open_build(cut) as con:
            assert last_publication(cut) == Yardstick()
            assert note_moves(con, cut, run, [], set()) == []
        said = "the last publication is damaged (IO Error: Could not read enough bytes"
        assert [record.message[: len(said)] for record in caplog.records] == [said, said]

    def test_a_lost_build_file_starts_from_the_newest_that_opens(
        self, cut: Place, caplog: pytest.LogCaptureFixture
    ) -> None:
        newest, before = (record["run_id"] for record in kept_records(cut))
        cut.build.unlink()
        with open_build(cut) as con:
            assert con.execute("select max(session) from raw.quote").fetchall() == [(FIRST,)]
        skipped, started = (record.message for record in caplog.records)
        assert newest in skipped
        assert f"starts from publication {before}, without what runs landed since" in started

    def test_history_is_not_begun_anew_where_no_publication_opens(self, cut: Place) -> None:
        for record in kept_records(cut):
            file = cut.published / record["run_id"] / "warehouse.duckdb"
            file.chmod(0o644)
            os.truncate(file, 0)
        cut.build.unlink()
        with pytest.raises(WarehouseError, match=r"no publication in .* can be read: put a copy"):
            night(cut.home, THIRD, 5)
        assert not cut.build.exists()

    def test_readers_of_a_cut_publication_are_told_what_to_do(self, cut: Place) -> None:
        result = CliRunner().invoke(app, ["query", "select 1", "--home", str(cut.home)])
        assert result.exit_code == 1
        assert "warehouse.duckdb is damaged (IO Error" in result.stderr
        assert "`rotation restore SESSION`" in result.stderr

    def test_another_file_s_trouble_is_not_the_build_file_s(self, published: Path) -> None:
        with pytest.raises(duckdb.IOException, match="nothing_here"), explained(Place(published)):
            duckdb.connect("/nothing_here/x.duckdb")

    def test_a_quota_is_a_full_disk(self, published: Path) -> None:
        with pytest.raises(WarehouseError, match="is full"), explained(Place(published)):
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    def test_a_damaged_publication_is_no_obstacle(self, published: Path, tmp_path: Path) -> None:
        # given a published file that somebody cut off, and wrote nonsense beside
        place = Place(tmp_path / "home")
        shutil.copytree(published, place.home, symlinks=True)
        place.warehouse.chmod(0o644)
        os.truncate(place.warehouse, 20_000)
        (place.current / "run.json").chmod(0o644)
        (place.current / "run.json").write_text("{")
        # then readers are told, and the next night publishes a sound one
        query = ["query", "select 1", "--home", str(place.home)]
        assert CliRunner().invoke(app, query).exit_code == 1
        night(place.home, THIRD, 5)
        with duckdb.connect(place.warehouse.resolve(), read_only=True) as con:
            landed = con.execute("select count(distinct run_id) from raw.quote").fetchall()
        assert landed == [(3,)]
