"""Which night a command asks for, settled with nothing changed on disk."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest

from flows.plan import NothingToDo, UsageError, plan_backfill, plan_night, plan_rebuild
from flows.sources import SourceError, open_source
from flows.sources.demo import Demo
from flows.sources.files import Files
from warehouse import calendar
from warehouse.place import Place, PlaceError
from warehouse.run import Run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Quotes of the 26th and 27th of January 2026."""
    quotes = tmp_path / "source" / "quotes"
    quotes.mkdir(parents=True)
    (quotes / "a.csv").write_text("symbol,session,close\nIWM,2026-01-26,1\nIWM,2026-01-27,2\n")
    return quotes.parent


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A home that does not exist, before the test and after."""
    place = Place(tmp_path / "new" / "home")
    yield place
    assert not (tmp_path / "new").exists()


def published(home: Path, session: str, is_simulated: bool = False) -> Place:
    place = Place(home)
    folder = place.published / "run-1"
    folder.mkdir(parents=True)
    night = datetime.fromisoformat(f"{session} 22:30")
    run = Run("nightly", "files", date.fromisoformat(session), night, is_simulated, run_id="run-1")
    run.finish("published", f"Session {session} is published.")
    run.write(folder / "run.json")
    place.current.symlink_to("published/run-1")
    return place


class TestNight:
    def test_a_session_is_run_as_its_night_was(self, folder: Path, place: Place) -> None:
        plan = plan_night(Files(folder), date(2026, 1, 26), place)
        assert plan.run.session == date(2026, 1, 26)
        assert plan.run.known_by == datetime(2026, 1, 26, 22, 30)
        assert (plan.run.flow, plan.run.source, plan.run.is_simulated) == (
            "nightly",
            "files",
            False,
        )

    def test_without_a_session_it_is_the_newest_of_the_source_as_known_now(
        self, folder: Path, place: Place
    ) -> None:
        plan = plan_night(Files(folder), None, place)
        assert plan.run.session == date(2026, 1, 27)
        assert abs((plan.run.known_by - calendar.now()).total_seconds()) < 60

    def test_a_stray_row_on_a_saturday_does_not_move_the_night(
        self, folder: Path, place: Place
    ) -> None:
        with (folder / "quotes" / "a.csv").open("a") as file:
            file.write("XYZ,2026-01-31,2\n")
        assert plan_night(Files(folder), None, place).run.session == date(2026, 1, 27)

    def test_the_demo_market_is_simulated(self, place: Place) -> None:
        assert plan_night(Demo(60, 1), date(2026, 1, 26), place).run.is_simulated

    @pytest.mark.parametrize("day", ["2026-01-24", "2026-01-19"])
    def test_a_day_without_trading_is_nothing_to_do(
        self, folder: Path, place: Place, day: str
    ) -> None:
        with pytest.raises(NothingToDo, match=f"{day} is not a session"):
            plan_night(Files(folder), date.fromisoformat(day), place)

    def test_the_future_is_wrong_usage(self, folder: Path, place: Place) -> None:
        for day in (date(2100, 1, 4), calendar.now().date()):
            if day > calendar.newest_completed_session(calendar.now()):
                with pytest.raises(UsageError, match=f"{day} lies in the future"):
                    plan_night(Files(folder), day, place)

    def test_a_source_that_fails_its_check_fails_the_plan(
        self, tmp_path: Path, place: Place
    ) -> None:
        with pytest.raises(SourceError, match="no Parquet or CSV file"):
            plan_night(Files(tmp_path), None, place)

    def test_quotes_older_than_the_calendar_are_said_to_be_so(
        self, folder: Path, place: Place
    ) -> None:
        (folder / "quotes" / "a.csv").write_text("symbol,session,close\nIWM,1980-01-03,1\n")
        with pytest.raises(SourceError, match="has no quotes since 1990-01-01"):
            plan_night(Files(folder), None, place)

    def test_what_is_published_is_not_done_again(self, folder: Path, tmp_path: Path) -> None:
        place = published(tmp_path / "home", "2026-01-26")
        with pytest.raises(NothingToDo, match=r"2026-01-26 is already published \(run run-1\)"):
            plan_night(Files(folder), date(2026, 1, 26), place)
        assert plan_night(Files(folder), date(2026, 1, 27), place).run.session == date(2026, 1, 27)

    def test_an_earlier_session_is_left_to_the_macros(self, folder: Path, tmp_path: Path) -> None:
        place = published(tmp_path / "home", "2026-01-27")
        with pytest.raises(NothingToDo, match="A later session, 2026-01-27, is already published"):
            plan_night(Files(folder), date(2026, 1, 26), place)

    @pytest.mark.parametrize("was_simulated", [True, False])
    def test_a_simulated_market_and_a_real_one_do_not_mix(
        self, folder: Path, tmp_path: Path, was_simulated: bool
    ) -> None:
        place = published(tmp_path / "home", "2026-01-05", was_simulated)
        source = Files(folder) if was_simulated else Demo(60, 1)
        held = "a SIMULATED market" if was_simulated else "real data"
        with pytest.raises(UsageError, match=f"holds {held}"):
            plan_night(source, date(2026, 1, 26), place)


class TestPlace:
    def test_a_home_below_a_file_is_refused(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        for home in (tmp_path / "file", tmp_path / "file" / "below" / "it"):
            with pytest.raises(PlaceError, match="is not a folder"):
                plan_night(Files(folder), None, Place(home))

    def test_a_home_in_a_file_system_that_makes_no_folders(self) -> None:
        # root may write there by its mode, so making it is what fails
        with pytest.raises(PlaceError, match="cannot be written"):
            Place(Path("/proc/rotation")).make()

    def test_a_home_whose_name_is_too_long(self, folder: Path, tmp_path: Path) -> None:
        with pytest.raises(PlaceError):
            plan_night(Files(folder), None, Place(tmp_path / ("x" * 300)))


class TestBackfill:
    def test_a_range_publishes_its_newest_session(self, folder: Path, place: Place) -> None:
        plan = plan_backfill(Files(folder), date(2026, 1, 1), date(2026, 1, 27), place)
        assert (plan.run.flow, plan.run.session) == ("backfill", date(2026, 1, 27))

    def test_what_is_published_keeps_its_session(self, folder: Path, tmp_path: Path) -> None:
        place = published(tmp_path / "home", "2026-02-03")
        plan = plan_backfill(Files(folder), date(2026, 1, 1), date(2026, 1, 27), place)
        assert plan.run.session == date(2026, 2, 3)

    @pytest.mark.parametrize(
        ("start", "end", "words"),
        [
            ("2026-01-27", "2026-01-26", "ends on 2026-01-26, before it starts on 2026-01-27"),
            ("2100-01-01", "2100-02-01", "2100-01-01 lies in the future"),
        ],
    )
    def test_a_range_that_makes_no_sense(
        self, folder: Path, place: Place, start: str, end: str, words: str
    ) -> None:
        with pytest.raises(UsageError, match=words):
            plan_backfill(Files(folder), date.fromisoformat(start), date.fromisoformat(end), place)

    def test_the_markets_do_not_mix(self, folder: Path, tmp_path: Path) -> None:
        place = published(tmp_path / "home", "2026-01-05", is_simulated=True)
        with pytest.raises(UsageError, match="holds a SIMULATED market"):
            plan_backfill(Files(folder), date(2026, 1, 1), date(2026, 1, 27), place)


class TestRebuild:
    def test_it_keeps_source_and_session(self, tmp_path: Path) -> None:
        run = plan_rebuild(published(tmp_path, "2026-01-05", is_simulated=True))
        assert (run.flow, run.session, run.is_simulated) == ("rebuild", date(2026, 1, 5), True)

    def test_nothing_published_is_nothing_to_rebuild(self, place: Place) -> None:
        with pytest.raises(UsageError, match="Nothing is published"):
            plan_rebuild(place)


def test_a_span_that_nobody_can_read_names_no_source(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is no folder"):
        open_source(str(tmp_path / "gone"))


def test_a_span_reads_every_date_that_landing_reads() -> None:
    from flows.steps import Batch

    # given three spellings of days that landing takes, one of them outside the span
    cells = ["2026-01-26", "2026-01-27 00:00:00", "2025-01-27 00:00:00"]
    batch = Batch(pd.DataFrame({"session": cells}))
    batch.restrict("quote", (date(2026, 1, 1), date(2026, 1, 31)))
    assert batch.take()["session"].tolist() == cells[:2]
