"""Readers while nights are published; `make readers` does it with eight for fifty nights."""

import subprocess
import sys

from night import REPOSITORY


def test_three_readers_see_five_nights_whole() -> None:
    watched = subprocess.run(
        [
            sys.executable,
            *(REPOSITORY / "tests" / "readers.py", "--publishes", "5", "--readers", "3"),
        ],
        env={"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert watched.returncode == 0, watched.stdout + watched.stderr
    assert "5 publishes, 3 readers" in watched.stdout
    assert "0 failed" in watched.stdout
