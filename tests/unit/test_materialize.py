"""The kernel: tables as declared or a sentence; extended tables equal rebuilt ones."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType

import duckdb
import numpy as np
import pandas as pd
import pytest
from night import Tell, bars, build

from warehouse import history as history_tables
from warehouse import parts as added_up
from warehouse.catalog import drop_former, write_catalog
from warehouse.materialize import Materialized, Materializer
from warehouse.transform import TransformError, read_transforms

YML = """\
description: Symbols. One row per symbol.
grain: [symbol]
columns:
  symbol: {type: varchar, unit: symbol, meaning: Ticker}
  price: {type: double, unit: USD, meaning: Price}
"""


def put(folder: Path, name: str, text: str, yml: str = YML) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.with_suffix(".yml").write_text(yml)


def run(
    con: duckdb.DuckDBPyConnection, folder: Path, landed: Mapping[str, date] = MappingProxyType({})
) -> list[Materialized]:
    """One night's build of the transforms in a folder."""
    con.execute("create temp table if not exists changed (symbol varchar, session date)")
    transforms = read_transforms(folder)
    materializer = Materializer(con, transforms, landed)
    done = list(materializer.run())
    con.execute("delete from ops.table_catalog")
    entries = [("core", t.declaration.table, materializer.fingerprints[t.name]) for t in transforms]
    con.executemany(
        "insert into ops.table_catalog (schema_name, table_name, fingerprint) values (?, ?, ?)",
        entries,
    )
    return done


class TestPromises:
    def test_a_table_is_built_with_its_comments(
        self, con: duckdb.DuckDBPyConnection, tmp_path: Path
    ) -> None:
        put(tmp_path, "core/a.sql", "select 1.5::double as price, 'A' as symbol")
        assert run(con, tmp_path) == [Materialized("core.a", "rebuilt", 1)]
        # columns stand in the declared order, not in that of the query
        assert con.execute("from core.a").fetchall() == [("A", 1.5)]
        comments = con.execute(
            "select comment from duckdb_columns() where table_name = 'a' order by column_index"
        ).fetchall()
        assert comments == [("Ticker [symbol]",), ("Price [USD]",)]

    @pytest.mark.parametrize(
        ("query", "sentence"),
        [
            ("select 'A' as symbol", "core.a declares price, which is not built."),
            (
                "select 'A' as symbol, 1::double as price, 2 as more",
                "core.a builds more, which is not declared.",
            ),
            (
                "select 'A' as symbol, 1 as price",
                "core.a: column price is declared double and built integer.",
            ),
            (
                "select unnest(['A', 'A']) as symbol, 1::double as price",
                "core.a: the grain (symbol) must be unique and not null, but 2 rows have symbol A.",
            ),
            (
                "select null::varchar as symbol, 1::double as price",
                "core.a: the grain (symbol) must be unique and not null, "
                "but 1 rows have symbol None.",
            ),
        ],
    )
    def test_what_is_not_as_declared_is_said(
        self, con: duckdb.DuckDBPyConnection, tmp_path: Path, query: str, sentence: str
    ) -> None:
        put(tmp_path, "core/a.sql", query)
        with pytest.raises(TransformError) as refusal:
            run(con, tmp_path)
        assert str(refusal.value) == sentence

    @pytest.mark.parametrize(
        ("body", "sentence"),
        [
            ("pd.DataFrame({'symbol': ['A']})", "core.a declares price, which is not built."),
            (
                "pd.DataFrame({'symbol': ['A'], 'price': [1.0], 'more': [2]})",
                "core.a builds more, which is not declared.",
            ),
            (
                "pd.DataFrame({'symbol': ['A', 'A'], 'price': [1.0, 2.0]})",
                "core.a: the grain (symbol) must be unique and not null, but 2 rows have symbol A.",
            ),
        ],
    )
    def test_the_same_holds_for_python(
        self, con: duckdb.DuckDBPyConnection, tmp_path: Path, body: str, sentence: str
    ) -> None:
        put(tmp_path, "core/a.py", f"import pandas as pd\n\ndef a(raw_quote):\n    return {body}\n")
        with pytest.raises(TransformError) as refusal:
            run(con, tmp_path)
        assert str(refusal.value) == sentence

    def test_python_that_gives_another_type_is_said(
        self, con: duckdb.DuckDBPyConnection, tmp_path: Path
    ) -> None:
        body = "pd.DataFrame({'symbol': ['A'], 'price': ['dear']})"
        put(tmp_path, "core/a.py", f"import pandas as pd\n\ndef a(raw_quote):\n    return {body}\n")
        with pytest.raises(TransformError, match=r"core\.a .*column price"):
            run(con, tmp_path)

    def test_an_input_that_nobody_builds_is_said(
        self, con: duckdb.DuckDBPyConnection, tmp_path: Path
    ) -> None:
        put(tmp_path, "core/a.sql", "select symbol, price from core.nowhere")
        with pytest.raises(TransformError, match=r"core\.a"):
            run(con, tmp_path)

    def test_python_gets_the_frames_that_its_parameters_name(
        self, con: duckdb.DuckDBPyConnection, tell: Tell, tmp_path: Path
    ) -> None:
        tell("quote", [{"symbol": "IWM", "session": "2026-01-05", "close": "7"}])
        code = (
            "def a(raw_quote):\n    return raw_quote[['symbol']].assign(price=raw_quote['close'])\n"
        )
        put(tmp_path, "core/a.py", code)
        run(con, tmp_path, {"raw.quote": LAST})
        assert con.execute("from core.a").fetchall() == [("IWM", 7.0)]


