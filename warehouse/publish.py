"""Publishing: a whole new folder, then one link replaced; readers see the old or the new."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pandas as pd

from warehouse.connect import STORAGE_VERSION
from warehouse.export import export
from warehouse.place import Place
from warehouse.run import Run, read_records

KEPT = 10  # publications that stay
NAMED = "[0-9]*T[0-9]*.[0-9]*Z-????"  # as publications are; whatever else lies there is not ours
COMPACT_ABOVE = 0.3  # share of the file's blocks that are free


def load_records(con: duckdb.DuckDBPyConnection, place: Place, run: Run) -> None:
    """Replace `ops.run` and `ops.published` by the records of all runs, this one's included."""
    records = [*read_records(place), run.record()]
    con.register("records", pd.DataFrame(records).astype(object))
    con.execute("delete from ops.run")
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
    con.execute("delete from ops.published")
    con.execute(
        """
        insert into ops.published by name
        select
            session,
            max(run_id) as run_id,
            max_by(finished_at, run_id) as published_at
        from ops.run
        where status = 'published' and flow <> 'restore'
        group by session
        """
    )


def publish(
    con: duckdb.DuckDBPyConnection,
    place: Place,
    run: Run,
    pages: Mapping[str, str] | None = None,
) -> Path:
    """Close the build file, copy it to `published/<run_id>/` and let `current` point there.

    `pages` are texts by their path in that folder. It is made whole under another name, synced,
    renamed, and only then linked: the replacement of the link is the publication. Returns the new
    folder.
    """
    load_records(con, place, run)
    con.execute("force checkpoint")
    _compact(con, place)
    whole = place.published / run.run_id
    partial = place.published / f".{run.run_id}"
    partial.mkdir()
    copy = partial / "warehouse.duckdb"
    shutil.copyfile(place.build, copy)
    copy.chmod(0o444)
    exported = export(copy, partial / "export", place.current / "export")
    run.write(partial / "run.json")
    written = [copy, *exported, partial / "run.json"]
    for name, text in (pages or {}).items():
        page = partial / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
        written += [page, page.parent]
    for path in (*written, partial):
        _sync(path)
    partial.rename(whole)
    _sync(place.published)
    point_current(place, whole, run)
    _prune(place)
    return whole


def point_current(place: Place, publication: Path, run: Run) -> None:
    """Let readers see `publication` from one moment to the next."""
    link = place.home / f".current-{run.run_id}"
    link.symlink_to(publication.relative_to(place.home))
    link.replace(place.current)
    _sync(place.home)


def _prune(place: Place) -> None:
    """Remove all but the newest publications; never the one that readers see."""
    publications = sorted(
        path for path in place.published.iterdir() if path.is_dir() and path.match(NAMED)
    )
    for path in publications[:-KEPT]:
        if path.resolve() != place.current.resolve():
            shutil.rmtree(path)


def _compact(con: duckdb.DuckDBPyConnection, place: Place) -> None:
    """Close the build file; write it anew where too much is free, since copying is far cheaper."""
    size = con.execute("select free_blocks, total_blocks from pragma_database_size()").fetchone()
    assert size
    if size[0] <= COMPACT_ABOVE * size[1]:
        con.close()
        return
    compacted = place.home / ".current-compacted.duckdb"
    path = str(compacted).replace("'", "''")
    con.execute(f"attach '{path}' as compacted (storage_version '{STORAGE_VERSION}')")
    con.execute("copy from database build to compacted")
    con.execute("checkpoint compacted")  # raises where detaching would not
    con.execute("detach compacted")
    con.close()
    compacted.replace(place.build)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
