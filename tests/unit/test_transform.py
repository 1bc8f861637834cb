"""The transforms: found in their folders, put in order, refused where they promise nothing."""

from pathlib import Path

import pytest

from warehouse.declaration import DeclarationError, read_declaration
from warehouse.transform import (
    TransformError,
    fingerprints,
    named_tables,
    read_transforms,
)

YML = """\
description: Something. One row per symbol.
grain: [symbol]
columns:
  symbol: {type: varchar, unit: symbol, meaning: Ticker}
"""


def put(folder: Path, name: str, text: str, yml: str | None = YML) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if yml is not None:
        path.with_suffix(".yml").write_text(yml)
    return path


class TestOrder:
    def test_it_follows_from_the_sql_and_from_parameters(self, tmp_path: Path) -> None:
        # given files whose names sort against their order
        put(tmp_path, "core/c.sql", "select symbol from raw.quote")
        put(tmp_path, "core/b.sql", "select symbol from core.c")
        put(tmp_path, "core/a.py", "def a(core_b, reference_pair):\n    return core_b\n")
        put(tmp_path, "rotation/a.sql", "select symbol from core.a")
        # when they are read
        names = [transform.name for transform in read_transforms(tmp_path)]
        # then each comes after what it reads
        assert names == ["core.c", "core.b", "core.a", "rotation.a"]

    def test_a_parameter_names_schema_and_table(self, tmp_path: Path) -> None:
        put(tmp_path, "core/a.py", "def a(core_cohort_member, raw_quote):\n    return raw_quote\n")
        assert read_transforms(tmp_path)[0].inputs == ("core.cohort_member", "raw.quote")

    def test_what_adds_up_reads_what_its_parts_take(self, tmp_path: Path) -> None:
        text = "def part(core_quote, raw_rate): ...\ndef a(parts): ...\n"
        put(tmp_path, "core/a.py", text, YML + "lookback: 5\ndated: symbol\n")
        assert read_transforms(tmp_path)[0].inputs == ("core.quote", "raw.rate")

    @pytest.mark.parametrize(
        ("parameter", "more"),
        [
            ("raw_quote", "lookback: 5\ndated: symbol\n"),
            ("core_quote", "dated: symbol\n"),
            ("core_quote", "lookback: 5\n"),
        ],
    )
    def test_parts_are_of_quotes_and_look_back(
        self, tmp_path: Path, parameter: str, more: str
    ) -> None:
        put(tmp_path, "core/a.py", f"def part({parameter}): ...\ndef a(parts): ...\n", YML + more)
        with pytest.raises(TransformError, match=r"a\.py: part\(\) takes core_quote, and a\.yml"):
            read_transforms(tmp_path)

    def test_a_circle_is_named(self, tmp_path: Path) -> None:
        put(tmp_path, "core/a.sql", "select symbol from core.b")
        put(tmp_path, "core/b.sql", "select symbol from core.c")
        put(tmp_path, "core/c.sql", "select symbol from core.a")
        with pytest.raises(TransformError, match="These tables read each other: ") as refusal:
            read_transforms(tmp_path)
        assert {"core.a", "core.b", "core.c"} <= set(str(refusal.value).strip(".").split())

    def test_a_table_that_reads_itself_is_a_circle(self, tmp_path: Path) -> None:
        put(tmp_path, "core/a.sql", "select symbol from core.a")
        with pytest.raises(TransformError, match=r"core\.a → core\.a"):
            read_transforms(tmp_path)

    def test_those_of_the_project_are_in_order(self) -> None:
        seen: set[str] = set()
        for transform in read_transforms():
            built = {name for name in transform.inputs if name.startswith(("core.", "rotation."))}
            assert built <= seen
            seen.add(transform.name)


class TestNamedTables:
    @pytest.mark.parametrize(
        "query",
        [
            "with b as (select * from core.a) select * from b",
            "select * from (select * from core.a) where x in (select y from raw.b)",
            "select * from core.a as b semi join raw.b as c using (x)",
            "select (select max(x) from raw.b) from core.a",
            "select * from core.a union all select * from raw.b",
            "from core.a",
            "select * from core.a qualify row_number() over (order by (select 1 from raw.b)) = 1",
            "with core as (select 1) select * from core, core.a",
        ],
    )
    def test_all_are_found_and_no_part_of_the_query(self, query: str) -> None:
        assert set(named_tables(query)) - {"raw.b"} == {"core.a"}
        assert ("raw.b" in named_tables(query)) == ("raw.b" in query)