class TestWhatIsBuilt:
    @pytest.fixture
    def folder(self, con: duckdb.DuckDBPyConnection, tmp_path: Path) -> Path:
        """core.a from raw.quote, core.b from core.a, core.c from raw.rate, built once."""
        put(tmp_path, "core/a.sql", "select distinct symbol, 1::double as price from raw.quote")
        put(tmp_path, "core/b.sql", "select symbol, price from core.a")
        put(
            tmp_path,
            "core/c.sql",
            "select distinct series_id as symbol, 1::double as price from raw.rate",
        )
        assert {done.action for done in run(con, tmp_path)} == {"rebuilt"}
        return tmp_path

    def actions(self, done: list[Materialized]) -> dict[str, str]:
        return {table.name: table.action for table in done}

    def test_nothing_new_keeps_all(self, con: duckdb.DuckDBPyConnection, folder: Path) -> None:
        done = run(con, folder)
        assert self.actions(done) == dict.fromkeys(("core.a", "core.b", "core.c"), "kept")
        assert {table.rows for table in done} == {0}

    def test_news_reach_what_is_built_from_them(
        self, con: duckdb.DuckDBPyConnection, tell: Tell, folder: Path
    ) -> None:
        tell("quote", [{"symbol": "IWM", "session": "2026-01-05", "close": "7"}])
        done = self.actions(run(con, folder, {"raw.quote": LAST}))
        assert done == {"core.a": "rebuilt", "core.b": "rebuilt", "core.c": "kept"}
        assert con.execute("from core.b").fetchall() == [("IWM", 1.0)]

    def test_a_dated_table_replaces_its_days_alone(
        self, con: duckdb.DuckDBPyConnection, tell: Tell, tmp_path: Path
    ) -> None:
        # given a table by day, one that reads it, one of both without days, and one that reads that
        day = "  day: {type: date, unit: date, meaning: Day}\n"
        dated = YML.replace("[symbol]", "[symbol, day]\ndated: day") + day
        said = "select symbol, session as day, close as price from raw.quote"
        put(tmp_path, "core/a.sql", said, dated)
        put(tmp_path, "core/b.sql", "from core.a", dated)
        put(tmp_path, "core/c.sql", "select symbol, max(price) as price from core.b group by all")
        put(tmp_path, "core/d.sql", "from core.a semi join core.c using (symbol)", dated)
        tell("quote", [{"symbol": "IWM", "session": f"2026-01-0{n}", "close": n} for n in (5, 6)])
        run(con, tmp_path, {"raw.quote": date(2026, 1, 5)})
        con.execute("update core.a set price = price + 0.5")  # to see what is written anew
        # when another day lands
        since = tell("quote", [{"symbol": "IWM", "session": "2026-01-07", "close": 7}]).since
        done = self.actions(run(con, tmp_path, {"raw.quote": since}))
        # then what is dated has that day anew, and what reads a table that is not is whole
        assert done == {
            "core.a": "extended",
            "core.b": "extended",
            "core.c": "rebuilt",
            "core.d": "rebuilt",
        }
        prices = "select list(price order by day) from core."
        assert con.execute(f"{prices}a").fetchone() == ([5.5, 6.5, 7],)
        assert con.execute(f"{prices}b").fetchone() == ([5, 6, 7],)
        assert con.execute(f"{prices}d").fetchone() == ([5.5, 6.5, 7],)

    def test_a_changed_definition_rebuilds(
        self, con: duckdb.DuckDBPyConnection, folder: Path
    ) -> None:
        put(folder, "core/b.sql", "select symbol, 2 * price as price from core.a")
        assert self.actions(run(con, folder))["core.b"] == "rebuilt"
        assert self.actions(run(con, folder))["core.b"] == "kept"

    def test_a_table_that_is_gone_is_rebuilt(
        self, con: duckdb.DuckDBPyConnection, folder: Path
    ) -> None:
        con.execute("drop table core.b")
        assert self.actions(run(con, folder)) == {
            "core.a": "kept",
            "core.b": "rebuilt",
            "core.c": "kept",
        }

    def test_what_failed_leaves_the_table_as_it_was(
        self, con: duckdb.DuckDBPyConnection, tell: Tell, folder: Path
    ) -> None:
        tell("quote", [{"symbol": "IWM", "session": "2026-01-05", "close": "7"}])
        run(con, folder, {"raw.quote": LAST})
        put(folder, "core/b.sql", "select symbol, 1 as price from core.a")
        with pytest.raises(TransformError):
            run(con, folder)
        assert con.execute("from core.b").fetchall() == [("IWM", 1.0)]


