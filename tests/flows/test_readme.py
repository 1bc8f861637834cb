"""The README's first query gives the output that the README shows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROTATION = Path(sys.executable).parent / "rotation"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after the README's night, on a session that has passed for good."""
    home = tmp_path_factory.mktemp("home")
    night = [ROTATION, "nightly", "--source", "demo", "--session", "2026-06-30", "--home", home]
    subprocess.run(night, check=True, capture_output=True)
    return home


def test_first_query(home: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r'rotation query "(.*?)"\n```\n+```text\n(.*?)\n```', readme, re.DOTALL)
    assert shown
    sql, output = shown.groups()

    done = subprocess.run(
        [ROTATION, "query", sql, "--home", home], check=True, capture_output=True, text=True
    )

    said = done.stderr + done.stdout
    assert [line.rstrip() for line in said.splitlines()] == output.splitlines()
