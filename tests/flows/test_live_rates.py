"""Rates from FRED: as they stand without a key, with the time of each release with one."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest
from live_night import CORE, query, run_night, serving
from vendors import Vendors, demo_world

from flows.sources import SourceError
from flows.sources.live.settings import Settings
from warehouse.run import Run

# April's CPI came out on May 12; on June 12 came May's, and with it April's revised.
BEFORE, AFTER = date(2025, 6, 11), date(2025, 6, 12)
RATES = [t for t in CORE if t.name in ("core.session", "core.rate")]
APRIL, MAY = pd.Timestamp(2025, 4, 1), pd.Timestamp(2025, 5, 1)


@pytest.fixture
def vendors() -> Iterator[Vendors]:
    with serving(demo_world(first=date(2025, 3, 3))) as vendors:
        yield vendors


def night(vendors: Vendors, home: Path, session: date, key: str | None, *names: str) -> Run:
    names = (*names, "SPY") if names else ()
    given = {"names": names, "datasets": ("rate", "quote"), "tables": RATES, "fred_api_key": key}
    return run_night(vendors, home, session, **given)


def versions(home: Path, series: str, since: str) -> pd.DataFrame:
    return query(
        home,
        "select observation_date, value_pct, known_at, is_known_at_assumed from raw.rate "
        "where series_id = $1 and observation_date >= $2 order by 1, 3",
        series,
        since,
    )


def test_a_key_brings_the_time_of_each_release(vendors: Vendors, tmp_path: Path) -> None:
    key = vendors.world.fred_key
    night(vendors, tmp_path, BEFORE, key, "CPIAUCSL", "DGS10")
    first = versions(tmp_path, "CPIAUCSL", "2025-04-01")
    night(vendors, tmp_path, AFTER, key, "CPIAUCSL", "DGS10")

    # A release counts from 22:00 UTC of its day.
    assert first[["observation_date", "known_at"]].values.tolist() == [
        [APRIL, pd.Timestamp(2025, 5, 12, 22)]
    ]
    told = versions(tmp_path, "CPIAUCSL", "2025-04-01")
    assert told[["observation_date", "known_at"]].values.tolist() == [
        [APRIL, pd.Timestamp(2025, 5, 12, 22)],
        [APRIL, pd.Timestamp(2025, 6, 12, 22)],
        [MAY, pd.Timestamp(2025, 6, 12, 22)],
    ]
    assert not told["is_known_at_assumed"].any()
    truth = vendors.world.series["CPIAUCSL"].vintages
    truth = truth[(truth["observation_date"] >= APRIL) & (truth["released_at"] <= "2025-06-13")]
    assert told["value_pct"].to_list() == truth["value"].astype(float).to_list()
    as_of = (
        "select value_pct from core.rate_as_of($1::timestamp) "
        "where series_id = 'CPIAUCSL' and observation_date = '2025-04-01'"
    )
    assert query(tmp_path, as_of, datetime(2025, 6, 11, 22, 30)).iloc[0, 0] == told["value_pct"][0]
    assert query(tmp_path, as_of, datetime(2025, 6, 12, 22, 30)).iloc[0, 0] == told["value_pct"][1]

    # Of those that the archive begins with the revised values stand too.
    newest = query(
        tmp_path,
        "select value_pct from core.rate where series_id = 'CPIAUCSL' order by observation_date",
    )["value_pct"]
    truth = vendors.world.series["CPIAUCSL"].newest(datetime(2025, 6, 12, 22, 30))
    assert newest.to_list() == truth["value"].astype(float).to_list()

    # More releases than one question may span: all values are there.
    rows = versions(tmp_path, "DGS10", "2016-01-01")
    truth = vendors.world.series["DGS10"].newest(datetime(2025, 6, 12, 22, 30))
    truth = truth[truth["value"] != ""]
    assert rows["observation_date"].to_list() == truth["observation_date"].to_list()
    assert rows["value_pct"].to_list() == truth["value"].astype(float).to_list()


def test_without_a_key_the_release_is_assumed(vendors: Vendors, tmp_path: Path) -> None:
    vendors.world.fred_date_header = "DATE"  # as before 2024
    night(vendors, tmp_path, AFTER, None, "CPIAUCSL", "DGS10")

    rows = versions(tmp_path, "DGS10", "2025-06-09")
    assert rows["observation_date"].dt.day.to_list() == [9, 10, 11]
    assert rows["known_at"].to_list()[-1] == pd.Timestamp(2025, 6, 12, 22)
    # By the calendar of releases.
    cpi = versions(tmp_path, "CPIAUCSL", "2025-04-01")
    assert cpi["known_at"].to_list() == [
        pd.Timestamp(2025, 5, 13, 12, 30),
        pd.Timestamp(2025, 6, 11, 12, 30),
    ]
    assert cpi["is_known_at_assumed"].all()


def test_a_wrong_key_is_said_at_once_and_never_shown(vendors: Vendors, tmp_path: Path) -> None:
    key = "f00dfacef00dfacef00dfacef00dface"
    with pytest.raises(SourceError, match=r"16 refused; .*are key and name right") as error:
        night(vendors, tmp_path, BEFORE, key)

    assert key not in str(error.value)
    assert key not in repr(Settings(fred_api_key=key))
    assert len(vendors.requests) == 32
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or key.encode() not in path.read_bytes(), path


def test_the_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRED_API_KEY", " abc\n")
    assert Settings.from_environment().fred_api_key == "abc"
    monkeypatch.setenv("FRED_API_KEY", "")
    assert Settings.from_environment().fred_api_key is None