class TestDeclarations:
    def test_a_missing_one_is_named(self, tmp_path: Path) -> None:
        path = put(tmp_path, "core/a.sql", "select 1", yml=None)
        with pytest.raises(TransformError, match=r"a\.sql has no declaration a\.yml beside it"):
            read_transforms(tmp_path)
        assert path.exists()

    def test_python_beside_a_table_is_a_table_too(self, tmp_path: Path) -> None:
        put(tmp_path, "core/_shared.py", "raise RuntimeError", yml=None)
        with pytest.raises(TransformError, match=r"_shared\.py has no declaration"):
            read_transforms(tmp_path)

    @pytest.mark.parametrize(
        ("yml", "words"),
        [
            (YML.replace("One row per symbol.", "All of them."), "must end in its grain"),
            (YML.replace("unit: symbol, ", ""), "column symbol needs type, unit and meaning"),
            (YML.replace("type: varchar, ", ""), "column symbol needs type, unit and meaning"),
            (YML.replace(", meaning: Ticker", ""), "column symbol needs type, unit and meaning"),
            (YML.replace("[symbol]", "[symbol, session]"), "the grain names no column: session"),
            (YML + "dated: session\n", "`dated` must be a key of the grain, not session"),
            (YML + "lookback: all\n", "`lookback` must be a number of quotes, not all"),
            (YML + "lookback: 0\n", "`lookback` must be a number of quotes, not 0"),
            (YML + "reads: {raw.a: 'from raw.a where day > $day'}\n", r"\$since alone, not \$day"),
        ],
    )
    def test_what_is_incomplete_is_said(self, tmp_path: Path, yml: str, words: str) -> None:
        path = put(tmp_path, "core/a.sql", "select 1", yml).with_suffix(".yml")
        with pytest.raises(DeclarationError, match=words) as refusal:
            read_declaration(path)
        assert str(path) in str(refusal.value)

    def test_what_is_read_of_an_input_needs_that_input(self, tmp_path: Path) -> None:
        put(tmp_path, "core/a.sql", "select 1", YML + "reads: {raw.b: from raw.b}\n")
        with pytest.raises(TransformError, match=r"a\.yml reads raw\.b, which is no input"):
            read_transforms(tmp_path)

    @pytest.mark.parametrize(
        "yml",
        [
            "",
            "description: [unclosed",
            "just text",
            "description: Something. One row per symbol.\ngrain: [symbol]\n",
            YML.replace("grain: [symbol]\n", ""),
            YML.replace("{type: varchar, unit: symbol, meaning: Ticker}", "varchar"),
        ],
    )
    def test_what_is_no_declaration_is_said(self, tmp_path: Path, yml: str) -> None:
        path = put(tmp_path, "core/a.sql", "select 1", yml).with_suffix(".yml")
        with pytest.raises(DeclarationError, match=r"core/a\.yml"):
            read_declaration(path)

    def test_quotes_in_a_meaning_are_text_of_the_comment(self, tmp_path: Path) -> None:
        yml = YML.replace("Ticker", '"Yahoo\'s; drop table x"')
        path = put(tmp_path, "core/a.sql", "select 1", yml).with_suffix(".yml")
        statements = read_declaration(path).comment_statements
        assert statements[1].endswith("is 'Yahoo''s; drop table x [symbol]'")

    def test_one_table_has_one_file(self, tmp_path: Path) -> None:
        put(tmp_path, "core/a.sql", "select 'x' as symbol")
        put(tmp_path, "core/a.py", "def a():\n    return None\n")
        with pytest.raises(TransformError):
            read_transforms(tmp_path)

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("core/a.sql", "selec symbol fro m"),
            ("core/a.sql", ""),
            ("core/a.py", "def another():\n    pass\n"),
            ("core/a.py", "def a(:\n"),
        ],
    )
    def test_a_broken_file_is_named(self, tmp_path: Path, name: str, text: str) -> None:
        put(tmp_path, name, text)
        with pytest.raises(TransformError, match=Path(name).name):
            read_transforms(tmp_path)


class TestReading:
    def test_one_input_is_replaced_and_keeps_its_name(self, tmp_path: Path) -> None:
        put(
            tmp_path,
            "core/a.sql",
            "with word as (select quote.symbol from raw.quote) "
            "select w.symbol from word as w semi join raw.quote as q on w.symbol = q.symbol",
        )
        (transform,) = read_transforms(tmp_path)
        query = transform.reading({"raw.quote": "(select * from raw.quote where known_at <= ts)"})
        assert query.count("known_at <= ts") == 2
        assert ") AS quote" in query
        assert ") AS q " in query


class TestFingerprints:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        put(tmp_path, "core/a.sql", "select symbol from raw.quote")
        put(tmp_path, "core/b.sql", "select symbol from core.a")
        put(tmp_path, "core/c.sql", "select symbol from raw.rate")
        return tmp_path

    def changed(self, folder: Path, before: dict[str, str], landed: dict[str, str]) -> set[str]:
        after = fingerprints(read_transforms(folder), landed)
        return {name for name in after if after[name] != before[name]}

    def test_a_change_of_sql_reaches_what_is_built_from_it(self, folder: Path) -> None:
        before = fingerprints(read_transforms(folder), {})
        put(folder, "core/a.sql", "select symbol from raw.quote where true")
        assert self.changed(folder, before, {}) == {"core.a", "core.b"}

    def test_a_change_of_the_declaration_counts(self, folder: Path) -> None:
        before = fingerprints(read_transforms(folder), {})
        (folder / "core/c.yml").write_text(YML.replace("Ticker", "Symbol"))
        assert self.changed(folder, before, {}) == {"core.c"}

    def test_a_change_of_what_lands_counts(self, folder: Path) -> None:
        before = fingerprints(read_transforms(folder), {"raw.rate": "1"})
        assert self.changed(folder, before, {"raw.rate": "2"}) == {"raw.rate", "core.c"}

    def test_nothing_changed_is_the_same(self, folder: Path) -> None:
        before = fingerprints(read_transforms(folder), {})
        assert self.changed(folder, before, {}) == set()
