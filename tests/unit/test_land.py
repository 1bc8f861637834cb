"""Landing: what counts as known when, what is news, what is set aside."""

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from night import Tell, build

from warehouse.dataset import Dataset
from warehouse.land import land, slices
from warehouse.run import Run

D1, D2, D3, D4 = "2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"


def quote(symbol: str = "IWM", session: str = D1, close: object = "100", **more: object) -> dict:
    return {"symbol": symbol, "session": session, "close": close, **more}


def rate(series_id: str, day: str, value: object = "4.1", **more: object) -> dict:
    return {"series_id": series_id, "observation_date": day, "value_pct": value, **more}


def holding(
    ticker: str = "AAA", day: str = "2026-05-05", fund: str = "IWM", **more: object
) -> dict:
    return {"fund": fund, "holdings_date": day, "ticker": ticker, **more}


def estimate(
    symbol: str = "AAA", day: str = "2026-01-26", horizon: str = "0y", **more: object
) -> dict:
    return {"symbol": symbol, "snapshot_date": day, "horizon": horizon, "eps_avg": "1", **more}


def fundamental(symbol: str = "AAA", day: str = "2026-01-26", **more: object) -> dict:
    return {"symbol": symbol, "snapshot_date": day, **more}


def stored(con: duckdb.DuckDBPyConnection, dataset: str, columns: str) -> list[tuple[Any, ...]]:
    """Those columns of `raw.<dataset>`, sorted."""
    return sorted(con.execute(f"select {columns} from raw.{dataset}").fetchall(), key=str)


def set_aside(con: duckdb.DuckDBPyConnection) -> list[tuple[str, Any]]:
    """Reason and row, as JSON gives it, of all that is quarantined."""
    rows = con.execute("select reason, row from ops.quarantine order by row_number").fetchall()
    return [(reason, json.loads(row)) for reason, row in rows]


