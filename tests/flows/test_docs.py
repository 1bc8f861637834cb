"""What the documents show is what the product does, on two nights of the simulated market."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import write_cookbook

from warehouse.connect import open_published
from warehouse.dictionary import read_entries
from warehouse.place import Place
from warehouse.transform import read_transforms

ROOT = Path(__file__).parents[2]
ROTATION = Path(sys.executable).parent / "rotation"
# Other versions of DuckDB, a folder each, which `make compat` installs.
CLIENTS = sorted(path for path in (ROOT / ".clients").glob("*") if path.is_dir())
# Nothing of the simulated market is set aside.
OFTEN_EMPTY = {"ops.quarantine"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after two nights, on sessions that have passed for good."""
    home = tmp_path_factory.mktemp("home")
    write_cookbook.make_home(home)
    return home


@pytest.fixture(scope="module")
def con(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_published(Place(home)) as connection:
        yield connection


def test_first_query(home: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r'rotation query "(.*?)"\n```\n+```text\n(.*?)\n```', readme, re.DOTALL)
    assert shown
    sql, output = shown.groups()

    done = subprocess.run(
        [ROTATION, "query", sql, "--home", home], check=True, capture_output=True, text=True
    )

    said = done.stderr + done.stdout
    assert [line.rstrip() for line in said.splitlines()] == output.splitlines()


class TestCookbook:
    def test_its_page_is_as_fresh_as_its_questions(self, home: Path) -> None:
        written = write_cookbook.PAGE.read_text(encoding="utf-8")
        assert written == write_cookbook.page(home), "docs/cookbook.md is stale: run `make docs`"

    def test_it_has_25_questions(self) -> None:
        assert len(write_cookbook.questions()) == 25

    @pytest.mark.parametrize("file", write_cookbook.questions(), ids=lambda path: path.stem)
    def test_every_question_has_an_answer(self, home: Path, file: Path) -> None:
        _, rows = write_cookbook.ask(home, file.read_text(encoding="utf-8"))
        assert rows


class TestDictionary:
    def test_every_example_gives_rows(self, con: duckdb.DuckDBPyConnection) -> None:
        empty = {
            entry.name
            for entry in read_entries(read_transforms())
            if not con.execute(entry.declaration.example).fetchall()
        }
        assert empty == OFTEN_EMPTY

    @pytest.mark.parametrize("kind", ["tables", "views", "columns", "functions"])
    def test_everything_has_a_comment(self, con: duckdb.DuckDBPyConnection, kind: str) -> None:
        comments = con.execute(f"select comment from duckdb_{kind}() where not internal").fetchall()
        assert len(comments) > 10
        assert all(comment for (comment,) in comments)

    def test_the_catalog_has_everything(self, con: duckdb.DuckDBPyConnection) -> None:
        there = con.execute(
            """
            select schema_name, table_name from duckdb_tables()
            union
            select schema_name, view_name from duckdb_views() where not internal
            """
        ).fetchall()
        catalog = con.execute(
            """
            select schema_name, table_name
            from ops.table_catalog
            where grain <> '' and description <> '' and built_by <> '' and row_count is not null
            """
        ).fetchall()
        assert sorted(catalog) == sorted(there)
        (lonely,) = con.execute(
            """
            select count(*) from ops.table_catalog
            where schema_name in ('core', 'rotation') and upstream = []
            """
        ).fetchall()
        assert lonely == (0,)


# Opens the file that is named and reads every table, view and macro, with what is told of them.
READING = """
import sys
sys.path.insert(0, sys.argv[1])
import duckdb

con = duckdb.connect(sys.argv[2], read_only=True)
con.execute("set enable_progress_bar = false")  # it goes where the answer goes
tables = con.execute(
    "select schema_name || '.' || table_name from duckdb_tables() union all "
    "select schema_name || '.' || view_name from duckdb_views() where not internal"
).fetchall()
macros = con.execute(
    "select schema_name || '.' || function_name || '(''2026-01-27 22:30'')' "
    "from duckdb_functions() where not internal"
).fetchall()
for name, in tables:
    con.execute(f"select * from {name} limit 3").fetchall()
for name, in macros:  # DuckDB 2.0.0 waits for ever on a bare limit here
    con.execute(f"select * from {name} order by all limit 3").fetchall()
for name, in tables + macros:
    con.execute(f"select count(*) from {name}").fetchall()
(silent,) = con.execute(
    "select count(*) from duckdb_columns() where not internal and comment is null"
).fetchone()
(twins,) = con.execute("select count(*) from read_parquet(?)", [sys.argv[3]]).fetchone()
print(duckdb.__version__, len(tables), len(macros), silent, twins)
"""


@pytest.mark.skipif(not CLIENTS, reason="`make compat` installs other clients")
@pytest.mark.parametrize("client", CLIENTS, ids=lambda path: path.name)
def test_other_versions_read_everything(
    home: Path, con: duckdb.DuckDBPyConnection, client: Path
) -> None:
    current = home / "current"
    twins = current / "export" / "core" / "quote" / "*.parquet"
    reading = [sys.executable, "-c", READING, client, current / "warehouse.duckdb", twins]
    done = subprocess.run([*map(str, reading)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    version, tables, macros, silent, rows = done.stdout.split()
    assert version == client.name
    assert (int(tables) > 70, int(macros) > 5, int(silent)) == (True, True, 0)
    assert con.execute("select count(*) from core.quote").fetchall() == [(int(rows),)]
