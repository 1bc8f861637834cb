"""The lock of a run: one at a time, and a dead one is no obstacle."""

import fcntl
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from night import REPOSITORY

from warehouse.lock import HeldError, hold, require_free
from warehouse.place import Place
from warehouse.run import Run, read_records, recorded

HOLDER = """
import sys
from datetime import date, datetime
from pathlib import Path
from warehouse.lock import hold
from warehouse.place import Place
from warehouse.run import Run

run = Run("nightly", "files", date(2026, 1, 7), datetime(2026, 1, 7, 22, 30))
with hold(Place(Path(sys.argv[1])), run):
    print(run.run_id, flush=True)
    input()
"""


def a_run(day: int = 8) -> Run:
    return Run("nightly", "files", date(2026, 1, day), datetime(2026, 1, day, 22, 30))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path / "home")
    place.make()
    return place


@pytest.fixture
def holder(place: Place) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the home until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, place.home],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        text=True,
    ) as process:
        yield process
        process.kill()


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_the_second_is_told_who_holds_it(place: Place, holder: "subprocess.Popen[str]") -> None:
    run_id = first_line(holder)
    sentence = f"Run {run_id} (process {holder.pid}) holds {place.home}: wait until it has ended."
    with pytest.raises(HeldError) as refusal, hold(place, a_run()):
        pass
    assert str(refusal.value) == sentence
    with pytest.raises(HeldError) as refusal:
        require_free(place)
    assert str(refusal.value) == sentence
    # and it leaves the first alone
    assert json.loads(place.lock.read_text())["run_id"] == run_id
    assert read_records(place) == []


def test_an_ended_run_leaves_the_home_free(place: Place, holder: "subprocess.Popen[str]") -> None:
    first_line(holder)
    holder.communicate("\n")
    assert place.lock.read_text() == ""
    require_free(place)
    with hold(place, a_run()):
        pass
    assert read_records(place) == []


def test_a_killed_run_is_no_obstacle_and_recorded(
    place: Place, holder: "subprocess.Popen[str]"
) -> None:
    run_id = first_line(holder)
    holder.kill()
    holder.wait()
    require_free(place)
    with hold(place, a_run()):
        (record,) = read_records(place)
    assert (record["run_id"], record["status"]) == (run_id, "failed")
    assert record["message"] == "The run was killed before it ended."
    assert record["session"] == "2026-01-07"
    assert record["finished_at"]


def test_the_record_of_a_run_that_failed_by_itself_stays(place: Place) -> None:
    # given a run that raised, whose name is left in the lock
    run = a_run(7)
    with pytest.raises(ValueError, match="no\nmore"), hold(place, run), recorded(place, run):
        raise ValueError("no\nmore")
    # when the next one starts
    with hold(place, a_run()):
        pass
    # then its record is as it wrote it, in one line
    (record,) = read_records(place)
    assert (record["status"], record["message"]) == ("failed", "no more")


@pytest.mark.parametrize("before", ["", json.dumps({"pid": 2**30, **a_run(7).record()})])
def test_a_holder_that_has_not_yet_said_its_name_is_asked_again(place: Place, before: str) -> None:
    # given a lock that is taken, with nothing or a dead run's name in it
    with place.lock.open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        place.lock.write_text(before)
        name = json.dumps({"pid": os.getpid(), **a_run().record()})
        threading.Timer(0.03, place.lock.write_text, [name]).start()
        with pytest.raises(HeldError, match=rf"\(process {os.getpid()}\)"):
            require_free(place)


def test_it_does_not_wait_for_itself(place: Place) -> None:
    with hold(place, a_run(7)), pytest.raises(HeldError), hold(place, a_run()):
        pass


def test_a_home_without_a_lock_is_free(tmp_path: Path) -> None:
    require_free(Place(tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("words", ['{"pid": 12, "run_', "[]", '{"pid": 12}', "\0\0\0"])
def test_a_lock_that_cannot_be_read_is_no_obstacle(place: Place, words: str) -> None:
    place.lock.write_text(words)
    with hold(place, a_run()):
        pass
