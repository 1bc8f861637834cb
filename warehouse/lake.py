"""DuckLake by DuckDB: extensions, keys of the object store, attaching, what errors mean."""

import importlib.util
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import duckdb

from warehouse.connect import MEMORY_LIMIT, WarehouseError
from warehouse.declaration import literal
from warehouse.place import Lake

NAME = "warehouse"  # the database, as in a file; a schema's name would be ambiguous
EXTENSIONS = ("httpfs", "postgres_scanner", "ducklake")
SETTINGS = (
    "set autoinstall_known_extensions = false",
    "set autoload_known_extensions = false",
    "set enable_progress_bar = false",
)
KEYS = ("s3_access_key_id", "s3_secret_access_key", "s3_session_token")
NEVER_MADE = "creating a new DuckLake is explicitly disabled"


@contextmanager
def connected(lake: Lake, spill: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that can attach the lake; what does not fit in memory goes to `spill`.

    Raises WarehouseError where the extensions are not installed.
    """
    with duckdb.connect() as con:
        for setting in SETTINGS:
            con.execute(setting)
        con.execute(f"set temp_directory = {literal(str(spill))}")
        con.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        for extension in EXTENSIONS:
            con.execute(f"load {literal(str(_binary(extension)))}")
        for setting in KEYS:  # httpfs has them of the environment, where anybody may ask for them
            con.execute(f"set {setting} = ''")
        if lake.data_path.startswith("s3://"):
            con.execute(_secret(lake))
        if lake.password:
            os.environ["PGPASSWORD"] = lake.password  # libpq's own way: stands in no sentence
        yield con


def attach(
    con: duckdb.DuckDBPyConnection, lake: Lake, name: str = NAME, snapshot: int | None = None
) -> None:
    """Attach the lake read-only, at its head or as it was at a snapshot."""
    version = "" if snapshot is None else f", snapshot_version {snapshot}"
    con.execute(f"{_attach(lake, name)}, read_only{version})")


def attach_to_write(con: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    """Attach the lake's head, which is made where there is none yet.

    Few rows go to Parquet as many do: PostgreSQL would keep them in types of its own.
    """
    con.execute(f"{_attach(lake, NAME)}, data_inlining_row_limit 0)")


def _attach(lake: Lake, name: str) -> str:
    return (
        f"attach {literal(f'ducklake:{lake.catalog}')} as {name} "
        f"(data_path {literal(lake.data_path)}"
    )


def _binary(extension: str) -> Path:
    """The extension's file, which comes as a Python package of DuckDB's version."""
    found = importlib.util.find_spec(f"duckdb_extension_{extension}")
    if found and found.origin:
        folder = Path(found.origin).parent / "extensions" / f"v{duckdb.__version__}"
        file = folder / f"{extension}.duckdb_extension"
        if file.is_file():
            return file
    raise WarehouseError(
        f"A lake needs DuckDB's extension {extension} {duckdb.__version__}, which is not "
        'installed: install it with `pip install "rotation[lake]"`.'
    )


def _secret(lake: Lake) -> str:
    """What gives DuckDB the keys of the object store, for this connection alone."""
    environment = os.environ
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
    told = {
        "key_id": environment.get("AWS_ACCESS_KEY_ID", ""),
        "secret": environment.get("AWS_SECRET_ACCESS_KEY", ""),
        "session_token": environment.get("AWS_SESSION_TOKEN", ""),
        "region": region,
    }
    words = [f"{name} {literal(value)}" for name, value in told.items() if value]
    if endpoint := (
        environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL", "")
    ):
        parts = urlsplit(endpoint if "://" in endpoint else f"https://{endpoint}")
        words.append(f"endpoint {literal((parts.netloc + parts.path).rstrip('/'))}")
        words.append("url_style 'path'")
        words.append(f"use_ssl {'false' if parts.scheme == 'http' else 'true'}")
    return f"create secret (type s3, scope {literal(lake.data_path)}, {', '.join(words)})"


@contextmanager
def explaining(lake: Lake) -> Iterator[None]:
    """Raise WarehouseError for what the catalog or the object store has against us."""
    try:
        yield
    except duckdb.Error as error:
        if explained := explain(lake, error):
            raise explained from None
        raise


def explain(lake: Lake, error: Exception) -> WarehouseError | None:
    """What the catalog or the object store said, in one sentence without a key or a password."""
    words = " ".join(str(error).split())
    if found := re.search(r"Unable to connect to Postgres at .*?\": (.*)", words):
        said = (
            found[1]
            .removesuffix(" Is the server running on that host and accepting TCP/IP connections?")
            .rstrip(".")
        )
        return WarehouseError(
            f"The catalog of the lake cannot be reached ({_hushed(lake, said)}): start it, or "
            "mend ROTATION_WAREHOUSE or libpq's PG* settings."
        )
    if found := re.search(r'does not match existing data path in the catalog "(.*?)"', words):
        return WarehouseError(
            f"The lake keeps its files in {found[1]}, not in {lake.data_path}: set "
            "ROTATION_DATA_PATH so."
        )
    if not lake.data_path.startswith("s3://"):
        return None
    bucket = urlsplit(lake.data_path).netloc
    if "NoSuchBucket" in words or re.search(
        r"HTTP (PUT|POST)\b.*\b404\b|\b404\b.*HTTP POST", words
    ):
        return WarehouseError(
            f"The bucket {bucket} of ROTATION_DATA_PATH does not exist: make it, or name another."
        )
    if re.search(r"\b(401|403)\b", words) and "HTTP" in words:
        return WarehouseError(
            f"The object store refuses the bucket {bucket}: mend AWS_ACCESS_KEY_ID, "
            "AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), or what they may do."
        )
    if "Could not connect to server" in words or "Could not establish connection" in words:
        return WarehouseError(
            f"The object store of {bucket} cannot be reached: start it, or mend AWS_ENDPOINT_URL."
        )
    if "404" in words and "HTTP" in words:
        return WarehouseError(
            f"A file of the lake is missing in {lake.data_path}: put it back from a copy, or go "
            "back with `rotation restore SESSION`."
        )
    return None


def _hushed(lake: Lake, words: str) -> str:
    """Words without the password, should they have it."""
    return words.replace(lake.password, "…") if lake.password else words