class TestKnownAt:
    @pytest.mark.parametrize(
        ("source", "started_at", "known_by", "known_at"),
        [
            ("live", "2026-05-09 12:00", "2026-05-09 12:00", "2026-05-09 12:00"),  # in hand
            ("live", "2026-05-12 09:00", "2026-05-12 09:00", "2026-05-11 13:00"),  # long known
            ("live", "2026-05-12 09:00", "2026-05-08 22:30", None),  # not by that night
            ("live", "2026-05-07 23:00", "2026-05-07 23:00", None),  # of tomorrow
            ("files", "2026-05-09 12:00", "2026-05-09 12:00", None),
        ],
    )
    def test_what_a_vendor_says_early_is_known_from_then(
        self,
        con: duckdb.DuckDBPyConnection,
        source: str,
        started_at: str,
        known_by: str,
        known_at: str | None,
    ) -> None:
        start, end = map(datetime.fromisoformat, (started_at, known_by))
        run = Run("nightly", source, end.date(), end, started_at=start)

        land(con, "holding", pd.DataFrame([holding(day="2026-05-08")]), run)  # a Friday

        expected = [(datetime.fromisoformat(known_at),)] if known_at else []
        assert stored(con, "holding", "known_at") == expected

    @pytest.mark.parametrize(
        ("dataset", "row", "known_at"),
        [
            ("quote", quote(session="2026-01-27"), "2026-01-27 22:00"),
            ("quote", quote(session="2025-11-28"), "2025-11-28 22:00"),  # closes at 13:00
            ("rate", rate("DGS10", "2026-01-27"), "2026-01-28 22:00"),
            ("rate", rate("DGS10", "2026-01-23"), "2026-01-26 22:00"),  # a Friday
            ("rate", rate("DGS10", "2026-01-16"), "2026-01-20 22:00"),  # before a long weekend
            ("rate", rate("DFF", "2026-01-24"), "2026-01-26 22:00"),  # a Saturday
            ("rate", rate("DFF", "2026-01-19"), "2026-01-20 22:00"),  # a holiday
            ("rate", rate("ANOTHER", "2026-01-27"), "2026-01-28 22:00"),  # nobody's reference
            ("rate", rate("DFEDTARU", "2025-09-18"), "2025-09-17 18:00"),  # as announced
            ("rate", rate("DFEDTARL", "2025-09-18"), "2025-09-17 18:00"),
            ("rate", rate("DFEDTARU", "2025-09-17"), "2025-09-17 00:00"),  # nothing new
            ("rate", rate("DFEDTARU", "2026-01-28"), "2026-01-28 00:00"),  # no change decided
            ("rate", rate("DFEDTARU", "2026-01-24"), "2026-01-24 00:00"),  # a Saturday
            ("rate", rate("CPIAUCSL", "2026-05-01"), "2026-06-10 12:30"),  # release calendar
            ("rate", rate("CPIAUCSL", "1995-03-01"), "1995-04-20 22:00"),  # before the calendar
            ("rate", rate("CPIAUCSL", "1995-12-01"), "1996-01-20 22:00"),
            ("holding", holding(day="2026-05-05"), "2026-05-06 13:00"),
            ("holding", holding(day="2026-05-08"), "2026-05-11 13:00"),  # a Friday
            ("holding", holding(day="2026-05-22"), "2026-05-26 13:00"),  # before Memorial Day
            ("holding", holding(day="2026-05-10"), "2026-05-11 13:00"),  # a Sunday
            ("estimate", estimate(day="2026-01-26"), "2026-01-26 22:00"),
            ("estimate", estimate(day="2026-01-25"), "2026-01-25 22:00"),  # a Sunday
            ("fundamental", fundamental(day="2026-01-26"), "2026-01-26 22:00"),
        ],
    )
    def test_each_dataset_has_its_rule(
        self, con: duckdb.DuckDBPyConnection, tell: Tell, dataset: str, row: dict, known_at: str
    ) -> None:
        tell(dataset, [row])
        expected = datetime.fromisoformat(known_at)
        assert stored(con, dataset, "known_at, is_known_at_assumed") == [(expected, True)]

    @pytest.mark.parametrize(
        ("known_by", "landed"), [("2026-01-27 21:59:59", 0), ("2026-01-27 22:00", 1)]
    )
    def test_what_is_not_yet_known_waits(self, tell: Tell, known_by: str, landed: int) -> None:
        row = quote(session="2026-01-27")
        assert tell("quote", [row], known_by).landed == landed
        assert tell("quote", [row], "2026-01-28 22:30").landed == 1 - landed

    def test_a_given_time_waits_too_and_is_kept(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        # given one time of each sort, and one row without
        rows = [
            quote("A", known_at="2026-02-01 09:30:15.5"),
            quote("B", known_at=" 2026-01-06T10:00:00Z "),
            quote("C", known_at=None),
        ]
        # when a night before February and one after land them
        early, late = tell("quote", rows, "2026-01-30 22:30"), tell("quote", rows)
        # then the first row came with the second night, and no given time is an assumed one
        assert (early.landed, late.landed) == (2, 1)
        assert stored(con, "quote", "symbol, known_at, is_known_at_assumed") == [
            ("A", datetime(2026, 2, 1, 9, 30, 15, 500_000), False),
            ("B", datetime(2026, 1, 6, 10), False),
            ("C", datetime(2026, 1, 5, 22), True),
        ]

    def test_times_of_pandas_are_taken(self, con: duckdb.DuckDBPyConnection, tell: Tell) -> None:
        frame = pd.DataFrame([quote("A"), quote("B")])
        frame["known_at"] = pd.to_datetime(["2026-01-06 10:00", None])
        tell("quote", frame)
        assert stored(con, "quote", "symbol, known_at") == [
            ("A", datetime(2026, 1, 6, 10)),
            ("B", datetime(2026, 1, 5, 22)),
        ]

    def test_a_time_seen_within_a_day_is_not_assumed(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        tell("quote", [quote("A", D2), quote("B", D1)], f"{D2} 22:30")
        assert stored(con, "quote", "symbol, is_known_at_assumed") == [("A", False), ("B", True)]

    @pytest.mark.parametrize("cell", ["soon", "2026-13-01 22:00", "2026-01-06 22:00+25"])
    def test_a_time_that_is_none_is_set_aside(
        self, con: duckdb.DuckDBPyConnection, tell: Tell, cell: str
    ) -> None:
        landed = tell("quote", [quote("A", known_at=cell), quote("B", known_at=f"{D1} 22:00")])
        assert (landed.landed, landed.quarantined) == (1, 1)
        assert set_aside(con)[0][1]["known_at"] == cell

    def test_nothing_dated_later_is_known(self, con: duckdb.DuckDBPyConnection, tell: Tell) -> None:
        # given a bar of the 27th with a time that some exporter wrote for "none"
        rows = [quote(session="2026-01-27", known_at="1970-01-01 00:00")]
        # when the night of the 5th lands
        tell("quote", rows, "2026-01-05 22:30")
        # then it knows nothing of the 27th
        assert stored(con, "quote", "session") == []


class TestValues:
    def test_cells_are_typed(self, con: duckdb.DuckDBPyConnection, tell: Tell) -> None:
        tell("quote", [quote(" IWM ", " 2026-01-05 ", " 1.5e2 ", volume="1000.0", dividend="0")])
        columns = "symbol, session, close, volume, dividend, open"
        assert stored(con, "quote", columns) == [("IWM", date(2026, 1, 5), 150.0, 1000, 0.0, None)]

    @pytest.mark.parametrize(
        "cell", ["abc", "1,234.5", "$5", "5%", "0x10", "--", "1 2", "½", "inf"]
    )
    def test_text_in_a_number_is_set_aside(
        self, con: duckdb.DuckDBPyConnection, tell: Tell, cell: str
    ) -> None:
        landed = tell("quote", [quote(close=cell), quote("SPY")])
        assert (landed.received, landed.landed, landed.quarantined) == (2, 1, 1)
        ((reason, row),) = set_aside(con)
        assert reason == "close is not a double"
        assert (row["symbol"], row["close"]) == ("IWM", cell)

    def test_a_bad_optional_number_sets_the_row_aside(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        tell("quote", [quote(volume="many")])
        assert [reason for reason, _ in set_aside(con)] == ["volume is not a bigint"]

    def test_a_whole_number_that_is_too_large_is_set_aside(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        tell("quote", [quote(volume="1e30")])
        assert [reason for reason, _ in set_aside(con)] == ["volume is not a bigint"]

    @pytest.mark.parametrize("missing", [np.nan, None, pd.NA, ""])
    def test_a_missing_close_is_said_to_be_missing(
        self, con: duckdb.DuckDBPyConnection, tell: Tell, missing: object
    ) -> None:
        frame = pd.DataFrame({"symbol": ["IWM"], "session": [D1]})
        frame["close"] = pd.Series([missing], dtype="str" if isinstance(missing, str) else "object")
        tell("quote", frame)
        reasons = [reason for reason, _ in set_aside(con)]
        assert reasons == [
            "close is not a double" if isinstance(missing, str) else "the close is missing"
        ]

    def test_nan_is_a_missing_number_and_no_value(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        frame = pd.DataFrame([quote(close=1.0, dividend=0.5), quote("SPY", close=2.0)])
        assert tell("quote", frame).landed == 2
        assert stored(con, "quote", "symbol, dividend") == [("IWM", 0.5), ("SPY", None)]
        assert tell("quote", frame.assign(dividend=["0.5", "nan"])).landed == 0

    @pytest.mark.parametrize("value", [np.inf, -np.inf])
    def test_infinity_is_no_number(
        self, con: duckdb.DuckDBPyConnection, tell: Tell, value: float
    ) -> None:
        tell("quote", [quote(close=5.0, open=value)])
        assert [reason for reason, _ in set_aside(con)] == ["open is not a double"]

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            (quote(close="0"), "a price is not positive"),
            (quote(close="-0.0"), "a price is not positive"),
            (quote(low="-1"), "a price is not positive"),
            (quote(adj_close="0"), "a price is not positive"),
            (quote(high="1", low="2"), "the high is below the low"),
            (quote(session="1989-12-29"), "the date lies before the first day of the calendar"),
            (quote(symbol="A" * 26), "the symbol is unknown: no name of a security"),
            (quote(symbol="BRK B"), "the symbol is unknown: no name of a security"),
            (quote(session="2026-01-10"), "the date is no session of the exchange"),
            (quote(session="2026-01-19"), "the date is no session of the exchange"),
            (quote(session="infinity"), "session is not a date"),
            (quote(session="05/01/2026"), "session is not a date"),
            (quote(session=None), "session is missing"),
            (quote(symbol="  "), "symbol is missing"),
        ],
    )
    def test_a_row_that_is_bad_on_its_own_is_set_aside(
        self, con: duckdb.DuckDBPyConnection, tell: Tell, row: dict, reason: str
    ) -> None:
        landed = tell("quote", [row, quote("SPY")])
        assert (landed.landed, landed.quarantined) == (1, 1)
        assert [said for said, _ in set_aside(con)] == [reason]

    @pytest.mark.parametrize(
        "symbol", ["^GSPC", "BRK-B", "ES=F", "0P000071W8.TO", "M&M.NS", "A", "700.HK", "S_1"]
    )
    def test_names_of_securities_are_taken(self, tell: Tell, symbol: str) -> None:
        assert tell("quote", [quote(symbol)]).landed == 1

    @pytest.mark.parametrize("ticker", ["BRK/B", "BRK B", "BF.B", "RTYM6", "P5N994"])
    def test_tickers_of_other_spellings_are_taken(self, tell: Tell, ticker: str) -> None:
        assert tell("holding", [holding(ticker)]).landed == 1

    @pytest.mark.parametrize(
        ("dataset", "row", "reason"),
        [
            ("rate", rate("DGS10", D1, None), "the value is missing"),
            ("rate", rate("DGS10", D1, "n/a"), "value_pct is not a double"),
            ("holding", holding("-"), "the line has no ticker"),
            ("holding", holding(None), "ticker is missing"),  # type: ignore[arg-type]
            ("estimate", estimate(horizon="5y"), "the horizon is none of 0q, +1q, 0y, +1y"),
            ("fundamental", fundamental(revenue_usd="lots"), "revenue_usd is not a double"),
        ],
    )
    def test_every_dataset_sets_aside(
        self, con: duckdb.DuckDBPyConnection, tell: Tell, dataset: str, row: dict, reason: str
    ) -> None:
        assert tell(dataset, [row]).quarantined == 1
        assert [said for said, _ in set_aside(con)] == [reason]

    @pytest.mark.parametrize(
        ("dataset", "row"),
        [
            ("quote", quote(session="5000000-01-01")),
            ("rate", rate("DGS10", "5000000-01-01")),
            ("rate", rate("CPIAUCSL", "294246-12-31")),
            ("holding", holding(day="5000000-01-01")),
            ("estimate", estimate(day="5000000-01-01")),
        ],
    )
    def test_a_date_out_of_this_world_is_set_aside_or_waits(
        self, con: duckdb.DuckDBPyConnection, tell: Tell, dataset: str, row: dict
    ) -> None:
        assert tell(dataset, [row]).landed == 0

    def test_an_infinite_date_never_lands(self, con: duckdb.DuckDBPyConnection, tell: Tell) -> None:
        tell("rate", [rate("DGS10", "-infinity"), rate("DGS10", "infinity")])
        assert stored(con, "rate", "observation_date::varchar") == []

    def test_one_text_in_a_long_object_column_is_set_aside(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        closes = np.array([5.0] * 5001 + ["abc"] + [5.0] * 5001, dtype=object)
        symbols = [f"S{number}" for number in range(len(closes))]
        frame = pd.DataFrame({"symbol": symbols, "session": D1, "close": closes})
        landed = tell("quote", frame)
        assert (landed.landed, landed.quarantined) == (10_002, 1)


class TestColumns:
    def test_unknown_columns_are_left_aside(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        rows = [quote(mood="good", source="me", run_id="mine", row_number=7, reason="none")]
        assert tell("quote", rows).landed == 1
        ((source, run_id),) = stored(con, "quote", "source, run_id")
        assert source == "files"
        assert run_id != "mine"

    @pytest.mark.parametrize("dataset", ["quote", "rate", "holding", "estimate", "fundamental"])
    def test_an_empty_frame_lands_nothing(self, tell: Tell, dataset: str) -> None:
        keys = ["symbol", "session", "close", "series_id", "observation_date", "value_pct", "fund"]
        for frame in (
            pd.DataFrame(),
            pd.DataFrame(columns=keys),
            pd.DataFrame(columns=keys, dtype="str"),
        ):
            landed = tell(dataset, frame)
            assert (landed.received, landed.landed, landed.quarantined) == (0, 0, 0)

    @pytest.mark.parametrize("dtype", ["object", "float64", "str", "datetime64[us]"])
    def test_an_optional_column_without_any_value_is_missing(
        self, con: duckdb.DuckDBPyConnection, tell: Tell, dtype: str
    ) -> None:
        frame = pd.DataFrame([estimate()]).assign(report_date=pd.Series([None], dtype=dtype))
        assert tell("estimate", frame).landed == 1
        assert stored(con, "estimate", "report_date, fiscal_period_end") == [(None, None)]

    def test_arrow_columns_land_as_those_of_pandas(self, tell: Tell) -> None:
        plain = pd.DataFrame([quote("A", close=1.5), quote("B", close=2.5)])
        table = pa.table(
            {"symbol": ["A", "B"], "session": [date(2026, 1, 5)] * 2, "close": [1.5, 2.5]}
        )
        assert tell("quote", table.to_pandas(types_mapper=pd.ArrowDtype)).landed == 2
        assert tell("quote", plain).landed == 0

    def test_sessions_with_a_time_of_day_are_days(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        frame = pd.DataFrame([quote("A"), quote("B")])
        frame["session"] = pd.to_datetime(["2026-01-05 16:00", "2026-01-06 00:00"])
        tell("quote", frame)
        assert stored(con, "quote", "session") == [(date(2026, 1, 5),), (date(2026, 1, 6),)]


class TestNews:
    def test_the_same_twice_lands_once(self, tell: Tell) -> None:
        rows = [quote("A", adj_close="99"), quote("A", D2, adj_close="98"), quote("B")]
        assert tell("quote", rows).landed == 3
        assert tell("quote", rows, "2026-07-01 22:30").landed == 0
        assert tell("quote", rows[::-1], "2026-07-02 22:30").landed == 0

    @pytest.mark.parametrize(
        ("dataset", "row", "changed"),
        [
            ("quote", quote(), {"close": "101"}),
            ("quote", quote(dividend="0"), {"dividend": None}),
            ("quote", quote(), {"volume": "7"}),
            ("rate", rate("DGS10", D1), {"value_pct": "4.2"}),
            ("holding", holding(weight_pct="1"), {"weight_pct": "2"}),
            ("estimate", estimate(), {"eps_avg": "2"}),
            ("fundamental", fundamental(name="a"), {"name": "b"}),
        ],
    )
    def test_a_changed_value_is_known_from_the_fetch_that_saw_it(
        self,
        con: duckdb.DuckDBPyConnection,
        tell: Tell,
        dataset: str,
        row: dict,
        changed: dict,
    ) -> None:
        tell(dataset, [row], "2026-06-29 22:30")
        assert tell(dataset, [row | changed], "2026-06-30 20:15").landed == 1
        versions = con.execute(
            f"select known_at, is_known_at_assumed from raw.{dataset} order by known_at"
        ).fetchall()
        assert versions[0][1]
        assert versions[1] == (datetime(2026, 6, 30, 20, 15), False)

    def test_a_value_that_comes_back_is_news_again(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        for day, close in ((29, "1"), (30, "2")):
            tell("quote", [quote(close=close)], f"2026-06-{day} 22:30")
        assert tell("quote", [quote(close="1")], "2026-07-01 22:30").landed == 1
        closes = con.execute("select close from raw.quote order by known_at").fetchall()
        assert closes == [(1.0,), (2.0,), (1.0,)]

    def test_swapped_values_are_news(self, tell: Tell) -> None:
        tell("quote", [quote(open="1", adj_close="2")])
        assert tell("quote", [quote(open="2", adj_close="1")], "2026-07-01 22:30").landed == 1
        assert tell("quote", [quote(adj_close="1")], "2026-07-02 22:30").landed == 1

    def test_equal_rows_of_one_key_collapse(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        rows = [quote(close="100"), quote(close="100.0"), quote(" IWM", close="1e2")]
        landed = tell("quote", rows)
        assert (landed.landed, landed.quarantined) == (1, 0)
        assert stored(con, "quote", "symbol, close") == [("IWM", 100.0)]

    def test_a_word_of_the_night_is_as_late_as_one_that_says_so(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        night = "2026-06-30 22:30"
        rows = [quote(close="100", known_at=night), quote(close="101"), quote("SPY")]
        landed = tell("quote", rows, night)
        assert (landed.landed, landed.quarantined) == (1, 2)

    def test_unequal_rows_of_one_key_are_both_set_aside(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        rows = [quote(close="100"), quote(close="100"), quote(close="101"), quote("SPY")]
        landed = tell("quote", rows)
        assert (landed.landed, landed.quarantined) == (1, 3)
        assert {reason for reason, _ in set_aside(con)} == {
            "the same key came twice with different values"
        }

    def test_a_bad_row_does_not_spoil_a_good_one_of_its_key(self, tell: Tell) -> None:
        landed = tell("quote", [quote(close="abc"), quote(close="100")])
        assert (landed.landed, landed.quarantined) == (1, 1)

    def test_changed_says_each_symbols_earliest_session(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        tell("quote", [quote("A"), quote("A", D2), quote("A", D3), quote("B")])
        tell(
            "quote",
            [quote("A"), quote("A", D2, "7"), quote("A", D3, "7"), quote("B")],
            "2026-07-01 22:30",
        )
        changed = con.execute("from changed").fetchall()
        assert changed == [("A", date(2026, 1, 6))]

    def test_the_run_counts(self, con: duckdb.DuckDBPyConnection) -> None:
        run = Run("nightly", "files", date(2026, 6, 30), datetime(2026, 6, 30, 22, 30))
        land(con, "quote", pd.DataFrame([quote(), quote("SPY", close="x")]), run)
        land(con, "rate", pd.DataFrame([rate("DGS10", D1)]), run)
        assert (run.rows_landed, run.rows_quarantined) == (2, 1)


class TestSlices:
    def test_an_answer_lands_in_parts_as_it_does_in_one(
        self, con: duckdb.DuckDBPyConnection, tell: Tell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # given bars out of order, copies, contradictions, names with spaces, none, and bad rows
        rows = [quote(name, day) for day in (D2, D1) for name in "CAB"]
        rows += [quote("C"), quote(" A "), quote("B", D2, "9"), quote("D", close="-1")]
        rows += [quote(symbol) for symbol in ("", None, "<b>")]
        frame = pd.DataFrame(rows)
        monkeypatch.setattr("warehouse.land.SLICE", 2)
        parts = list(slices(Dataset.named("quote"), frame))
        assert (len(parts), sum(map(len, parts))) == (5, len(rows))
        # when it lands in parts, and once more whole
        first = tell("quote", frame)
        changed = con.execute("from changed order by symbol").fetchall()
        monkeypatch.undo()
        again = tell("quote", frame, "2026-07-01 22:30")
        # then the same rows are set aside each time, and nothing is news
        assert (first.landed, first.quarantined, first.since) == (5, 6, date.fromisoformat(D1))
        assert (again.landed, again.quarantined, again.since) == (0, 6, date.max)
        assert changed == [(name, date.fromisoformat(D1)) for name in "ABC"]
        # what is set aside again as it was is not kept twice
        aside = con.execute("select row_number from ops.quarantine order by all").fetchall()
        assert [number for (number,) in aside] == [3, 9, 10, 11, 12, 13]

    @pytest.mark.parametrize(
        ("dataset", "row", "since"),
        [
            ("quote", quote(session=D2), D2),
            ("rate", rate("DGS10", D2), D2),
            ("estimate", estimate(day="2026-01-26", known_at="2026-01-28"), "2026-01-26"),
            ("estimate", estimate(day="2026-01-26", known_at="2026-01-25"), None),  # set aside
            ("holding", holding(day="2026-05-10"), "2026-05-10"),
            ("rate", rate("T10YIE", D2, known_at=D1), D1),
        ],
    )
    def test_it_says_since_when_something_is_new(
        self, tell: Tell, dataset: str, row: dict, since: str | None
    ) -> None:
        expected = date.fromisoformat(since) if since else date.max
        assert tell(dataset, [row]).since == expected


class TestVintages:
    def test_versions_of_one_key_land_in_one_load(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        # given three words on one bar, out of order, the middle one saying nothing new
        rows = [
            quote(close="3", known_at="2026-03-01 22:00"),
            quote(close="1", known_at="2026-01-05 22:00"),
            quote(close="1", known_at="2026-02-01 22:00"),
        ]
        # when they land, then again
        first, again = tell("quote", rows), tell("quote", rows, "2026-07-01 22:30")
        # then the two that differ are kept, each with its time
        assert (first.landed, again.landed) == (2, 0)
        assert stored(con, "quote", "close, known_at") == [
            (1.0, datetime(2026, 1, 5, 22)),
            (3.0, datetime(2026, 3, 1, 22)),
        ]

    def test_a_vintage_between_two_is_put_between(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        tell(
            "quote",
            [quote(close="1", known_at="2026-01-05"), quote(close="3", known_at="2026-03-01")],
        )
        assert (
            tell("quote", [quote(close="2", known_at="2026-02-01")], "2026-07-01 22:30").landed == 1
        )
        closes = con.execute("select close from raw.quote order by known_at").fetchall()
        assert closes == [(1.0,), (2.0,), (3.0,)]

    def test_only_the_part_of_a_vintage_that_is_due_lands(self, tell: Tell) -> None:
        rows = [quote(close=str(n), known_at=f"2026-0{n}-06 22:00") for n in (1, 2, 3)]
        assert tell("quote", rows, "2026-02-28 22:30").landed == 2
        assert tell("quote", rows, "2026-03-31 22:30").landed == 1

    def test_a_word_without_time_follows_the_newest(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        tell("quote", [quote(close="1", known_at="2026-03-01 22:00")])
        assert tell("quote", [quote(close="1")], "2026-04-01 22:30").landed == 0
        assert tell("quote", [quote(close="2")], "2026-04-02 22:30").landed == 1
        assert stored(con, "quote", "close, known_at")[1] == (2.0, datetime(2026, 4, 2, 22, 30))


class TestTotalReturn:
    """The ratio of adj_close is of one answer, and over the same two bars as the price return."""

    def returns(self, con: duckdb.DuckDBPyConnection) -> list[tuple[float, float]]:
        build(con, {"raw.quote": date.min}, ["core.session", "core.quote"])
        rows = con.execute(
            "select return_pct, total_return_pct from core.quote "
            "where symbol = 'A' order by session"
        ).fetchall()
        return [tuple(None if x is None else round(x, 6) for x in row) for row in rows]

    def test_a_dividend_rewrites_adj_close_and_no_return(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        # given three bars, then an answer that overlaps by two and halves what went before
        tell("quote", [quote("A", d, c, adj_close=c) for d, c in ((D1, 100), (D2, 110), (D3, 121))])
        tell(
            "quote",
            [
                quote("A", D2, 110, adj_close=55),
                quote("A", D3, 121, adj_close=60.5),
                quote("A", D4, 60.5, adj_close=60.5),
            ],
            "2026-07-01 22:30",
        )
        # then D2, which has no bar before it in the new answer, keeps the ratio of the old one
        assert self.returns(con) == [(None, None), (10, 10), (10, 10), (-50, 0)]
        before = con.execute(
            "select max_by([previous_adj_close], known_at) from raw.quote where session = ?", [D2]
        ).fetchone()
        assert before == ([None],)

    def test_an_adj_close_that_is_missing_gives_no_total_return(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        rows = [
            quote("A", D1, 100, adj_close=100),
            quote("A", D2, 110),
            quote("A", D3, 121, adj_close=121),
        ]
        tell("quote", rows)
        assert self.returns(con) == [(None, None), (10, None), (10, None)]

    def test_a_dividend_of_zero_counts_as_known(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        rows = [
            quote("A", D1, 100),
            quote("A", D2, 110, dividend=0),
            quote("A", D3, 110, dividend=11),
        ]
        tell("quote", rows)
        assert self.returns(con) == [(None, None), (10, 10), (0, 10)]

    def test_a_later_answer_with_a_hole_keeps_the_ratio(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        bars = [quote("A", d, c, adj_close=c) for d, c in ((D1, 100), (D2, 110), (D3, 121))]
        tell("quote", bars)
        tell("quote", [bars[0], bars[2]], "2026-07-01 22:30")
        assert self.returns(con) == [(None, None), (10, 10), (10, 10)]

    def test_a_late_bar_does_not_leave_a_return_over_two_sessions(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        bars = [quote("A", d, c, adj_close=c) for d, c in ((D1, 100), (D2, "abc"), (D3, 121))]
        tell("quote", bars)
        tell("quote", [quote("A", D2, 110, adj_close=110)], "2026-07-01 22:30")
        assert self.returns(con)[2] in [(10, 10), (10, None)]

    def test_second_words_on_bars_that_are_no_neighbours(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        # given all bars by the 8th, and words of the 12th on the first and third of them
        bars = [
            quote("A", d, c, adj_close=c, known_at="2026-01-08 22:00")
            for d, c in ((D1, 100), (D2, 110), (D3, 121))
        ]
        later = [
            quote("A", d, c, adj_close=c / 2, known_at="2026-01-12 22:00")
            for d, c in ((D1, 100), (D3, 121))
        ]
        tell("quote", bars + later)
        assert self.returns(con) == [(None, None), (10, 10), (10, 10)]


class TestQuarantine:
    def test_a_row_is_kept_once_over_repeated_loads(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        for day in (28, 29, 30):
            assert tell("quote", [quote(close="abc")], f"2026-06-{day} 22:30").quarantined == 1
        assert len(set_aside(con)) == 1

    def test_a_row_that_moved_within_its_file_is_kept_once(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        tell("quote", [quote(close="abc")])
        tell("quote", [quote("SPY"), quote(close="abc")], "2026-07-01 22:30")
        assert len(set_aside(con)) == 1

    def test_the_row_is_kept_as_it_came(self, con: duckdb.DuckDBPyConnection, tell: Tell) -> None:
        row = quote(close="abc", mood="good")
        tell("quote", [row])
        assert set_aside(con) == [("close is not a double", row)]

    def test_bad_rows_of_later_sessions_wait(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        tell("quote", [quote(session="2026-03-03", close="abc")], "2026-01-05 22:30")
        assert set_aside(con) == []

    def test_a_row_that_is_mended_lands(self, con: duckdb.DuckDBPyConnection, tell: Tell) -> None:
        tell("quote", [quote(close="abc")])
        assert tell("quote", [quote(close="100")], "2026-07-01 22:30").landed == 1
        assert len(set_aside(con)) == 1

    def test_the_same_row_of_two_datasets_is_kept_for_each(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        for dataset in ("estimate", "fundamental"):
            tell(dataset, [{"symbol": "A", "snapshot_date": "soon"}])
        assert len(set_aside(con)) == 2


HOSTILE = [
    "'; drop table raw.quote; --",
    '"; drop schema raw cascade; --',
    "a\nb\r\nc",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "ＩＷＭ",  # full-width letters
    "IWM\u200b",  # a space of no width
    "$run_id",
    "a" * 1_000_000,
    "{}%s\\",
]


class TestHostileText:
    @pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:20])
    def test_it_stays_data(self, con: duckdb.DuckDBPyConnection, tell: Tell, text: str) -> None:
        tell("fundamental", [fundamental("SPY", name=text, sector=text)])
        assert stored(con, "fundamental", "name, sector") == [(text.strip(), text.strip())]
        tell("quote", [quote("SPY", D2, close=text)])
        ((_, row),) = set_aside(con)
        assert row["close"] == text

    @pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:20])
    @pytest.mark.parametrize(
        ("dataset", "make", "reason"),
        [
            ("quote", quote, "the symbol is unknown: no name of a security"),
            ("estimate", estimate, "the symbol is unknown: no name of a security"),
            ("fundamental", fundamental, "the symbol is unknown: no name of a security"),
            ("holding", holding, "the ticker is unknown: no name of a security"),
            (
                "rate",
                lambda text: rate(text, D1),
                "the series is unknown: no name of a series",
            ),
        ],
    )
    def test_no_security_has_such_a_name(
        self,
        con: duckdb.DuckDBPyConnection,
        tell: Tell,
        dataset: str,
        make: Callable[[str], dict],
        reason: str,
        text: str,
    ) -> None:
        assert tell(dataset, [make(text), make("SPY")]).landed == 1
        ((said, row),) = set_aside(con)
        assert said == reason
        assert text in row.values()

    def test_hostile_column_names_do_nothing(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        names = {text[:50]: "x" for text in HOSTILE}
        assert tell("quote", [quote(**names)]).landed == 1

    def test_a_quote_named_like_a_basket_does_no_harm(
        self, con: duckdb.DuckDBPyConnection, tell: Tell
    ) -> None:
        seven = ("AAPL", "MSFT", "GOOGL", "AMZN", "META", "NVDA", "TSLA", "MAG7")
        tell("quote", [quote(s, d, c) for s in seven for d, c in ((D1, 1), (D2, 2), (D3, 3))])
        build(con, {"raw.quote": date.min}, ["core.session", "core.quote"])
