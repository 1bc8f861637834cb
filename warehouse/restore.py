"""Going back: readers see a publication again that is still kept."""

from datetime import date
from typing import Any

from warehouse.lock import hold
from warehouse.place import Place
from warehouse.run import Run, kept_records, published_record, recorded


class RestoreError(Exception):
    """The session cannot be restored; the sentence says why, and what can be."""


def restore(place: Place, session: date) -> str:
    """Let readers see the newest kept publication of `session`; gives what was done.

    That is one step, under the lock of a run, when all of it could be read. What runs write to
    stays as it is: the next night goes on from all that is known. Raises
    RestoreError, PlaceError or HeldError.
    """
    kept = Run.of(_kept(place, session))
    place.require_writable()
    place.make()
    run = Run("restore", kept.source, session, kept.known_by, kept.is_simulated)
    with hold(place, run):
        run_id = _kept(place, session)["run_id"]  # the run before may have removed the one found
        if run_id == published_record(place).get("run_id"):
            return f"Readers already see session {session} (run {run_id}): nothing to do."
        if words := place.store.damage(run_id):
            raise RestoreError(
                f"The publication of {session} (run {run_id}) is damaged ({words}): readers keep "
                "what they see; name another session of those that `rotation status` lists."
            )
        with recorded(place, run):
            place.store.restore(run_id, run)
            run.finish("published", f"Session {session} is restored (run {run_id}).")
    return run.message


def _kept(place: Place, session: date) -> dict[str, Any]:
    """The record of the newest kept publication of `session`."""
    records = kept_records(place)
    if not records:
        raise RestoreError(
            f"Nothing is published in {place.home} yet: run `rotation nightly` first."
        )
    for record in records:
        if record["session"] == str(session):
            return record
    sessions = ", ".join(dict.fromkeys(record["session"] for record in records))
    raise RestoreError(
        f"No publication of {session} is kept in {place.home}: name one of {sessions}."
    )
