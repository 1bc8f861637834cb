"""Writing: one run at a time on the build file, in one transaction, with a record in the end."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from warehouse.connect import explained, open_build
from warehouse.lock import hold
from warehouse.place import Place, PlaceError
from warehouse.reference import load_reference
from warehouse.run import Run, recorded


@contextmanager
def writing(place: Place, run: Run) -> Iterator[duckdb.DuckDBPyConnection]:
    """Hold the home for `run` and open its build file in a transaction, reference tables loaded.

    What is not committed when the block ends, for whatever reason, never was; where a run has
    workers the reference tables alone stay, which the next run replaces. Raises HeldError,
    PlaceError, WarehouseError or ReferenceFileError before anything is written.
    """
    place.make()
    with explained(place), hold(place, run), recorded(place, run), open_build(place) as con:
        _require_fit(con, place, run)
        con.begin()
        load_reference(con)
        if place.dask:  # workers read what is committed, these tables among it
            con.commit()
            con.begin()
        yield con


def _require_fit(con: duckdb.DuckDBPyConnection, place: Place, run: Run) -> None:
    """Refuse to mix a simulated market with a real one, or to go back behind what is known."""
    landed = con.execute("select source = 'demo' from raw.quote limit 1").fetchone()
    if landed and landed[0] != run.is_simulated:
        held = "a SIMULATED market" if landed[0] else "real data"
        raise PlaceError(f"{place.home} holds {held}: name another home with --home.")
    newest = con.execute(
        """
        select max(known_at) from (
            select max(known_at) as known_at from raw.quote
            union all
            select max(known_at) from raw.rate
            union all
            select max(known_at) from raw.holding
            union all
            select max(known_at) from raw.estimate
            union all
            select max(known_at) from raw.fundamental
        )
        """
    ).fetchone()
    if newest and newest[0] and newest[0] > run.known_by:
        raise PlaceError(
            f"{place.home} already holds what was known on {newest[0]:%Y-%m-%d}, after the night "
            f"of {run.session}: for the past use the as-of macros, or another --home."
        )
