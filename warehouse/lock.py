"""The lock of a run: one at a time in a home, released by the kernel whatever happens to it."""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from warehouse.place import Place
from warehouse.run import Run


class HeldError(Exception):
    """Another run holds the warehouse; the sentence names it."""


@contextmanager
def hold(place: Place, run: Run) -> Iterator[None]:
    """Hold `run.lock` for `run`; raises HeldError where another run has it.

    Under the lock, what a dead run left is swept: half-made publications, and its missing record.
    """
    with place.lock.open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _held(place) from None
        with place.store.alone():
            _sweep(place, _holder(place))
            lock.truncate(0)
            lock.write(json.dumps({"pid": os.getpid(), **run.record()}))
            lock.flush()
            try:
                yield
            except BaseException:
                _clear_away(place, run)
                raise
            lock.truncate(0)


def require_free(place: Place) -> None:
    """Raise HeldError where another run holds the home; says it early, before much is started."""
    if not place.lock.exists():
        return
    with place.lock.open(encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _held(place) from None


def _held(place: Place) -> HeldError:
    holder = _holder(place)
    if not _is_alive(holder):  # the run that took the lock has not yet written its name
        time.sleep(0.1)
        holder = _holder(place)
    return HeldError(
        f"Run {holder.get('run_id', 'unknown')} (process {holder.get('pid', 'unknown')}) "
        f"holds {place.home}: wait until it has ended."
    )


def _holder(place: Place) -> dict[str, Any]:
    """What the lock says of the run that took it; empty where it ended well or cannot be read."""
    try:
        holder = json.loads(place.lock.read_text(encoding="utf-8"))
        return {**Run.of(holder).record(), "pid": holder.get("pid", "unknown")}
    except (ValueError, RecursionError):
        return {}


def _is_alive(holder: dict[str, Any]) -> bool:
    return Path(f"/proc/{holder.get('pid')}").exists()


def _clear_away(place: Place, run: Run) -> None:
    """Remove what a run that failed was at, and write its record where there was no room for it."""
    _sweep_leftovers(place)
    if not place.store.has_published(run.run_id):
        shutil.rmtree(place.published / run.run_id, ignore_errors=True)
    record = place.runs / f"{run.run_id}.json"
    if run.finished_at and not record.exists():
        with suppress(OSError):  # still none: the next run will say that this one ended
            run.write(record)


def _sweep(place: Place, dead: dict[str, Any]) -> None:
    """Remove a dead run's leftovers, and write the record that it could not."""
    _sweep_leftovers(place)
    record = place.runs / f"{dead.get('run_id')}.json"
    if not dead or record.exists():
        return
    published = place.published / str(dead["run_id"]) / "run.json"
    if published.exists() and place.store.has_published(str(dead["run_id"])):
        shutil.copyfile(published, record)
        return
    if published.exists():
        shutil.rmtree(published.parent)
    run = Run.of(dead)
    run.finish("failed", "The run was killed before it ended.")
    run.write(record)


def _sweep_leftovers(place: Place) -> None:
    """Remove what only a run that has ended was at."""
    spill = [place.spill] if place.spill.exists() else []
    for partial in (*place.published.glob(".*"), *place.home.glob(".current-*"), *spill):
        if partial.is_dir() and not partial.is_symlink():
            shutil.rmtree(partial)
        else:
            partial.unlink()
    for partial in place.runs.glob("*.partial"):
        partial.unlink()
