"""A night killed at random moments and run again; `make kills` does it to the real command."""

import subprocess
import sys

from night import REPOSITORY


def test_ten_random_moments() -> None:
    killing = subprocess.run(
        [sys.executable, REPOSITORY / "tests" / "kills.py", "--plain", "--moments", "10"],
        env={"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert killing.returncode == 0, killing.stdout + killing.stderr
    assert "10 moments, 0 failed" in killing.stdout
