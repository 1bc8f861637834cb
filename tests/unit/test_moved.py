"""What moved since the last publication: which values, why, and what the sentence says."""

from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from night import FIRST, SECOND, bars, build, run_night

from warehouse import calendar
from warehouse.connect import open_build
from warehouse.land import land
from warehouse.moved import Moved, in_words, note_moves
from warehouse.place import Place
from warehouse.run import Run
from warehouse.transform import read_transforms
from warehouse.writing import writing

TABLES = [
    *(t.name for t in read_transforms() if t.declaration.schema == "core"),
    "rotation.relative_strength",
    "rotation.streak",
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose first night is published: two funds, 100 sessions."""
    run_night(tmp_path, FIRST, {"quote": bars(["IWM", "SPY"], FIRST, 100)}, TABLES)
    return tmp_path


def second_night(home: Path, quotes: pd.DataFrame) -> list[Moved]:
    place = Place(home)
    run = Run("nightly", "files", SECOND, calendar.night_ends(SECOND))
    with writing(place, run) as con:
        land(con, "quote", quotes, run)
        done = build(con, {"raw.quote": date.min}, TABLES)
        con.commit()
        built = {name for name, action in done.items() if action != "kept"}
        return note_moves(con, place, run, read_transforms(), built)


def restatements(home: Path, where: str = "true") -> pd.DataFrame:
    with open_build(Place(home)) as con:
        return con.execute(f"from ops.restatement where {where} order by all").df()


def test_a_night_that_only_adds_moves_nothing(home: Path) -> None:
    assert second_night(home, bars(["IWM", "SPY"], SECOND, 6)) == []
    assert restatements(home).empty


def test_a_restated_close_is_followed_into_every_metric(home: Path) -> None:
    quotes = bars(["IWM", "SPY"], SECOND, 6)
    day = date(2026, 1, 6)
    quotes.loc[(quotes["symbol"] == "IWM") & (quotes["session"] == day), "close"] *= 1.1

    moved = second_night(home, quotes)

    assert {table.table for table in moved} == {"rotation.relative_strength", "rotation.streak"}
    assert {table.cause for table in moved} == {"vendor"}
    told = restatements(home, "dataset = 'rotation.relative_strength'")
    assert {key.split()[0] for key in told["key"]} == {"2026-01-06", "2026-01-07"}
    first = told[told["key"].str.startswith("2026-01-06") & (told["column_name"] == "ratio")]
    ratio = float(first["new_value"].iloc[0]) / float(first["old_value"].iloc[0])
    assert ratio == pytest.approx(1.1)
    words = in_words(moved)
    assert words.startswith(f"{sum(table.values for table in moved)} published values of 2 tables")
    assert "(vendor), the largest: rotation." in words


def test_older_history_that_comes_later_is_said_to_be_history(home: Path) -> None:
    moved = second_night(home, bars(["IWM", "SPY"], SECOND, 300))

    assert {table.cause for table in moved} == {"history"}
    told = restatements(home).set_index("column_name")
    assert "history_start" in told.index
    # Windows that were too short are filled; none that was whole moves.
    assert told.loc[["excess_1d_pct", "excess_1m_pct"], "old_value"].isna().all()


def test_a_changed_definition_is_said_to_be_one(home: Path) -> None:
    place = Place(home)
    with duckdb.connect(place.build) as con:
        con.execute("update rotation.streak set excess_1d_pct = excess_1d_pct + 1")
        con.execute("update ops.table_catalog set fingerprint = '' where table_name = 'streak'")
    run = Run("nightly", "files", SECOND, calendar.night_ends(SECOND))
    with writing(place, run) as con:
        con.commit()
        moved = note_moves(con, place, run, read_transforms(), {"rotation.streak"})
    assert [(table.table, table.cause) for table in moved] == [("rotation.streak", "definition")]


class TestOtherTables:
    """A publication with some more tables, of which a night says something else."""

    @staticmethod
    def moved(home: Path, *changes: str) -> list[Moved]:
        place = Place(home)
        with duckdb.connect(place.build) as con:
            for change in changes:
                con.execute(change)
        run = Run("nightly", "files", SECOND, calendar.night_ends(SECOND))
        tables = {"core.rate", "rotation.policy_event", "rotation.episode", "rotation.streak"}
        with writing(place, run) as con:
            con.commit()
            return note_moves(con, place, run, read_transforms(), tables)

    @pytest.fixture
    def home(self, tmp_path: Path) -> Path:
        quotes = bars(["IWM", "SPY"], FIRST, 100)
        days = ["2025-12-01", "2025-12-02"]
        rates = pd.DataFrame({"series_id": "DGS2", "observation_date": days, "value_pct": 4.0})
        more = ["core.benchmark_quote", "rotation.policy_event", "rotation.episode"]
        needs = ["rotation.rate_regime", "rotation.policy_decision"]
        run_night(tmp_path, FIRST, {"quote": quotes, "rate": rates}, [*TABLES, *needs, *more])
        return tmp_path

    def test_a_revised_rate_is_the_vendor_s(self, home: Path) -> None:
        (moved,) = self.moved(
            home, "update core.rate set value_pct = 5 where observation_date = '2025-12-01'"
        )
        assert (moved.table, moved.values, moved.cause) == ("core.rate", 1, "vendor")
        assert moved.largest == "core.rate.value_pct of DGS2 2025-12-01, 4.0 to 5.0"

    def test_rows_that_went_and_came(self, home: Path) -> None:
        moved = self.moved(
            home,
            "delete from core.rate where observation_date = '2025-12-01'",
            "insert into core.rate by name select 'DGS5' as series_id, "
            "date '2025-12-01' as observation_date",
            "insert into rotation.streak by name select session, pair || '2' as pair, basis "
            "from rotation.streak where session = '2026-01-06'",
        )
        assert [(table.table, table.values) for table in moved] == [
            ("core.rate", 0),
            ("rotation.streak", 0),
        ]
        assert moved[0].rows == 1
        told = restatements(home, "column_name = 'row' and dataset = 'core.rate'")
        assert told[["key", "old_value"]].to_numpy().tolist() == [["DGS2 2025-12-01", "there"]]
        rows = sum(table.rows for table in moved)
        assert in_words(moved).startswith(f"{rows} rows of the past came or went (")

    def test_what_was_not_yet_known_or_over_does_not_move(self, home: Path) -> None:
        row = "insert into {} by name select 'x' as pair, date '2025-12-01' as {}, {}"
        episode = row.format("rotation.episode", "trough_session", "{} as is_open, 1 as gain_pct")
        event = row.format("rotation.policy_event", "event_date", "{} as excess_post_1d_pct")
        place = Place(home)
        place.warehouse.chmod(0o644)
        with duckdb.connect(place.warehouse.resolve()) as con:
            con.execute(episode.format("true"))
            con.execute(event.format("null"))
        assert self.moved(home, episode.format("false"), event.format("1")) == []
        with duckdb.connect(place.warehouse.resolve()) as con:
            con.execute("update rotation.episode set is_open = false, gain_pct = 2")
        assert [table.table for table in self.moved(home)] == ["rotation.episode"]


def test_a_first_night_has_nothing_to_compare_with(tmp_path: Path) -> None:
    place = Place(tmp_path)
    run = Run("nightly", "files", FIRST, calendar.night_ends(FIRST))
    with writing(place, run) as con:
        con.commit()
        assert note_moves(con, place, run, read_transforms(), set()) == []
    assert in_words([]) == ""
