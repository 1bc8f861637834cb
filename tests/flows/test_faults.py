"""A full disk, a home that cannot be written, a damaged build file: a sentence, and no harm."""

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
from warehouse.connect import WarehouseError, open_published
from warehouse.place import Place
from warehouse.run import Run

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
