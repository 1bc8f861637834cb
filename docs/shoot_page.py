"""Writes `page.png`: the page's first screen after the cookbook's nights, by headless Chromium."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from write_cookbook import make_home

PICTURE = Path(__file__).with_name("page.png")
WIDTH, HEIGHT = 1440, 900


def shoot(page: Path) -> None:
    """Make the picture of a page, in the light. Raises FileNotFoundError without Chromium."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        raise FileNotFoundError("Chromium makes the picture and is not installed: install it.")
    options = (
        "--headless --no-sandbox --disable-gpu --hide-scrollbars --virtual-time-budget=8000 "
        f"--blink-settings=preferredColorScheme=1 --window-size={WIDTH},{HEIGHT}"
    )
    command = [browser, *options.split(), f"--screenshot={PICTURE}", page.resolve().as_uri()]
    subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        make_home(Path(folder))
        shoot(Path(folder) / "current" / "report" / "index.html")
