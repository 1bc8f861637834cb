"""Publishing: the old or the new, never a mix, whatever dies when."""

import json
import shutil
import stat
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest
from night import FIRST, SECOND, THIRD, bars, end_at, run_night

from warehouse.calendar import night_ends
from warehouse.connect import WarehouseError, open_build, open_published
from warehouse.place import Place, PlaceError
from warehouse.run import Run, is_ahead, published_record, read_records
from warehouse.writing import writing

TABLES = ["core.session", "core.quote"]


def night(home: Path, session: date, symbols: tuple[str, ...] = ("IWM", "SPY")) -> Run:
    return run_night(home, session, {"quote": bars(symbols, session, 5)}, TABLES)


def newest(place: Place) -> date:
    """The newest session that a reader sees."""
    with open_published(place) as con:
        return con.execute("select max(session) from core.quote").fetchall()[0][0]


def files(home: Path) -> set[str]:
    """What stands in a home, runs and publications aside."""
    inside = {path.name for path in home.iterdir()}
    return inside | {f"published/{p.name}" for p in (home / "published").glob(".*")}


USUAL = {"build.duckdb", "current", "prefect", "published", "run.lock", "runs"}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose first night is published; copy it before writing."""
    home = tmp_path_factory.mktemp("first")
    night(home, FIRST)
    return home


@pytest.fixture
def place(first: Path, tmp_path: Path) -> Place:
    shutil.copytree(first, tmp_path / "home", symlinks=True)
    return Place(tmp_path / "home")


class TestPublication:
    def test_it_is_whole_read_only_and_linked(self, place: Place) -> None:
        run = night(place.home, SECOND)
        assert place.current.is_symlink()
        assert place.current.readlink() == Path("published") / run.run_id
        assert stat.S_IMODE(place.warehouse.stat().st_mode) == 0o444
        inside = {path.name for path in place.current.iterdir()}
        assert inside == {"warehouse.duckdb", "run.json", "export"}
        assert published_record(place)["session"] == str(SECOND)
        assert newest(place) == SECOND
        assert files(place.home) == USUAL

    def test_the_record_and_the_table_of_runs_tell_it(self, place: Place) -> None:
        run = night(place.home, SECOND)
        record = json.loads((place.runs / f"{run.run_id}.json").read_text())
        assert (record["status"], record["session"]) == ("published", str(SECOND))
        assert record["rows_landed"] == 2
        with open_published(place) as con:
            runs = con.execute("select session, status from ops.run order by run_id").fetchall()
            assert runs == [(FIRST, "published"), (SECOND, "published")]
            days = con.execute("select session, run_id from ops.published order by 1").fetchall()
            assert days[-1] == (SECOND, run.run_id)

    def test_who_reads_the_old_one_keeps_it(self, place: Place) -> None:
        with open_published(place) as reader:
            night(place.home, SECOND)
            assert reader.execute("select max(session) from core.quote").fetchall() == [(FIRST,)]
        assert newest(place) == SECOND

    def test_readers_of_duckdb_1_0_can_open_it(self, place: Place) -> None:
        for path in (place.warehouse, place.build):
            # the version of the storage format follows the magic bytes
            assert path.read_bytes()[8:13] == b"DUCK@"

    def test_ten_stay(self, place: Place) -> None:
        for day in range(10, 30):
            (place.published / f"202501{day}T000000.000000Z-0000").mkdir()
        kept = night(place.home, SECOND).run_id
        left = sorted(path.name for path in place.published.iterdir())
        assert len(left) == 10
        assert left[-1] == kept
        assert newest(place) == SECOND

    def test_what_else_lies_beside_the_publications_is_left_alone(self, place: Place) -> None:
        (place.published / "0 mine").mkdir()
        (place.published / "notes.txt").write_text("mine")
        for day in range(10, 20):
            (place.published / f"202501{day}T000000.000000Z-0000").mkdir()
        night(place.home, SECOND)
        assert (place.published / "0 mine").is_dir()
        assert (place.published / "notes.txt").read_text() == "mine"

    def test_a_home_of_another_name_and_place_still_opens(
        self, place: Place, tmp_path: Path
    ) -> None:
        moved = place.home.rename(tmp_path / "moved away")
        assert newest(Place(moved)) == FIRST
        night(moved, SECOND)
        assert newest(Place(moved)) == SECOND


class TestCompaction:
    def waste(self, place: Place) -> int:
        """Leave most of the build file's blocks free; gives its size."""
        with duckdb.connect(place.build) as con:
            con.execute("create table core.waste as select random() as x from range(2_000_000)")
            con.execute("checkpoint")
            con.execute("drop table core.waste")
            con.execute("create or replace view core.iwm as from core.quote where symbol = 'IWM'")
            con.execute("checkpoint")
        return place.build.stat().st_size

    def test_it_keeps_comments_macros_and_views(self, place: Place) -> None:
        size = self.waste(place)
        night(place.home, SECOND)
        assert place.build.stat().st_size < size / 2
        assert files(place.home) == USUAL
        with open_published(place) as con:
            for objects in ("tables", "columns"):
                without = con.execute(
                    f"select count(*) from duckdb_{objects}() where comment is null"
                    " and not internal and table_name <> 'iwm'"
                ).fetchall()
                assert without == [(0,)], objects
            assert con.execute("select count(*) from core.iwm").fetchall() == [(6,)]
            macro = "select max(session) from core.quote_as_of('2026-01-07 22:30')"
            assert con.execute(macro).fetchall() == [(FIRST,)]

    def test_the_next_night_goes_on_from_it(self, place: Place) -> None:
        self.waste(place)
        night(place.home, SECOND)
        night(place.home, THIRD)
        assert newest(place) == THIRD

    def test_a_quote_in_the_path(self, place: Place, tmp_path: Path) -> None:
        moved = Place(place.home.rename(tmp_path / "it's mine"))
        self.waste(moved)
        night(moved.home, SECOND)
        assert newest(moved) == SECOND


