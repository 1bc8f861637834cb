"""PostgreSQL and a stand-in for S3 on this machine, for tests that put the warehouse in a lake."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

USER, PASSWORD = "rotation", "open 'sesame'"
KEY_ID, SECRET_KEY = "AKIDOFTHETESTS", "key+of/the=tests"
BUCKET = "rotation"
SECRETS = (PASSWORD, SECRET_KEY, KEY_ID)
STARTS_WITHIN_SECONDS = 60


def postgres_binaries() -> Path | None:
    """Where PostgreSQL's programs are; None where it is not installed."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return newest[-1].parent if newest else None


needs_postgres = pytest.mark.skipif(
    postgres_binaries() is None, reason="PostgreSQL is not installed (apt-get install postgresql)"
)


def set_for(patch: pytest.MonkeyPatch, settings: Mapping[str, str]) -> None:
    """Set the environment of a lake; a password of another one goes."""
    patch.delenv("PGPASSWORD", raising=False)
    for name, value in settings.items():
        patch.setenv(name, value)


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@dataclass(frozen=True)
class Lakes:
    """Servers that run: `settings` of a lake of its own name, as a user would set them."""

    binaries: Path
    postgres_port: int
    s3_port: int

    @property
    def _server(self) -> list[str]:
        return ["-h", "127.0.0.1", "-p", str(self.postgres_port)]

    def make(self) -> Mapping[str, str]:
        """A new catalog and a new folder of the bucket."""
        name = f"lake_{secrets.token_hex(4)}"
        subprocess.run(
            [self.binaries / "createdb", *self._server, "-U", USER, name],
            env={"PGPASSWORD": PASSWORD},
            check=True,
        )
        return self.settings(name)

    def settings(self, name: str) -> Mapping[str, str]:
        password = PASSWORD.replace("'", r"\'")
        return {
            "ROTATION_WAREHOUSE": f"ducklake:postgres:host=127.0.0.1 port={self.postgres_port} "
            f"user={USER} password='{password}' dbname={name}",
            "ROTATION_DATA_PATH": f"s3://{BUCKET}/{name}",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.s3_port}",
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        }


@contextmanager
def serving() -> Iterator[Lakes]:
    """Run both servers for as long as the block lasts."""
    binaries = postgres_binaries()
    assert binaries
    with postgres(binaries) as postgres_port, object_store() as s3_port:
        yield Lakes(binaries, postgres_port, s3_port)


@contextmanager
def postgres(binaries: Path) -> Iterator[int]:
    """A server with a password, in a folder of its own; gives its port."""
    folder, port = Path(tempfile.mkdtemp(prefix="postgres-")), free_port()
    become: list[str] = []
    if os.geteuid() == 0:  # which PostgreSQL refuses
        become = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        shutil.chown(folder, "postgres", "postgres")
    password = folder / "password"
    password.write_text(PASSWORD)
    password.chmod(0o644)
    control = [*become, binaries / "pg_ctl", "-s", "-w", "-D", folder / "data"]
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    authenticated = ["--no-sync", "-A", "scram-sha-256", "--pwfile", password]
    try:
        subprocess.run(
            [*become, binaries / "initdb", "-D", folder / "data", "-U", USER, *authenticated],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        subprocess.run(
            [*control, "-l", folder / "log", "-o", options, "start"],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        try:
            yield port
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], cwd=folder, check=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def object_store() -> Iterator[int]:
    """A server that speaks S3, with one bucket; gives its port."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _make_bucket(port)
        yield port
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()


def _make_bucket(port: int) -> None:
    until = time.monotonic() + STARTS_WITHIN_SECONDS
    while True:
        try:
            with urlopen(Request(f"http://127.0.0.1:{port}/{BUCKET}", method="PUT")):
                return
        except URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
