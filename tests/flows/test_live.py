"""Nights full of faults end as undisturbed ones do."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from live_night import CORE, query, reading, run_night, serving, sessions
from vendors import RECOVERABLE, TROUBLE, Vendors, demo_world

NIGHTS = int(os.environ.get("LIVE_NIGHTS", "0"))  # `make faults` runs 20 of everything
SEVEN = ("AAPL", "MSFT", "GOOGL", "AMZN", "META", "NVDA", "TSLA")
SMALL = ("QALM", "UMBL", "VELT", "WYNK", "MOG-A")
SERIES = ("DGS10", "DFEDTARU", "CPIAUCSL")
NAMES = () if NIGHTS else ("IWM", "SPY", "^RUT", "GOOG", *SEVEN, *SMALL, *SERIES)
# What comes a night late is equal in the end only where undisturbed nights follow.
FAULTS, QUIET_NIGHTS = (RECOVERABLE, 2) if NIGHTS else ((*TROUBLE, "empty"), 0)
FIRST = date(2025, 6, 12)  # QALM splits 4:1 on the 16th, the second night after it


@pytest.fixture(scope="module")
def vendors() -> Iterator[Vendors]:
    with serving(demo_world(first=date(2024, 1, 2))) as vendors:
        yield vendors


def core_tables(home: Path) -> dict[str, pd.DataFrame]:
    """All of `core`, without when it became known."""
    with reading(home) as con:
        return {
            t.name: con.execute(
                f"select * exclude (known_at) from {t.name} order by all"
                if "known_at" in t.declaration.column_names
                else f"from {t.name} order by all"
            ).df()
            for t in CORE
        }


def test_nights_full_of_faults_end_with_the_same_core(vendors: Vendors, tmp_path: Path) -> None:
    nights = sessions(FIRST, 1 + (NIGHTS or 2) + QUIET_NIGHTS)
    began = time.monotonic()
    for session in nights:
        run_night(vendors, tmp_path / "undisturbed", session, names=NAMES)
    expected = core_tables(tmp_path / "undisturbed")
    vendors.requests.clear()
    vendors.fail_randomly(share=0.2, seed=20260702, faults=FAULTS, seconds=0.2)

    for place, session in enumerate(nights):
        if place == len(nights) - QUIET_NIGHTS:
            requests = list(vendors.requests)
            vendors.heal()
        run_night(vendors, tmp_path / "faulty", session, names=NAMES)

    requests = requests if QUIET_NIGHTS else vendors.requests
    failed = [request.fault for request in requests if request.fault]
    rows = sum(map(len, expected.values()))
    print(
        f"{len(nights)} nights, the last {QUIET_NIGHTS} undisturbed; {len(requests):,} requests, "
        f"{len(failed):,} of them failed: {dict(Counter(failed))}; {rows:,} rows expected; "
        f"{time.monotonic() - began:.0f} seconds"
    )
    assert len(failed) > 0.15 * len(requests)
    assert set(FAULTS) - set(failed) <= {"no_crumb"}  # a crumb is seldom asked for
    for name, table in core_tables(tmp_path / "faulty").items():
        pd.testing.assert_frame_equal(table, expected[name], obj=name)
    twice = "select 1 from core.quote group by symbol, session having count(*) > 1"
    assert query(tmp_path / "faulty", twice).empty
