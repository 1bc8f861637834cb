"""How old what each source said is."""

import duckdb
from rich.console import Group, RenderableType
from rich.table import Table

from warehouse.connect import open_published
from warehouse.dataset import Dataset
from warehouse.outcome import sources_in_words
from warehouse.place import Place


def freshness(place: Place) -> RenderableType:
    """A line per source table: how much, how new, and for names that a vendor is asked for more.

    Below it, funds whose quotes have stopped.
    """
    table = Table("source table", "rows", "newest", box=None, header_style="dim")
    with open_published(place) as con:
        rows = con.execute(
            """
            select table_name, row_count, newest
            from ops.table_catalog
            where schema_name = 'raw'
            order by table_name
            """
        ).fetchall()
        last_asked = con.execute(
            "select max(run_id) from ops.source_outcome where contains(key, ' ')"
        ).fetchone()
        words = sources_in_words(con, last_asked[0]) if last_asked and last_asked[0] else {}
        if words:
            for heading in ("names", "half since", "when last asked"):
                table.add_column(heading)
        stopped = stopped_funds(con)
        for name, count, newest in rows:
            cells = [f"raw.{name}", f"{count:,}", str(newest or "none")]
            table.add_row(*cells, *([*_ages(con, name), words.get(name, "")] if words else []))
    return Group(table, stopped) if stopped else table


def stopped_funds(con: duckdb.DuckDBPyConnection) -> str:
    """Funds and indices without a quote on the newest session, by their last one; "" for none."""
    try:
        found = con.execute(
            """
            select newest_session, string_agg(symbol, ', ' order by symbol)
            from core.instrument
            where is_stopped and kind in ('etf', 'index')
            group by newest_session
            order by newest_session
            """
        ).fetchall()
    except (duckdb.CatalogException, duckdb.BinderException):
        return ""  # published by an earlier version, which had no such column
    told = "; ".join(f"{symbols} since {session}" for session, symbols in found)
    return f"No quotes of {told}." if told else ""


def _ages(con: duckdb.DuckDBPyConnection, dataset: str) -> list[str]:
    """How many names a dataset has, and how old the word on half of them is at most."""
    about = Dataset.named(dataset)
    found = con.execute(
        f"""
        select count(*), quantile_disc(newest, 0.5)
        from (
            select max({about.dated_by}) as newest
            from raw.{dataset}
            where source = 'live'
            group by {about.named_by}
        )
        """
    ).fetchone()
    assert found
    return [f"{found[0]:,}", str(found[1] or "none")]