QUOTED = [
    "core.session",
    "core.quote",
    "core.benchmark_quote",
    "core.cohort_member",
    "core.cohort_file",
    "rotation.breadth_count",
]
SEVEN = ["AAPL", "MSFT", "GOOGL", "AMZN", "META", "NVDA", "TSLA"]
LAST = date(2026, 1, 27)


def table(con: duckdb.DuckDBPyConnection, name: str) -> pd.DataFrame:
    return con.execute(f"from {name} order by all").df()


def require_equal(extended: pd.DataFrame, rebuilt: pd.DataFrame, name: str) -> None:
    """The same keys, labels and NULLs; numbers within 1e-9 of the larger of 1 and themselves."""
    keys = [key for key in ("symbol", "session") if key in extended]
    pd.testing.assert_frame_equal(extended[keys], rebuilt[keys], obj=name)
    for column in extended.columns.difference(keys):
        left, right = extended[column], rebuilt[column]
        assert (left.isna() == right.isna()).all(), f"{name}.{column}"
        if left.dtype == "float64":
            error = (left - right).abs() / np.maximum(1, right.abs())
            assert not (error > 1e-9).any(), f"{name}.{column}"
        else:
            assert left.dropna().equals(right.dropna()), f"{name}.{column}"


@pytest.fixture(scope="module")
def history() -> pd.DataFrame:
    """The seven and another over 300 sessions."""
    return bars([*SEVEN, "IWM"], LAST, 300)


@pytest.fixture(scope="module")
def sessions(history: pd.DataFrame) -> list[date]:
    return sorted(history["session"].unique())


