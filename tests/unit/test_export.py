"""Parquet twins: the rows of the tables, and links for the years that did not change."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
from night import FIRST, SECOND, THIRD, bars, run_night

from warehouse.declaration import literal
from warehouse.export import MANIFEST, ExportError, export
from warehouse.place import Place

TABLES = ["core.session", "core.quote"]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A home whose one publication has quotes of five sessions, of 2025 and 2026."""
    run_night(tmp_path, FIRST, {"quote": bars(["IWM", "SPY"], FIRST, 5)}, TABLES)
    return Place(tmp_path)


@pytest.fixture
def mounted() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        yield con


def mount(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    con.execute(f"set file_search_path = {literal(str(folder))}")
    con.execute((folder / "views.sql").read_text(encoding="utf-8"))


def inode(place: Place, file: str) -> int:
    return (place.current / "export" / file).stat().st_ino


def test_the_views_have_the_rows_types_and_comments_of_the_tables(
    place: Place, mounted: duckdb.DuckDBPyConnection
) -> None:
    mount(mounted, place.current / "export")
    mounted.execute(f"attach {literal(str(place.warehouse))} as published (read_only)")
    tables = mounted.execute(
        "select schema_name, table_name, comment from duckdb_tables() "
        "where database_name = 'published'"
    ).fetchall()
    assert len(tables) > 30
    for schema, table, comment in tables:
        name, original = f"{schema}.{table}", f"published.{schema}.{table}"
        for query in ("from {}", "select column_name, column_type from (describe {})"):
            twin, own = query.format(name), query.format(original)
            for one, other in ((twin, own), (own, twin)):
                assert mounted.execute(f"{one} except all {other}").fetchall() == [], name
        view = "select comment from duckdb_views() where schema_name = ? and view_name = ?"
        assert mounted.execute(view, [schema, table]).fetchall() == [(comment,)]
    silent = "select count(*) from duckdb_columns() where not internal and comment is null"
    assert mounted.execute(f"{silent} and database_name = 'memory'").fetchall() == [(0,)]


def test_the_next_night_links_years_and_writes_what_changed(place: Place) -> None:
    files = [
        f"{schema}/quote/{year}.parquet" for schema in ("raw", "core") for year in (2025, 2026)
    ]
    before = {file: inode(place, file) for file in files}
    run_night(place.home, SECOND, {"quote": bars(["IWM", "SPY"], SECOND, 5)}, TABLES)
    is_linked = {file: inode(place, file) == before[file] for file in files}
    assert is_linked == {file: "2025" in file for file in files}
    # when the last bar of 2025 is told anew
    old = place.current.resolve() / "export" / "core" / "quote" / "2025.parquet"
    closes = "select symbol, close from '{}' order by symbol"
    then = duckdb.sql(closes.format(old)).fetchall()
    quotes = bars(["IWM", "SPY"], THIRD, 7)
    quotes.loc[quotes["session"] == date(2025, 12, 31), "close"] += 1
    run_night(place.home, THIRD, {"quote": quotes}, TABLES)
    # then its year is written anew, and the older publication keeps its own
    new = place.current / "export" / "core" / "quote" / "2025.parquet"
    now = duckdb.sql(closes.format(new)).fetchall()
    assert now == [(symbol, close + 1) for symbol, close in then]
    assert duckdb.sql(closes.format(old)).fetchall() == then


def test_years_that_ended_before_the_change_are_not_read_again(tmp_path: Path) -> None:
    rows = "select 'A' as symbol, date '2025-12-31' as session, {} as n"
    linked = {}
    for changed_since in ("2025-12-31", "2026-01-02"):
        folder = tmp_path / changed_since
        folder.mkdir()
        export(write_warehouse(folder / "first.duckdb", rows.format(1)), folder / "1", tmp_path)
        # what no night does: another row, and the word that none has changed
        second = write_warehouse(folder / "second.duckdb", rows.format(2), changed_since)
        export(second, folder / "2", folder / "1")
        year = Path("core", "thing", "2025.parquet")
        linked[changed_since] = (folder / "1" / year).samefile(folder / "2" / year)
    assert linked == {"2025-12-31": False, "2026-01-02": True}


class TestLinks:
    YEAR = Path("core", "thing", "2025.parquet")
    ROWS = "select 'A' as symbol, date '2025-12-31' as session, 1 as n"

    @pytest.fixture
    def first(self, tmp_path: Path) -> Path:
        """The export of one row."""
        export(write_warehouse(tmp_path / "w.duckdb", self.ROWS), tmp_path / "first", tmp_path)
        return tmp_path / "first"

    def is_linked(self, first: Path) -> bool:
        """Whether a second export of the same file links the first one's year; it must be whole."""
        second = first.with_name("second")
        export(first.with_name("w.duckdb"), second, first)
        assert duckdb.sql(f"select n from '{second / self.YEAR}'").fetchall() == [(1,)]
        return (second / self.YEAR).samefile(first / self.YEAR)

    def test_are_made_of_files_that_nobody_can_write(self, first: Path) -> None:
        assert self.is_linked(first)
        assert (first / self.YEAR).stat().st_mode & 0o222 == 0

    @pytest.mark.parametrize("manifest", ["", "{", "[]", '{"core/thing/2025.parquet": 1}'])
    def test_need_a_manifest(self, first: Path, manifest: str) -> None:
        (first / MANIFEST).write_text(manifest)
        assert not self.is_linked(first)

    def test_need_a_whole_file(self, first: Path) -> None:
        (first / self.YEAR).chmod(0o644)
        os.truncate(first / self.YEAR, 100)
        assert not self.is_linked(first)

    def test_need_a_file_system_that_has_them(
        self, first: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise PermissionError

        monkeypatch.setattr(os, "link", refuse)
        assert not self.is_linked(first)

    def test_need_the_same_type(self, first: Path) -> None:
        rows = self.ROWS.replace("1 as", "1::bigint as")
        first.with_name("w.duckdb").unlink()
        write_warehouse(first.with_name("w.duckdb"), rows)
        assert not self.is_linked(first)


def write_warehouse(path: Path, rows: str, changed_since: str | None = None) -> Path:
    with duckdb.connect(path) as con:
        con.execute("create schema core")
        con.execute("create schema ops")
        con.execute(f"create table core.thing as {rows}")
        con.execute(
            "create table ops.table_catalog as select 'core' as schema_name, "
            "'thing' as table_name, 'symbol, session' as grain, 'It''s a thing.' as description, "
            "$changed_since::date as changed_since",
            {"changed_since": changed_since},
        )
    return path


def test_what_is_special_stays_what_it_is(tmp_path: Path) -> None:
    rows = (
        "select 'A' as symbol, date '2025-12-31' as session, 'nan'::double as x, "
        "'-inf'::double as y, ['a', null] as list, timestamp '2026-01-01 22:30:00.123456' as at, "
        "null::double as nothing, true as flag, '{\"a\": 1}'::json as doc, 9007199254740993 as n "
        "union all select 'A', date '2026-01-02', 1, 1, [], null, 2, false, null, -1"
    )
    warehouse = write_warehouse(tmp_path / "w.duckdb", rows)
    export(warehouse, tmp_path / "export", tmp_path / "none")
    file = tmp_path / "export" / "core" / "thing" / "2025.parquet"
    assert repr(duckdb.sql(f"from '{file}'").fetchall()) == repr(
        duckdb.sql(f"from ({rows}) where session < '2026-01-01'").fetchall()
    )


def test_a_table_without_rows_is_mounted(
    tmp_path: Path, mounted: duckdb.DuckDBPyConnection
) -> None:
    rows = "select 'A' as symbol, date '2025-12-31' as session limit 0"
    export(write_warehouse(tmp_path / "w.duckdb", rows), tmp_path / "export", tmp_path)
    mount(mounted, tmp_path / "export")
    assert mounted.execute("from core.thing").fetchall() == []


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    warehouse = write_warehouse(tmp_path / "w.duckdb", "select 'A' as symbol, 1 as session")
    with pytest.raises(ExportError, match=r"The Parquet files of .+ cannot be written: .+\.$"):
        export(warehouse, tmp_path / "export", tmp_path)
