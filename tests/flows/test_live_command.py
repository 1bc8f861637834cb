"""The unmodified command against stand-in vendors, with nothing but the environment set."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from live_night import query
from vendors import Vendors, demo_world

from flows.secret import kept_secret
from flows.server import prefect_server
from warehouse.place import Place
from warehouse.run import read_records

ROTATION = Path(sys.executable).with_name("rotation")
NIGHT = "2025-06-12"
THIRD_PARTY = re.compile(r"Traceback|Warning|yfinance|curl|httpx|\$[A-Z]+:")


@pytest.fixture(scope="module")
def vendors() -> Iterator[Vendors]:
    now = datetime(2025, 6, 12, 22, 30)
    with Vendors(demo_world(first=date(2024, 9, 3), now=now)) as vendors:
        yield vendors


def rotation(
    vendors: Vendors, *arguments: object, **settings: str
) -> "subprocess.CompletedProcess[str]":
    users = ("ROTATION_", "FRED_", "PREFECT_API_URL")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(users)}
    return subprocess.run(
        [ROTATION, *map(str, arguments)],
        env=clean | vendors.environment | settings,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_night_with_a_kept_key(vendors: Vendors, tmp_path: Path) -> None:
    from prefect.blocks.system import Secret

    home, key = tmp_path / "home", vendors.world.fred_key
    live = ("nightly", "--source", "live", "--session", NIGHT, "--home", home)
    with prefect_server(tmp_path / "prefect") as await_server:
        await_server()
        assert kept_secret("fred-api-key") is None
        Secret(value=key).save("fred-api-key")
        said = rotation(
            vendors,
            *live,
            PREFECT_API_URL=os.environ["PREFECT_API_URL"],
            ROTATION_LEAVE_OUT="SMALL, LARGE",
        )

    assert said.returncode == 0, said.stderr
    assert said.stdout == f"Session {NIGHT} is published.\n"
    assert not THIRD_PARTY.search(said.stderr), said.stderr
    for words in (
        r"ask    rate +[\d,]+ rows of 16 ok",
        r"land   quote +[\d,]+ new rows, 0 set aside",
        r"source estimate    7 fresh",
        r"source quote       \d+ fresh",
        r"source rate        16 fresh",
    ):
        assert re.search(words, said.stderr), said.stderr
    hosts = {request.host for request in vendors.requests}
    assert "api.stlouisfed.org" in hosts
    assert not {"fred.stlouisfed.org", "www.ishares.com"} & hosts
    assert vendors.refused == []
    cpi = query(home, "select max(known_at) from raw.rate where series_id = 'CPIAUCSL'")
    assert cpi.iloc[0, 0] == datetime(2025, 6, 12, 22)

    told = rotation(vendors, "status", "--home", home)
    assert re.search(r"raw\.estimate +28 +2025-06-12 +7 +2025-06-12 +7 fresh", told.stdout)
    # Nothing that stays has the key in it, but for the block where it is kept, encrypted.
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in kept if key.encode() in path.read_bytes()]
    assert key not in said.stderr + told.stdout

    again = rotation(vendors, *live)
    assert (again.returncode, again.stderr) == (0, "")
    assert "already published" in again.stdout


def test_a_vendor_that_stays_down(vendors: Vendors, tmp_path: Path) -> None:
    vendors.fail("503", host="fred.stlouisfed.org", times=None)
    try:
        said = rotation(
            vendors,
            *("nightly", "--source", "live", "--session", NIGHT, "--home", tmp_path),
            ROTATION_SOURCE_MINUTES="0.05",
            ROTATION_LEAVE_OUT="SMALL LARGE",
        )
    finally:
        vendors.heal()

    assert (said.returncode, said.stdout) == (1, "")
    assert not THIRD_PARTY.search(said.stderr), said.stderr
    sentence = said.stderr.splitlines()[-1]
    assert re.fullmatch(
        r"The source live gave no rate \(.*FRED answered 503\), so .* later\.", sentence
    )
    # The failed run says per source what it had, and keeps it.
    assert re.search(r"source rate +\d+ failed", said.stderr), said.stderr
    kept = query(tmp_path, "select distinct outcome from ops.source_outcome where key like 'rate%'")
    assert kept["outcome"].to_list() == ["failed"]
    assert query(tmp_path, "from raw.quote").empty
    assert not Place(tmp_path).current.exists()
    assert [record["status"] for record in read_records(Place(tmp_path))] == ["failed"]


def test_a_secret_that_is_not_kept_costs_little(tmp_path: Path) -> None:
    with prefect_server(tmp_path) as await_server:
        await_server()
        began = time.process_time()
        assert kept_secret("nobody-kept-this") is None
        assert time.process_time() - began < 1