class TestExtension:
    """Nights one after another leave the tables that a rebuild gives, some symbols at a time."""

    @pytest.fixture(autouse=True)
    def built_apart(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(history_tables, "QUOTES_AT_ONCE", 100)
        monkeypatch.setattr(added_up, "QUOTES_AT_ONCE", 100)

    def check(
        self, con: duckdb.DuckDBPyConnection, tell: Tell, *answers: pd.DataFrame
    ) -> dict[str, str]:
        """Run a night per answer, compare with a rebuild; says what the last night did."""
        done: dict[str, str] = {}
        for number, answer in enumerate(answers):
            since = tell("quote", answer, f"2026-02-{number + 1:02} 22:30").since
            done = build(con, {"raw.quote": since}, QUOTED)
        extended = {name: table(con, name) for name in QUOTED}
        build(con, {}, QUOTED, rebuild=True)
        for name, frame in extended.items():
            require_equal(frame, table(con, name), name)
        return done

    def test_a_new_session_extends(
        self,
        con: duckdb.DuckDBPyConnection,
        tell: Tell,
        history: pd.DataFrame,
        sessions: list[date],
    ) -> None:
        done = self.check(con, tell, history[history["session"] < LAST], history)
        assert done["core.quote"] == done["rotation.breadth_count"] == "extended"
        # a basket's 100 may stand a session before its members' change
        changed = dict.fromkeys([*SEVEN, "IWM"], LAST)
        changed |= dict.fromkeys(["MAG7", "MAG7_HOLD"], sessions[-2])
        assert dict(con.execute("from changed").fetchall()) == changed

    def test_an_unchanged_answer_keeps(
        self, con: duckdb.DuckDBPyConnection, tell: Tell, history: pd.DataFrame
    ) -> None:
        assert set(self.check(con, tell, history, history).values()) == {"kept"}

    @pytest.mark.parametrize(
        ("symbol", "place"),
        [
            ("IWM", 0),
            ("IWM", 150),
            ("NVDA", 0),
            ("NVDA", 1),
            ("NVDA", -2),
        ],
    )
    def test_a_late_bar(
        self,
        con: duckdb.DuckDBPyConnection,
        tell: Tell,
        history: pd.DataFrame,
        sessions: list[date],
        symbol: str,
        place: int,
    ) -> None:
        late = (history["symbol"] == symbol) & (history["session"] == sessions[place])
        self.check(con, tell, history[~late], history)

    @pytest.mark.parametrize(("symbol", "place"), [("IWM", 40), ("NVDA", 0), ("NVDA", -1)])
    def test_a_restated_bar(
        self,
        con: duckdb.DuckDBPyConnection,
        tell: Tell,
        history: pd.DataFrame,
        sessions: list[date],
        symbol: str,
        place: int,
    ) -> None:
        wrong = (history["symbol"] == symbol) & (history["session"] == sessions[place])
        restated = history.assign(close=history["close"].where(~wrong, 2 * history["close"]))
        assert self.check(con, tell, history, restated)["core.quote"] == "extended"

    @pytest.mark.parametrize("symbol", ["IWM", "NVDA"])
    def test_older_history(
        self,
        con: duckdb.DuckDBPyConnection,
        tell: Tell,
        history: pd.DataFrame,
        sessions: list[date],
        symbol: str,
    ) -> None:
        older = (history["symbol"] == symbol) & (history["session"] < sessions[100])
        self.check(con, tell, history[~older], history)

    @pytest.mark.parametrize("symbol", ["IWM", "NVDA"])
    def test_a_symbol_that_was_unknown(
        self, con: duckdb.DuckDBPyConnection, tell: Tell, history: pd.DataFrame, symbol: str
    ) -> None:
        self.check(con, tell, history[history["symbol"] != symbol], history)

    def test_a_stand_in_before_the_member_has_quotes(
        self,
        con: duckdb.DuckDBPyConnection,
        tell: Tell,
        history: pd.DataFrame,
        sessions: list[date],
    ) -> None:
        # given GOOG throughout, and GOOGL at first from the 200th session on, then throughout
        stand_in = history[history["symbol"] == "GOOGL"].assign(symbol="GOOG")
        late = (history["symbol"] == "GOOGL") & (history["session"] < sessions[200])
        everything = pd.concat([history, stand_in])
        self.check(con, tell, pd.concat([history[~late], stand_in]), everything)

    @pytest.mark.parametrize("symbol", ["IWM", "NVDA"])
    @pytest.mark.parametrize("gap", [20, 298])
    def test_a_symbol_that_was_away_for_long(
        self,
        con: duckdb.DuckDBPyConnection,
        tell: Tell,
        history: pd.DataFrame,
        sessions: list[date],
        gap: int,
        symbol: str,
    ) -> None:
        # given a symbol that is not quoted on the sessions before the last
        away = (history["symbol"] == symbol) & history["session"].isin(sessions[-gap - 1 : -1])
        quoted = history[~away]
        self.check(con, tell, quoted[quoted["session"] < LAST], quoted)

    def test_answers_that_overlap_by_little(
        self,
        con: duckdb.DuckDBPyConnection,
        tell: Tell,
        history: pd.DataFrame,
        sessions: list[date],
    ) -> None:
        parts = [
            history[history["session"].isin(sessions[first:last])]
            for first, last in ((0, 297), (296, 298), (297, 299), (298, 300))
        ]
        self.check(con, tell, *parts)


def test_what_an_earlier_version_built_is_dropped(con: duckdb.DuckDBPyConnection) -> None:
    # given a table that no transform builds any more, its view, what is no view any more, what is
    # built as ever, and what was never catalogued
    con.execute(
        """
        create table rotation.former as select 1 as session;
        create view rotation.latest_former as from rotation.former;
        create view rotation.today as from rotation.former;
        create table rotation.streak as select 1 as session;
        create table rotation.own as select 1 as session;
        insert into ops.table_catalog (schema_name, table_name)
        values ('rotation', 'former'), ('rotation', 'latest_former'), ('rotation', 'today'),
            ('rotation', 'streak'), ('raw', 'quote')
        """
    )

    # when
    drop_former(con, read_transforms())

    # then
    left = con.execute(
        "select table_name from information_schema.tables where table_schema = 'rotation'"
    ).fetchall()
    assert sorted(left) == [("own",), ("streak",)]
    assert con.execute("select count(*) from raw.quote").fetchone() == (0,)


def test_the_catalog_says_what_there_is(con: duckdb.DuckDBPyConnection, tell: Tell) -> None:
    # given a night
    tell("quote", bars(["IWM", "SPY"], LAST, 5))
    build(con, {"raw.quote": LAST}, QUOTED)
    # then the catalog has each table with its rows, newest day and origin
    transforms = [t for t in read_transforms() if t.name in QUOTED]
    write_catalog(con, transforms, {})
    (found,) = con.execute(
        """
        select grain, row_count, newest, upstream, built_by
        from ops.table_catalog
        where schema_name = 'core' and table_name = 'quote'
        """
    ).fetchall()
    upstream = ["raw.quote", "reference.basket_member", "reference.calendar_day"]
    assert found == ("symbol, session", 10, LAST, upstream, "transforms/core/quote.sql")
    schemas = con.execute("select distinct schema_name from ops.table_catalog").fetchall()
    assert {name for (name,) in schemas} == {"raw", "reference", "ops", "core", "rotation"}
