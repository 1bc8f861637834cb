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
