"""Where things are in one installation's home (`$ROTATION_HOME`, by default `./data`)."""

import os
from dataclasses import dataclass
from pathlib import Path

DOCS = "quality/index.html"  # a run's Data Docs, in its folder
PAGE = "report/index.html"  # the nightly page, in the folder of a publication


class PlaceError(Exception):
    """The home cannot be used; the sentence says why."""


@dataclass(frozen=True)
class Place:
    """The paths of one home."""

    home: Path

    @classmethod
    def of(cls, home: Path | None) -> "Place":
        return cls((home or Path(os.environ.get("ROTATION_HOME") or "data")).absolute())

    @property
    def current(self) -> Path:
        return self.home / "current"

    @property
    def warehouse(self) -> Path:
        return self.current / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        return self.home / "published"

    @property
    def build(self) -> Path:
        return self.home / "build.duckdb"

    @property
    def runs(self) -> Path:
        return self.home / "runs"

    @property
    def lock(self) -> Path:
        return self.home / "run.lock"

    @property
    def prefect(self) -> Path:
        return self.home / "prefect"

    def find_docs(self, run_id: str) -> Path | None:
        """The Data Docs of a run, published or refused; None where it left none."""
        pages = (folder / run_id / DOCS for folder in (self.published, self.runs))
        return next((page for page in pages if page.is_file()), None)

    def require_writable(self) -> None:
        """Raise PlaceError where the home, or the folder it would be made in, refuses writing."""
        existing = self.home
        try:
            while not existing.exists() and existing != existing.parent:
                existing = existing.parent
        except OSError as error:
            raise PlaceError(
                f"The home {self.home} cannot be used ({error.strerror}): name another with --home."
            ) from None
        if not existing.is_dir():
            raise PlaceError(f"The home {self.home} is not a folder: name another with --home.")
        if not os.access(existing, os.W_OK | os.X_OK):
            raise PlaceError(
                f"The home {self.home} cannot be written: mend its permissions or name another "
                "with --home."
            )

    def make(self) -> None:
        """Make the folders of the home; raises PlaceError where that fails."""
        try:
            for folder in (self.published, self.runs, self.prefect):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PlaceError(
                f"The home {self.home} cannot be written ({error.strerror}): name another with "
                "--home."
            ) from None
