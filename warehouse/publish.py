"""Publishing: a whole new folder, then one link replaced; readers see the old or the new."""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from warehouse.place import Place
from warehouse.run import FIELDS, Run

KEPT = 10  # publications that stay
NAMED = "[0-9]*T[0-9]*.[0-9]*Z-????"  # as publications are; whatever else lies there is not ours


def load_records(con: duckdb.DuckDBPyConnection, place: Place, run: Run) -> None:
    """Bring `ops.run` and `ops.published` up to the records of all runs, this one's included."""
    place.store.load_records(con, run)


def publish(
    con: duckdb.DuckDBPyConnection,
    place: Place,
    run: Run,
    pages: Mapping[str, str] | None = None,
) -> Path:
    """Let readers see what `con` has committed, with `pages`, which are texts by their path.

    Returns the new folder `published/<run_id>/`, which `current` then points to.
    """
    load_records(con, place, run)
    return place.store.publish(con, run, pages or {})


def insert_runs(con: duckdb.DuckDBPyConnection, records: Sequence[Mapping[str, Any]]) -> None:
    """Put records into `ops.run`, in place of what it says of these runs."""
    import pandas as pd  # slow, and readers come by here too

    con.register("records", pd.DataFrame(records).astype(object))
    con.execute("delete from ops.run where run_id in (select run_id from records)")
    con.execute(
        """
        insert into ops.run by name
        select
            run_id, flow, source, session::date as session,
            started_at::timestamp as started_at, finished_at::timestamp as finished_at,
            status, message, rows_landed::bigint as rows_landed,
            rows_quarantined::bigint as rows_quarantined,
            is_simulated::boolean as is_simulated, known_by::timestamp as known_by
        from records
        """
    )
    con.unregister("records")


def read_runs(con: duckdb.DuckDBPyConnection, run_ids: Sequence[str]) -> list[dict[str, Any]]:
    """The records of runs, newest first, as `ops.run` has them."""
    rows = con.execute(
        f"select {', '.join(FIELDS)} from ops.run where list_contains($run_ids, run_id) "
        "order by run_id desc",
        {"run_ids": list(run_ids)},
    ).fetchall()
    return [
        {
            name: str(value) if isinstance(value, date) else value
            for name, value in zip(FIELDS, row, strict=True)
        }
        for row in rows
    ]


def published_run(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The record of the run that published what `con` reads."""
    newest = con.execute(
        "select max(run_id) from ops.run where status = 'published' and flow <> 'restore'"
    ).fetchone()
    assert newest
    return read_runs(con, newest)[0]


def write_folder(
    place: Place,
    run: Run,
    pages: Mapping[str, str],
    fill: Callable[[Path], Sequence[Path]] = lambda _: (),
) -> Path:
    """Make `published/<run_id>/` with the run's record and pages, whole or not at all.

    It is made under another name, synced and renamed. `fill` puts more into it, and says what.
    """
    whole = place.published / run.run_id
    partial = place.published / f".{run.run_id}"
    partial.mkdir()
    written = [*fill(partial), partial / "run.json"]
    run.write(partial / "run.json")
    for name, text in pages.items():
        page = partial / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
        written += [page, page.parent]
    for path in (*written, partial):
        _sync(path)
    partial.rename(whole)
    _sync(place.published)
    return whole


def point_current(place: Place, publication: Path) -> None:
    """Let readers see `publication` from one moment to the next."""
    link = place.home / f".current-{publication.name}"
    link.symlink_to(publication.relative_to(place.home))
    link.replace(place.current)
    _sync(place.home)


def prune(place: Place) -> None:
    """Remove all but the newest publications; never the one that readers see."""
    publications = sorted(
        path for path in place.published.iterdir() if path.is_dir() and path.match(NAMED)
    )
    for path in publications[:-KEPT]:
        if path.resolve() != place.current.resolve():
            shutil.rmtree(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
