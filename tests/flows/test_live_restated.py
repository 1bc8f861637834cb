"""What Yahoo rewrites overnight: splits, dividends, corrections, and how long a bar may change."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path

import pandas as pd
import pytest
from live_night import QUOTES, Some, outcomes, query, run_night, serving, sessions
from vendors import Vendors, demo_world

from flows.server import prefect_server
from flows.sources.live.settings import Settings
from flows.steps import land_source
from warehouse import calendar
from warehouse.place import Place
from warehouse.run import Run
from warehouse.writing import writing

THURSDAY, FRIDAY, MONDAY, TUESDAY = sessions(date(2025, 6, 12), 4)
SPLIT = "QALM"  # splits 4:1 on MONDAY
NAMES = (SPLIT, "SMBR")
NOON = time(16)  # UTC


@pytest.fixture
def vendors() -> Iterator[Vendors]:
    world = demo_world(first=date(2025, 3, 3))
    world.instruments["SMBR"].dividends.clear()
    with serving(world) as vendors:
        yield vendors


def some_night(
    vendors: Vendors,
    home: Path,
    session: date,
    datasets: Sequence[str] = ("quote",),
    **given: object,
) -> Run:
    return run_night(vendors, home, session, names=NAMES, datasets=datasets, tables=QUOTES, **given)


def night(vendors: Vendors, home: Path, session: date, **given: object) -> str:
    return some_night(vendors, home, session, ("holding", "quote"), **given).run_id


def closes(home: Path, symbol: str = SPLIT, as_of: datetime | None = None) -> "pd.Series[float]":
    table = f"core.quote_as_of('{as_of}')" if as_of else "core.quote"
    rows = query(home, f"select session, close from {table} where symbol = $1 order by 1", symbol)
    return rows.set_index("session")["close"]


def restated(home: Path) -> pd.DataFrame:
    return query(
        home,
        """
        select
            run_id, cause, column_name, split_part(key, ' ', 1) as symbol,
            split_part(key, ' ', 2)::date as session,
            old_value::double as old_value, new_value::double as new_value
        from ops.restatement
        order by all
        """,
    )


def test_a_split_overnight(vendors: Vendors, tmp_path: Path) -> None:
    night(vendors, tmp_path, THURSDAY)
    night(vendors, tmp_path, FRIDAY)
    before = closes(tmp_path)
    run_id = night(vendors, tmp_path, MONDAY)
    night(vendors, tmp_path, TUESDAY)

    after = closes(tmp_path)
    told = vendors.world.bars(SPLIT)["close"]
    pd.testing.assert_series_equal(
        after, told, check_names=False, check_index_type=False, rtol=1e-9
    )
    returns = query(
        tmp_path, "select session, return_pct from core.quote where symbol = $1 order by 1", SPLIT
    ).set_index("session")["return_pct"]
    assert returns.abs().max() < 10
    assert returns.iloc[1:].to_list() == pytest.approx((100 * told.pct_change().iloc[1:]).to_list())

    told = restated(tmp_path)
    assert set(told["run_id"]) == {run_id}
    assert set(told["cause"]) == {"split"}
    assert set(told["symbol"]) == {SPLIT}
    for name in ("close", "adj_close"):
        own = told[told["column_name"] == name]
        assert own["session"].to_list() == before.index.to_list()
        assert (own["old_value"] / own["new_value"]).to_list() == pytest.approx([4] * len(before))

    known = closes(tmp_path, as_of=calendar.night_ends(FRIDAY))
    pd.testing.assert_series_equal(known, before)
    known = closes(tmp_path, as_of=calendar.night_ends(MONDAY))
    pd.testing.assert_series_equal(known, after[:-1])


def test_a_dividend_overnight(vendors: Vendors, tmp_path: Path) -> None:
    vendors.world.instruments["SMBR"].pay(FRIDAY, 2.0)
    night(vendors, tmp_path, THURSDAY)
    before = closes(tmp_path, "SMBR")
    run_id = night(vendors, tmp_path, FRIDAY)

    told = restated(tmp_path)
    assert set(told["run_id"]) == {run_id}
    assert set(told[["symbol", "column_name", "cause"]].itertuples(index=False, name=None)) == {
        ("SMBR", "adj_close", "dividend")
    }
    factor = 1 - 2.0 / before.iloc[-1]
    assert (told["new_value"] / told["old_value"]).to_list() == pytest.approx([factor] * len(told))
    assert closes(tmp_path, "SMBR")[:-1].to_list() == before.to_list()
    row = query(
        tmp_path,
        """
        select close, return_pct, total_return_pct, total_return_method
        from core.quote
        where symbol = 'SMBR'
        order by session desc
        limit 1
        """,
    ).squeeze()
    total = 100 * ((row["close"] + 2.0) / before.iloc[-1] - 1)
    assert row["total_return_pct"] == pytest.approx(total)
    assert row["total_return_method"] == "dividend"


def test_a_split_whose_history_does_not_come_waits_for_the_next_night(
    vendors: Vendors, tmp_path: Path
) -> None:
    def fail_history(dataset: str, wanted: pd.DataFrame) -> None:
        if dataset == "quote" and wanted["symbol"].to_list() == [SPLIT]:
            vendors.fail("500", path=f"/v8/finance/chart/{SPLIT}", times=None)

    night(vendors, tmp_path, FRIDAY)
    before = closes(tmp_path)
    run = some_night(vendors, tmp_path, MONDAY, before=fail_history)

    assert outcomes(tmp_path, run) == {f"quote {SPLIT}": "failed", "quote SMBR": "ok"}
    pd.testing.assert_series_equal(closes(tmp_path), before)
    assert closes(tmp_path, "SMBR").index[-1] == pd.Timestamp(MONDAY)
    assert restated(tmp_path).empty

    vendors.heal()
    run_id = night(vendors, tmp_path, TUESDAY)

    told = vendors.world.bars(SPLIT)["close"]
    assert closes(tmp_path).to_list() == pytest.approx(told.to_list())
    assert set(restated(tmp_path)["run_id"]) == {run_id}
    assert set(restated(tmp_path)["cause"]) == {"split"}


def test_a_split_is_no_news_before_its_own_night(vendors: Vendors, tmp_path: Path) -> None:
    night(vendors, tmp_path, THURSDAY)
    before = closes(tmp_path)
    # Friday's night comes late, at noon of the ex-date: Yahoo tells rebased closes by then.
    night(vendors, tmp_path, FRIDAY, at=datetime.combine(MONDAY, NOON))

    assert restated(tmp_path).empty
    after = closes(tmp_path)
    assert after[:-1].to_list() == before.to_list()
    assert after.index[-1] == pd.Timestamp(FRIDAY)
    assert after.iloc[-1] / after.iloc[-2] == pytest.approx(1, abs=0.1)

    run_id = night(vendors, tmp_path, MONDAY)
    assert set(restated(tmp_path)["run_id"]) == {run_id}
    assert set(restated(tmp_path)["cause"]) == {"split"}


def test_a_backfill_across_a_split_keeps_one_history(vendors: Vendors, tmp_path: Path) -> None:
    night(vendors, tmp_path, FRIDAY)
    vendors.requests.clear()
    vendors.world.now = calendar.night_ends(MONDAY)
    run = Run("backfill", "live", MONDAY, vendors.world.now, started_at=vendors.world.now)
    source = Some(Settings(), names=NAMES)
    place = Place(tmp_path)

    with prefect_server(tmp_path / "prefect") as await_server, writing(place, run) as con:
        await_server()
        land_source(con, source, run, place, (THURSDAY, MONDAY))
        con.commit()

    newest = query(
        tmp_path,
        "select last(close order by known_at) as close from raw.quote where symbol = $1 "
        "group by session order by session",
        SPLIT,
    )["close"]
    assert newest.to_list() == pytest.approx(vendors.world.bars(SPLIT)["close"].to_list())
    # What is told of today alone is of no past day.
    assert not any("quoteSummary" in request.path for request in vendors.requests)


def test_a_split_that_the_closes_do_not_show_yet_waits(vendors: Vendors, tmp_path: Path) -> None:
    one = vendors.world.instruments["SMBR"]
    night(vendors, tmp_path, THURSDAY)
    one.split(FRIDAY, 4)
    earlier = one.bars.index < pd.Timestamp(FRIDAY)
    one.bars.loc[earlier, "close"] *= 4  # as if Yahoo had not rebased them
    one.edition += 1
    run = some_night(vendors, tmp_path, FRIDAY)

    assert outcomes(tmp_path, run)["quote SMBR"] == "unsettled"
    assert closes(tmp_path, "SMBR").index[-1] == pd.Timestamp(THURSDAY)

    one.bars.loc[earlier, "close"] /= 4
    one.edition += 1
    night(vendors, tmp_path, MONDAY)

    after = closes(tmp_path, "SMBR")
    assert after.index[-1] == pd.Timestamp(MONDAY)
    assert after.pct_change().abs().max() < 0.1
    own = restated(tmp_path).query("symbol == 'SMBR' and column_name == 'close'")
    assert set(own["cause"]) == {"split"}
    assert not own["session"].duplicated().any()


def test_a_correction_is_the_vendors(vendors: Vendors, tmp_path: Path) -> None:
    night(vendors, tmp_path, THURSDAY)
    before = closes(tmp_path, "SMBR")
    day = before.index[-3]
    vendors.world.instruments["SMBR"].restate(day.date(), close=before[day] * 1.01)
    night(vendors, tmp_path, FRIDAY)

    told = restated(tmp_path)
    assert set(told["cause"]) == {"vendor"}
    assert told["session"].to_list() == [day, day]
    assert set(told["column_name"]) == {"close", "adj_close"}
    assert closes(tmp_path, "SMBR")[day] == pytest.approx(before[day] * 1.01)
    assert closes(tmp_path, "SMBR", calendar.night_ends(THURSDAY))[day] == before[day]


def test_a_bar_is_final_once_two_nights_agree(vendors: Vendors, tmp_path: Path) -> None:
    vendors.world.settle_minutes = 180  # after the close Yahoo's is off by 2 basis points

    def state() -> tuple[float, bool]:
        row = query(
            tmp_path,
            "select close, is_final from core.quote where symbol = 'SMBR' and session = $1",
            THURSDAY,
        ).squeeze()
        return float(row["close"]), bool(row["is_final"])

    night(vendors, tmp_path, THURSDAY)
    early, is_final = state()
    assert not is_final

    night(vendors, tmp_path, FRIDAY)
    corrected, is_final = state()
    assert early / corrected == pytest.approx(1.0002, abs=1e-6)
    assert not is_final

    night(vendors, tmp_path, MONDAY)
    assert state() == (corrected, True)
