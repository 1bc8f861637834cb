"""Which night a command asks for, settled before anything is touched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flows.sources import Bulk, Source, SourceError, Vendor
from warehouse import calendar
from warehouse.lock import require_free
from warehouse.place import Place
from warehouse.run import Run, kept_records, published_record


class UsageError(Exception):
    """What was asked for makes no sense; the sentence says why."""


class NothingToDo(Exception):
    """What was asked for is rightly not done; the sentence says why."""


@dataclass(frozen=True)
class Plan:
    """A run to be, and the source that feeds it."""

    run: Run
    source: Bulk | Vendor


def plan_night(source: Bulk | Vendor, session: date | None, place: Place) -> Plan:
    """Settle session and horizon of a nightly run.

    With a session, nothing known after that night's end counts; without, the newest session that
    the source has and the exchange has completed, and all that is known now. Raises UsageError,
    NothingToDo, SourceError, PlaceError or HeldError, with nothing changed on disk.
    """
    place.require_writable()
    require_free(place)
    now = calendar.now()
    completed = calendar.newest_completed_session(now)
    if session is not None:
        _require_session(session, completed)
    source.check()
    night = session or _newest_session(source, completed)
    known_by = calendar.night_ends(night) if session else now
    published = published_record(place)
    if published:
        _require_same_market(source.is_simulated, published["is_simulated"], place)
        _require_news(night, published["session"], published["run_id"])
        _require_not_behind(night, kept_records(place))
    run = Run("nightly", source.name, night, known_by, source.is_simulated, started_at=now)
    return Plan(run, source)


def plan_backfill(source: Bulk | Vendor, start: date, end: date, place: Place) -> Plan:
    """Settle a load of history; what is published keeps its session unless `end` is newer.

    Raises as `plan_night` does.
    """
    place.require_writable()
    require_free(place)
    now = calendar.now()
    completed = calendar.newest_completed_session(now)
    if start > end:
        raise UsageError(f"The range ends on {end}, before it starts on {start}.")
    if start > completed:
        raise UsageError(
            f"{start} lies in the future: the newest completed session is {completed}."
        )
    source.check()
    session = _newest_session(source, min(end, completed))
    lives_in_the_present = False
    if kept := kept_records(place):
        _require_same_market(source.is_simulated, kept[0]["is_simulated"], place)
        before = Run.of(kept[0])
        session = max(session, before.session)
        lives_in_the_present = before.known_by > calendar.night_ends(before.session)
    # A home that replays the past night by night must not learn here what later nights will.
    known_by = now if lives_in_the_present else min(now, calendar.night_ends(session))
    run = Run("backfill", source.name, session, known_by, source.is_simulated, started_at=now)
    return Plan(run, source)


def plan_rebuild(place: Place) -> Run:
    """Settle a recomputation of all that landed. Raises UsageError where nothing is published."""
    place.require_writable()
    require_free(place)
    kept = kept_records(place)
    if not kept:
        raise UsageError(
            f"Nothing is published in {place.home} yet, so nothing can be rebuilt: "
            "run `rotation nightly` first."
        )
    return Run(
        "rebuild",
        kept[0]["source"],
        date.fromisoformat(kept[0]["session"]),
        calendar.now(),
        kept[0]["is_simulated"],
    )


def _require_session(session: date, completed: date) -> None:
    if session > completed:
        raise UsageError(
            f"{session} lies in the future: the newest completed session is {completed}."
        )
    if not calendar.is_session(session):
        raise NothingToDo(
            f"{session} is not a session of the New York Stock Exchange: nothing to do."
        )


def _newest_session(source: Source, completed: date) -> date:
    newest = source.newest_session(completed)
    while not calendar.is_session(newest):
        if newest < calendar.FIRST_DAY:
            raise SourceError(f"The source has no quotes since {calendar.FIRST_DAY}.")
        newest = source.newest_session(newest - timedelta(days=1))
    return newest


def _require_news(night: date, published: str, run_id: str) -> None:
    if str(night) == published:
        raise NothingToDo(f"Session {night} is already published (run {run_id}): nothing to do.")
    if str(night) < published:
        raise NothingToDo(
            f"A later session, {published}, is already published, so there is nothing to do for "
            f"{night}: for the past use the as-of macros, `rotation restore`, or an empty home."
        )


def _require_not_behind(night: date, kept: Sequence[Mapping[str, str]]) -> None:
    """After a restore: what landed for a later session cannot be unknown to an earlier one."""
    if kept and str(night) < kept[0]["session"]:
        raise UsageError(
            f"The warehouse knows {kept[0]['session']} already, though an earlier session is "
            f"restored: for {night} use `rotation restore` or an empty home, or run a night "
            f"of {kept[0]['session']} or later."
        )


def _require_same_market(is_simulated: bool, was_simulated: bool, place: Place) -> None:
    if is_simulated != was_simulated:
        held = "a SIMULATED market" if was_simulated else "real data"
        raise UsageError(f"{place.home} holds {held}: name another home with --home.")
