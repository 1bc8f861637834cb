"""The dictionary: complete, as fresh as the files it is written from, and forgiving to ask."""

import pytest
import write_tables

from flows.cli import declared_names
from flows.explain import UnknownNameError, explain
from warehouse.dictionary import Entry, find_columns, find_tables, nearest, read_entries
from warehouse.transform import named_tables, read_transforms


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    return read_entries(read_transforms())


def test_the_page_is_as_fresh_as_the_declarations() -> None:
    written = write_tables.PAGE.read_text(encoding="utf-8")
    assert written == write_tables.page(), "docs/tables.md is stale: run `make docs`"


def test_every_table_has_an_example_of_itself(entries: list[Entry]) -> None:
    for entry in entries:
        read = {name.replace("latest_", "") for name in named_tables(entry.declaration.example)}
        assert entry.name.replace("latest_", "") in read


def test_every_metric_says_where_its_formula_is_from(entries: list[Entry]) -> None:
    metrics = [e.declaration for e in entries if e.declaration.schema == "rotation"]
    silent = [table.name for table in metrics if not table.source]
    assert silent == []


def test_every_table_stands_in_it_once_and_comes_from_known_ones(entries: list[Entry]) -> None:
    names = [entry.name for entry in entries]
    assert len(names) == len(set(names))
    assert {name for entry in entries for name in entry.upstream} <= set(names)


@pytest.mark.parametrize(
    ("name", "first"),
    [("streak", "rotation.streak"), ("raw.quote", "raw.quote"), ("quote", "core.quote")],
)
def test_a_bare_name_means_what_a_reader_looks_for_first(
    entries: list[Entry], name: str, first: str
) -> None:
    assert find_tables(entries, name)[0].name == first


@pytest.mark.parametrize("name", ["is_record", "streak.is_record", "rotation.streak.is_record"])
def test_a_column_is_found_by_each_of_its_names(entries: list[Entry], name: str) -> None:
    assert ("rotation.streak", "is_record") in [
        (table.name, column.name) for table, column in find_columns(entries, name)
    ]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("strek", "streak"),
        ("rotation.bredth", "rotation.breadth"),
        ("longest_sins", "longest_since"),
        ("streak.is_recrd", "streak.is_record"),
    ],
)
def test_a_wrong_name_gives_the_nearest(entries: list[Entry], name: str, meant: str) -> None:
    assert nearest(entries, name)[0] == meant


class TestExplain:
    def test_a_table(self, capsys: pytest.CaptureFixture[str]) -> None:
        explain("Streak")
        said = capsys.readouterr().out
        assert said.startswith("rotation.streak\nOn how many sessions running")
        assert "transforms/rotation/streak.sql" in said
        assert "rotation.relative_strength" in said
        assert "from rotation.latest_streak" in said

    def test_a_column_with_every_table_that_has_it(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        explain("history_start")
        said = capsys.readouterr().out
        assert "rotation.streak.history_start" in said
        assert "rotation.risk.history_start" in said
        assert "latest_" not in said

    def test_a_macro_is_its_table(self, capsys: pytest.CaptureFixture[str]) -> None:
        explain("core.quote_as_of")
        assert capsys.readouterr().out.startswith("core.quote\n")

    def test_brackets_are_no_markup(self, capsys: pytest.CaptureFixture[str]) -> None:
        explain("ops.table_catalog")
        assert "varchar[]" in capsys.readouterr().out

    def test_nothing_is_like_it(self) -> None:
        with pytest.raises(UnknownNameError, match=r"is called 'zzzzz': docs/tables.md"):
            explain("zzzzz")


def test_the_shell_completes_names() -> None:
    assert declared_names("strea") == ["streak"]
    assert "core.quote" in declared_names("core.q")