class TestDeath:
    """A process that dies at some moment; then a plain rerun."""

    @pytest.mark.parametrize(
        ("event", "part"),
        [
            ("open", "transforms/core/quote.sql"),  # landed, not built
            ("shutil.copyfile", "/published/."),  # built and committed
            ("os.rename", "/published/."),  # copied
            ("os.symlink", ".current-"),  # under its own name, not linked
        ],
    )
    def test_before_the_link_is_replaced(self, place: Place, event: str, part: str) -> None:
        # given a run that died
        before = place.current.readlink()
        assert end_at(place.home, SECOND, event, part) == 9
        # then readers see the old publication
        assert place.current.readlink() == before
        assert newest(place) == FIRST
        # when the night runs again
        run = night(place.home, SECOND)
        # then it is as if nothing had been, but for the record of the dead
        assert newest(place) == SECOND
        assert files(place.home) == USUAL
        assert len(list(place.published.iterdir())) == 2
        records = read_records(place)
        assert [record["status"] for record in records] == ["published", "failed", "published"]
        assert records[1]["message"] == "The run was killed before it ended."
        with open_published(place) as con:
            assert con.execute("select count(*) from raw.quote").fetchall() == [(12,)]
            runs = con.execute("select run_id, status from ops.run order by 1").fetchall()
            assert runs[1][1] == "failed"
            assert runs[2] == (run.run_id, "published")

    @pytest.mark.parametrize(
        ("event", "part"),
        [
            ("os.listdir", "/published"),  # linked, old publications not yet removed
            ("os.rename", "/runs/"),  # all done but the record
        ],
    )
    def test_after_the_link_is_replaced(self, place: Place, event: str, part: str) -> None:
        assert end_at(place.home, SECOND, event, part) == 9
        assert newest(place) == SECOND
        assert [record["status"] for record in read_records(place)] == ["published"]
        # when the next night runs
        night(place.home, THIRD)
        # then the record of the dead run is there, and says what readers saw
        assert newest(place) == THIRD
        assert files(place.home) == USUAL
        records = read_records(place)
        assert [record["status"] for record in records] == ["published"] * 3
        with open_published(place) as con:
            days = con.execute("select session from ops.published order by 1").fetchall()
            assert days == [(FIRST,), (SECOND,), (THIRD,)]

    def test_leftovers_are_swept(self, place: Place) -> None:
        (place.published / ".half").mkdir()
        (place.published / ".half" / "warehouse.duckdb").write_text("x")
        (place.home / ".current-half").symlink_to("published/half")
        (place.home / ".current-compacted.duckdb").write_text("x")
        (place.runs / "half.partial").write_text("{")
        night(place.home, SECOND)
        assert files(place.home) == USUAL
        assert not list(place.runs.glob("*.partial"))

    def test_an_interruption_after_the_link_was_replaced_is_no_failure(self, place: Place) -> None:
        # given a night that Ctrl-C reaches while it looks for old publications
        assert end_at(place.home, SECOND, "os.listdir", "/published", "interrupted") != 0
        # then readers see it, and its record says so
        assert newest(place) == SECOND
        assert read_records(place)[-1]["status"] == "published"


