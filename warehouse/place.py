"""Where things are in one installation's home (`$ROTATION_HOME`, by default `./data`)."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

if TYPE_CHECKING:
    from warehouse.store import Store

DOCS = "quality/index.html"  # a run's Data Docs, in its folder
PAGE = "report/index.html"  # the nightly page, in the folder of a publication


class PlaceError(Exception):
    """The home cannot be used; the sentence says why."""


@dataclass(frozen=True)
class Lake:
    """Where a lake is: its catalog as DuckLake attaches it, and the folder of its Parquet files.

    The password stands apart, so that no sentence and no `duckdb_databases()` shows it.
    """

    catalog: str
    data_path: str
    password: str = field(default="", repr=False)

    @classmethod
    def of_environment(cls) -> "Lake | None":
        """The lake that `$ROTATION_WAREHOUSE` names; None where the warehouse is a file.

        Raises PlaceError where the two settings do not name one.
        """
        named = os.environ.get("ROTATION_WAREHOUSE", "").strip()
        if not named:
            return None
        scheme, _, catalog = named.partition(":")
        if scheme != "ducklake" or not catalog:
            raise PlaceError(
                "ROTATION_WAREHOUSE must name a lake as ducklake:postgres:dbname=… does (see "
                "docs/lake.md); unset it for a warehouse in one file."
            )
        data_path = os.environ.get("ROTATION_DATA_PATH", "").strip()
        if not data_path:
            raise PlaceError(
                "ROTATION_WAREHOUSE names a lake and ROTATION_DATA_PATH does not say where its "
                "Parquet files are: set it to a folder of a bucket, such as s3://bucket/rotation."
            )
        catalog, password = _without_password(catalog)
        return cls(catalog, f"{data_path.rstrip('/')}/", password)


def _without_password(catalog: str) -> tuple[str, str]:
    """A catalog's address, as libpq reads it after `postgres:`, without the password; that too."""
    kind, _, address = catalog.partition(":")
    if kind != "postgres":
        return catalog, ""
    if "://" not in address:
        said = re.compile(r"\bpassword\s*=\s*('(?:[^'\\]|\\.)*'|\S*)\s*")
        found = said.search(address)
        if not found:
            return catalog, ""
        password = re.sub(r"\\(.)", r"\1", found[1].removeprefix("'").removesuffix("'"))
        return f"{kind}:{said.sub('', address).strip()}", password
    parts = urlsplit(address)
    user, _, host = parts.netloc.rpartition("@")
    user, _, password = user.partition(":")
    asked = parse_qsl(parts.query, keep_blank_values=True)
    password = dict(asked).get("password", unquote(password))
    query = urlencode([pair for pair in asked if pair[0] != "password"])
    netloc = f"{user}@{host}" if user else host
    return f"{kind}:{urlunsplit(parts._replace(netloc=netloc, query=query))}", password


@dataclass(frozen=True)
class Place:
    """The paths of one home, and its lake where the warehouse is in one.

    `dask` names the scheduler whose workers share the work of a run; empty where none do.
    """

    home: Path
    lake: Lake | None = None
    dask: str = ""

    @classmethod
    def of(cls, home: Path | None) -> "Place":
        """The home named, else `$ROTATION_HOME`; raises PlaceError where settings are wrong."""
        folder = home or Path(os.environ.get("ROTATION_HOME") or "data")
        lake, dask = Lake.of_environment(), os.environ.get("ROTATION_DASK", "").strip()
        if dask and not (lake and lake.catalog.startswith("postgres:")):
            raise PlaceError(
                "ROTATION_DASK shares a run out to several processes, which can only meet in a "
                "lake whose catalog is in PostgreSQL: set ROTATION_WAREHOUSE (see docs/lake.md), "
                "or unset ROTATION_DASK."
            )
        return cls(folder.absolute(), lake, dask)

    @property
    def store(self) -> "Store":
        """Where the tables are and how they are published: a file of this home, or the lake."""
        from warehouse.store import store_of

        return store_of(self)

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
    def spill(self) -> Path:
        """What a run does not keep in memory; the next one sweeps what it left."""
        return self.home / "build.duckdb.tmp"

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
