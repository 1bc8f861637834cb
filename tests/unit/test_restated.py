"""What a vendor says anew: whole history asked for, causes told, finality given."""

from datetime import date, datetime

import duckdb
import pandas as pd
import pytest
from night import bars

from warehouse.land import land
from warehouse.restated import moved_symbols, rebased_bars, with_finality
from warehouse.run import Run

MONDAY, TUESDAY = date(2026, 1, 12), date(2026, 1, 13)


def run_of(session: date) -> Run:
    return Run("nightly", "live", session, datetime.combine(session, datetime.max.time()))


def week(last: date = MONDAY, sessions: int = 10) -> pd.DataFrame:
    frame = bars(["AAPL"], last, sessions).assign(dividend=0.0, split_ratio=0.0, volume=1000)
    return frame.assign(**dict.fromkeys(("open", "high", "low", "adj_close"), frame["close"]))


def restatements(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    return con.execute("from ops.restatement order by key, column_name").df()


@pytest.fixture
def landed(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    land(con, "quote", week(), run_of(MONDAY))
    return con


def rebased(frame: pd.DataFrame) -> pd.DataFrame:
    """The same bars after a 4:1 split on their last session."""
    frame = frame.copy()
    frame[["open", "high", "low", "close", "adj_close"]] /= 4
    frame.loc[frame.index[-1], "split_ratio"] = 4.0
    return frame


def test_the_first_word_on_a_bar_restates_nothing(landed: duckdb.DuckDBPyConnection) -> None:
    assert restatements(landed).empty


def test_a_split_moves_a_symbol_and_rebases_every_bar_once(
    landed: duckdb.DuckDBPyConnection,
) -> None:
    night = rebased(week(TUESDAY, 6))
    moved = moved_symbols(landed, night)
    assert moved["symbol"].tolist() == ["AAPL"]
    assert moved["since"].iloc[0] == pd.Timestamp(week()["session"].min())

    run = run_of(TUESDAY)
    land(landed, "quote", rebased(week(TUESDAY, 11)), run)

    told = restatements(landed)
    assert told["cause"].unique().tolist() == ["split"]
    assert told["run_id"].unique().tolist() == [run.run_id]
    assert told.groupby("column_name").size().to_dict() == {"adj_close": 10, "close": 10}
    ratio = told["old_value"].astype(float) / told["new_value"].astype(float)
    assert ratio.to_list() == pytest.approx([4.0] * 20)
    assert moved_symbols(landed, night).empty


def test_a_bar_that_the_vendor_lost_is_rebased_with_its_neighbours(
    landed: duckdb.DuckDBPyConnection,
) -> None:
    whole = rebased(week(TUESDAY, 11))
    lost = whole.iloc[4]
    whole = whole.drop(index=whole.index[4])

    kept = rebased_bars(landed, whole)

    assert kept[["symbol", "session"]].values.tolist() == [["AAPL", pd.Timestamp(lost["session"])]]
    for name in ("open", "high", "low", "close", "adj_close"):
        assert kept[name].iloc[0] == pytest.approx(lost[name])
    assert kept["volume"].iloc[0] == 4000

    # A correction of one other bar leaves it alone.
    corrected = week(MONDAY).drop(index=week(MONDAY).index[4])
    corrected.loc[corrected.index[0], "close"] *= 1.02
    assert rebased_bars(landed, corrected).empty


def test_a_dividend_moves_adj_close_alone(landed: duckdb.DuckDBPyConnection) -> None:
    night = week(TUESDAY, 6)
    night.loc[night.index[:-1], "adj_close"] *= 0.99
    night.loc[night.index[-1], "dividend"] = 1.0

    assert moved_symbols(landed, night).empty
    land(landed, "quote", night, run_of(TUESDAY))

    told = restatements(landed)
    assert told["column_name"].unique().tolist() == ["adj_close"]
    assert told["cause"].unique().tolist() == ["dividend"]
    assert len(told) == 5


def test_an_older_bar_hears_of_a_dividend_weeks_later(landed: duckdb.DuckDBPyConnection) -> None:
    night = week(TUESDAY, 6)
    night.loc[night.index[:-1], "adj_close"] *= 0.99
    night.loc[night.index[-1], "dividend"] = 1.0
    land(landed, "quote", night, run_of(TUESDAY))
    whole = week(TUESDAY, 11)
    whole.loc[whole.index[:-1], "adj_close"] *= 0.99
    whole.loc[whole.index[-1], "dividend"] = 1.0

    run = run_of(TUESDAY)
    land(landed, "quote", whole, run)
    again = run_of(TUESDAY)
    land(landed, "quote", whole.assign(adj_close=whole["adj_close"] * 0.98), again)

    told = restatements(landed)
    causes = {r: set(rows["cause"]) for r, rows in told.groupby("run_id")}
    assert causes[run.run_id] == {"dividend"}
    assert (told["run_id"] == run.run_id).sum() == 5
    # Without a dividend that is new to the bar it is the vendor's.
    assert causes[again.run_id] == {"vendor"}


def test_anything_else_is_the_vendors_restatement(landed: duckdb.DuckDBPyConnection) -> None:
    night = week(TUESDAY, 6)
    night.loc[night.index[0], ["high", "close", "adj_close"]] *= 1.02

    assert moved_symbols(landed, night)["symbol"].tolist() == ["AAPL"]
    land(landed, "quote", night, run_of(TUESDAY))

    told = restatements(landed)
    assert told["cause"].tolist() == ["vendor", "vendor"]
    assert told["key"].unique().tolist() == [f"AAPL {night['session'].iloc[0]}"]
    # The known value is a later version beside the first, which as-of readers still find.
    versions = landed.execute(
        "select close from raw.quote where session = $1 order by known_at",
        [night["session"].iloc[0]],
    ).fetchall()
    assert versions[1][0] / versions[0][0] == pytest.approx(1.02)


def test_two_precisions_of_one_price_restate_nothing(landed: duckdb.DuckDBPyConnection) -> None:
    night = week(TUESDAY, 6)
    night["close"] *= 1 + 1e-8

    assert moved_symbols(landed, night).empty
    land(landed, "quote", night, run_of(TUESDAY))

    assert restatements(landed).empty


def test_a_bar_is_final_once_two_answers_agree(con: duckdb.DuckDBPyConnection) -> None:
    first, second = run_of(MONDAY), run_of(TUESDAY)

    night = with_finality(con, week(), first)
    # The last five sessions may still be corrected; what is older is settled when it first comes.
    assert night.sort_values("session")["is_final"].tolist() == [True] * 5 + [False] * 5
    land(con, "quote", night, first)

    again = week(TUESDAY, 7)
    again.loc[again.index[4], "volume"] = 2000
    again = with_finality(con, again, second).sort_values("session")
    assert again["is_final"].tolist() == [True, True, True, True, False, True, False]
    land(con, "quote", again, second)

    rows = con.execute(
        """
        select session, list(is_final order by run_id), count(distinct known_at)
        from raw.quote
        where session in ('2026-01-12', '2026-01-09', '2026-01-08')
        group by session
        order by session
        """
    ).fetchall()
    # To stand by a value is no new value: it stays known since its own night.
    assert [flags for _, flags, _ in rows] == [[False, True], [False, False], [False, True]]
    assert [times for *_, times in rows] == [1, 2, 1]
