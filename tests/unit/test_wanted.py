"""What a night wants of a vendor, by what the warehouse lacks."""

from datetime import date, datetime

import duckdb
import pandas as pd
import pytest
from night import bars

from flows.sources import Outcome
from warehouse.dataset import Dataset
from warehouse.land import land
from warehouse.outcome import note_outcomes
from warehouse.run import Run
from warehouse.wanted import overlap_start, wanted

UNIVERSE = {"leave_out": [], "member_years": 5, "companies": 3}
FRIDAY, MONDAY = date(2026, 1, 9), date(2026, 1, 12)


def run_of(session: date) -> Run:
    return Run("nightly", "live", session, datetime.combine(session, datetime.max.time()))


@pytest.fixture
def members(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A warehouse that knows one holdings file: two companies, one with its own spelling."""
    frame = pd.DataFrame(
        {
            "fund": "IWM",
            "holdings_date": FRIDAY,
            "ticker": ["ABCD", "MOGA", "XTSLA", "-"],
            "asset_class": ["Equity", "Equity", "Money Market", "Equity"],
            "weight_pct": [50.0, 49.0, 1.0, 0.0],
        }
    )
    land(con, "holding", frame, run_of(MONDAY))
    return con


def quotes(
    con: duckdb.DuckDBPyConnection, session: date = MONDAY, **universe: object
) -> dict[str, date | None]:
    frame = wanted(con, "quote", run_of(session), UNIVERSE | universe)
    return {
        symbol: None if pd.isna(since) else since.date()
        for symbol, since in zip(frame["symbol"], frame["since"], strict=True)
    }


def test_a_first_run_wants_all_history_of_funds_and_years_of_members(
    members: duckdb.DuckDBPyConnection,
) -> None:
    names = quotes(members)

    assert {names[symbol] for symbol in ("IWM", "SPY", "^GSPC", "AAPL", "GOOGL")} == {None}
    assert names["ABCD"] == names["MOG-A"] == date(2021, 1, 12)
    assert not {"MAG7", "XTSLA", "MOGA", "-"} & set(names)
    assert list(names).index("IWM") < list(names).index("ABCD")


def test_a_cohort_can_be_left_out(members: duckdb.DuckDBPyConnection) -> None:
    assert "ABCD" not in quotes(members, leave_out=["SMALL"])
    funds = wanted(members, "holding", run_of(MONDAY), UNIVERSE | {"leave_out": ["SMALL"]})
    assert funds["fund"].tolist() == ["IVV"]


def test_a_later_night_wants_the_overlap_before_the_last_final_session(
    con: duckdb.DuckDBPyConnection,
) -> None:
    frame = bars(["IWM"], FRIDAY, 30).assign(is_final=True)
    frame.loc[frame["session"] == FRIDAY, "is_final"] = False
    land(con, "quote", frame, run_of(FRIDAY))

    # 2026-01-08 is final; five sessions before it is 2025-12-31, New Year's Day is none.
    assert quotes(con)["IWM"] == date(2025, 12, 31)


def test_a_week_off_is_filled_from_where_the_bars_end(con: duckdb.DuckDBPyConnection) -> None:
    land(con, "quote", bars(["IWM"], FRIDAY, 30).assign(is_final=True), run_of(FRIDAY))

    assert quotes(con, date(2026, 1, 23))["IWM"] == date(2026, 1, 2)


def test_a_missing_session_is_asked_for_again(con: duckdb.DuckDBPyConnection) -> None:
    frame = bars(["IWM"], FRIDAY, 30).assign(is_final=True)
    land(con, "quote", frame[frame["session"] != date(2025, 12, 15)], run_of(FRIDAY))

    # Five sessions before the hole.
    assert quotes(con)["IWM"] == date(2025, 12, 8)


def note(con: duckdb.DuckDBPyConnection, session: date, **outcomes: str) -> None:
    """What became of quotes in a night."""
    words = {f"quote {name}": word for name, word in outcomes.items()}
    note_all(con, session, words)


def note_all(con: duckdb.DuckDBPyConnection, session: date, words: dict[str, str]) -> None:
    run = run_of(session)
    note_outcomes(con, run, [Outcome(key, word, 1, 0) for key, word in words.items()])
    con.execute(
        "insert into ops.run by name select $1 as run_id, $2 as session", [run.run_id, session]
    )


@pytest.mark.parametrize("outcome", ["unknown", "empty", "stopped"])
def test_a_name_that_was_silent_for_a_week_rests_for_another(
    con: duckdb.DuckDBPyConnection, outcome: str
) -> None:
    land(con, "quote", bars(["IWM"], date(2026, 1, 2), 3), run_of(FRIDAY))
    land(con, "quote", bars(["SPY"], date(2026, 1, 8), 3), run_of(FRIDAY))
    note(con, FRIDAY, IWM=outcome, SPY=outcome)

    assert "IWM" not in quotes(con, MONDAY)
    assert "IWM" in quotes(con, date(2026, 1, 16))
    # A vendor's bad night silences nobody who had a bar the day before.
    assert "SPY" in quotes(con, MONDAY)
    dead = wanted(con, "quote", run_of(date(2026, 1, 16)), UNIVERSE).set_index("symbol")["is_dead"]
    assert dead[dead].index.tolist() == ["IWM", "SPY"]


def test_a_name_that_never_gave_a_bar_rests_after_two_nights(
    members: duckdb.DuckDBPyConnection,
) -> None:
    note(members, date(2026, 1, 8), ABCD="unknown")
    assert "ABCD" in quotes(members, FRIDAY)

    note(members, FRIDAY, ABCD="empty")
    assert "ABCD" not in quotes(members, MONDAY)
    assert "ABCD" in quotes(members, date(2026, 1, 16))

    # What it said last counts: a broken answer is none.
    note(members, date(2026, 1, 16), ABCD="failed")
    assert "ABCD" in quotes(members, date(2026, 1, 20))


def test_symbols_that_were_left_over_come_first(members: duckdb.DuckDBPyConnection) -> None:
    land(members, "quote", bars(["ABCD"], MONDAY, 3), run_of(MONDAY))
    land(members, "quote", bars(["MOG-A"], FRIDAY, 3), run_of(MONDAY))

    names = list(quotes(members))
    assert names.index("MOG-A") < names.index("ABCD")


def test_companies_that_split_or_report_come_first_then_those_with_the_oldest_word(
    members: duckdb.DuckDBPyConnection,
) -> None:
    def told(symbol: str, day: str, report: str | None) -> dict[str, object]:
        word = {"symbol": symbol, "snapshot_date": day, "report_date": report}
        return word | {"horizon": "0y", "eps_avg": 1.0}

    frame = pd.DataFrame(
        [
            told("ABCD", "2026-01-08", "2026-01-15"),
            told("MOG-A", "2025-12-01", "2026-03-01"),
            *(
                told(symbol, "2026-01-05", None)
                for symbol in ("AAPL", "MSFT", "GOOGL", "AMZN", "META", "NVDA")
            ),
        ]
    )
    land(members, "estimate", frame, run_of(FRIDAY))
    # raw.estimate keeps whose word it was.
    members.execute("update raw.estimate set source = 'live'")

    def companies(most: int) -> list[str]:
        universe = UNIVERSE | {"companies": most}
        names: list[str] = wanted(members, "estimate", run_of(MONDAY), universe)["symbol"].tolist()
        return names

    assert companies(3) == ["ABCD", "TSLA", "MOG-A"]

    # A season of reports leaves half of the night to the others.
    members.execute("update raw.estimate set report_date = '2026-01-14' where symbol <> 'MOG-A'")
    assert companies(3)[2:] == ["TSLA"]
    assert companies(4)[2:] == ["TSLA", "MOG-A"]
    assert len(companies(99)) == 9

    # Whose word never comes has had its turn too.
    note_all(members, FRIDAY, {"estimate TSLA": "failed"})
    assert "TSLA" not in companies(4)

    # After a split the shares that are known are those before it.
    split = bars(["MSFT"], MONDAY, 2).assign(split_ratio=[0.0, 4.0])
    land(members, "quote", split, run_of(MONDAY))
    assert companies(3)[0] == "MSFT"


def test_rates_are_wanted_from_a_week_before_the_newest_release(
    con: duckdb.DuckDBPyConnection,
) -> None:
    frame = pd.DataFrame(
        {
            "series_id": "CPIAUCSL",
            "observation_date": ["2025-12-01"],
            "value_pct": ["320"],
            "known_at": ["2026-01-10 13:30"],
        }
    )
    land(con, "rate", frame, run_of(MONDAY))

    series = wanted(con, "rate", run_of(MONDAY), UNIVERSE).set_index("series_id")["since"]

    assert series["CPIAUCSL"] == pd.Timestamp("2026-01-03")
    assert pd.isna(series["DGS10"])


@pytest.mark.parametrize(
    ("dataset", "row"),
    [
        ("quote", {"symbol": "IWM", "close": 100.0}),
        ("estimate", {"symbol": "ABCD", "horizon": "0y", "eps_avg": 1.0}),
        ("fundamental", {"symbol": "ABCD", "shares_outstanding": 1e6}),
    ],
)
def test_a_source_is_asked_again_from_the_fifth_session_back(
    con: duckdb.DuckDBPyConnection, dataset: str, row: dict[str, object]
) -> None:
    about = Dataset.named(dataset)
    assert overlap_start(con, about) is None

    land(con, dataset, pd.DataFrame([{about.dated_by: MONDAY, **row}]), run_of(MONDAY))

    assert overlap_start(con, about) == date(2026, 1, 6)


def test_rates_are_always_asked_for_whole(con: duckdb.DuckDBPyConnection) -> None:
    frame = pd.DataFrame([{"series_id": "DGS10", "observation_date": FRIDAY, "value_pct": 4.0}])
    land(con, "rate", frame, run_of(MONDAY))

    assert overlap_start(con, Dataset.named("rate")) is None