class TestBuildFile:
    def test_a_missing_one_starts_from_the_newest_publication(self, place: Place) -> None:
        place.build.unlink()
        night(place.home, SECOND)
        with open_published(place) as con:
            assert con.execute("select count(distinct run_id) from raw.quote").fetchall() == [(2,)]

    @pytest.mark.parametrize("size", [0, 5_000, 300_000])
    def test_a_cut_one_is_said_to_be_damaged(self, place: Place, size: int) -> None:
        with place.build.open("r+b") as file:
            file.truncate(size)
        with pytest.raises(WarehouseError, match=r"build\.duckdb is damaged \(.+\): move it"):
            night(place.home, SECOND)
        assert newest(place) == FIRST
        assert read_records(place)[-1]["status"] == "failed"

    def test_one_with_a_damaged_block_is_said_to_be_damaged(self, place: Place) -> None:
        with place.build.open("r+b") as file:
            for block in range(3, place.build.stat().st_size // 262_144):
                file.seek(12_288 + block * 262_144 + 5_000)
                file.write(b"\xff" * 64)
        with pytest.raises(WarehouseError, match="is damaged"):
            night(place.home, SECOND)

    def test_one_that_another_program_has_open_is_not_called_damaged(self, place: Place) -> None:
        code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()"
        with subprocess.Popen(
            [sys.executable, "-c", code, place.build],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as other:
            assert other.stdout is not None
            other.stdout.readline()
            with pytest.raises(WarehouseError) as refusal:
                night(place.home, SECOND)
            other.communicate("\n")
        assert "damaged" not in str(refusal.value)
        assert str(other.pid) in str(refusal.value)

    def test_a_simulated_market_is_not_mixed_into_it(self, place: Place) -> None:
        run = Run("nightly", "demo", SECOND, night_ends(SECOND), is_simulated=True)
        with pytest.raises(PlaceError, match="holds real data"), writing(place, run):
            pass

    def test_a_night_behind_what_it_holds_is_refused(self, place: Place) -> None:
        with pytest.raises(PlaceError, match=f"already holds what was known on {FIRST}"):
            night(place.home, date(2026, 1, 6))


def test_a_record_that_is_no_record_does_not_stop_a_night(place: Place) -> None:
    (place.runs / "0.json").write_text('{"status": ')
    (place.runs / "1.json").write_text("[]")
    # given records of the right form that tell of no run
    (sound,) = read_records(place)
    for number, wrong in enumerate(
        [
            {"session": "yesterday"},
            {"session": 20260107},
            {"started_at": "2026-01-07 22:00:00+00:00"},
            {"finished_at": "soon"},
            {"rows_landed": "many"},
            {"rows_landed": 2**70},
            {"is_simulated": "no"},
            {"message": "\ud800"},
            {"status": None},
            {"run_id": "../../x"},
        ]
    ):
        (place.runs / f"2{number}.json").write_text(json.dumps({**sound, **wrong}))
    (place.runs / "3.json").write_text("[" * 100_000)
    assert read_records(place) == [sound]
    night(place.home, SECOND)
    assert newest(place) == SECOND


def test_runs_that_ended_before_publishing_leave_the_build_file_ahead(place: Place) -> None:
    assert not is_ahead(place)
    assert end_at(place.home, SECOND, "shutil.copyfile", "/published/.") == 9
    run = Run("nightly", "files", SECOND, night_ends(SECOND))
    with writing(place, run):
        assert is_ahead(place)
        assert published_record(place)["session"] == str(FIRST)
    night(place.home, SECOND)
    assert not is_ahead(place)


def changed_since(place: Place) -> date | None:
    """From which session on the catalog says that quotes may differ from the publication before."""
    with open_published(place) as con:
        return con.execute(
            "select changed_since from ops.table_catalog "
            "where schema_name = 'core' and table_name = 'quote'"
        ).fetchall()[0][0]


def test_a_night_tells_how_far_back_it_reached(place: Place) -> None:
    assert changed_since(place) is None
    quotes = bars(["IWM", "SPY"], SECOND, 3)
    quotes.loc[quotes["session"] == FIRST, "close"] += 1
    run_night(place.home, SECOND, {"quote": quotes}, TABLES)
    assert changed_since(place) == FIRST


def test_after_a_night_that_ended_early_nothing_is_sure(place: Place) -> None:
    assert end_at(place.home, SECOND, "shutil.copyfile", "/published/.") == 9
    night(place.home, SECOND)
    assert changed_since(place) is None


def test_a_home_of_an_earlier_version_gets_the_columns_that_came_since(place: Place) -> None:
    with duckdb.connect(place.build) as con:
        con.execute("alter table ops.table_catalog drop column changed_since")
    night(place.home, SECOND)
    assert changed_since(place) == SECOND


def test_nothing_published_is_said(tmp_path: Path) -> None:
    with (
        pytest.raises(WarehouseError, match="Nothing is published in"),
        open_published(Place(tmp_path)),
    ):
        pass


def test_a_build_that_is_not_committed_never_was(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.make()
    with open_build(place) as con:
        con.begin()
        con.execute("insert into raw.rate (series_id) values ('X')")
    with open_build(place) as con:
        assert con.execute("select count(*) from raw.rate").fetchall() == [(0,)]
