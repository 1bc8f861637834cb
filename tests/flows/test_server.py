"""The Prefect server of one run, as a process of its own sees it."""

import http.server
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from flows import server

REPOSITORY = Path(server.__file__).parents[1]
RUN = """
import os, sys, time
from pathlib import Path
from flows.server import prefect_server

with prefect_server(Path(sys.argv[1])) as await_server:
    print(os.environ["PREFECT_API_URL"], flush=True)
    if sys.argv[2] == "stop early":
        sys.exit(1)
    if sys.argv[2] == "hang early":
        time.sleep(60)
    await_server()
    if sys.argv[2] == "stop":
        sys.exit()

    from prefect import flow, get_run_logger, task
    from prefect.artifacts import create_markdown_artifact
    from prefect.assets import materialize

    @task
    def add(n):
        get_run_logger().info("adding %s", n)

    @materialize("duckdb://warehouse/core.quote")
    def build():
        pass

    @flow
    def tiny():
        for n in range(20):
            add(n)
        build()
        create_markdown_artifact("all is well", key="summary")
        if sys.argv[2] == "hang":
            print("running", flush=True)
            time.sleep(60)
        if sys.argv[2] == "fail":
            raise ValueError("nothing to add")

    tiny()
"""


def start(
    folder: Path, ending: str, environment: dict[str, str] | None = None
) -> "subprocess.Popen[str]":
    clean = {"PATH": "", "PREFECT_HOME": str(folder.parent / "user"), "NO_COLOR": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder), ending],
        cwd=REPOSITORY,
        env=clean | (environment or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def count(folder: Path, query: str) -> int:
    with closing(sqlite3.connect(folder / "prefect.db")) as records:
        return int(records.execute(f"select count(*) from {query}").fetchone()[0])


def is_gone(url: str, within_seconds: float) -> bool:
    """Whether nothing listens at the address any more, or soon no longer does."""
    address = urlsplit(url)
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        try:
            socket.create_connection((address.hostname or "", address.port or 0), 1).close()
        except OSError:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize(("ending", "state"), [("succeed", "COMPLETED"), ("fail", "FAILED")])
def test_everything_a_run_told_is_stored(tmp_path: Path, ending: str, state: str) -> None:
    folder = tmp_path / "prefect"

    run = start(folder, ending)
    url, screen = run.communicate(timeout=60)

    assert count(folder, "task_run where state_type = 'COMPLETED'") == 21
    assert count(folder, f"flow_run where state_type = '{state}'") == 1
    assert count(folder, "events where event = 'prefect.asset.materialization.succeeded'") == 1
    assert count(folder, "artifact where key = 'summary'") == 1
    assert count(folder, "log where message like 'adding %'") == 20
    assert is_gone(url.strip(), within_seconds=0.5)
    if ending == "succeed":
        assert screen == ""
        assert run.returncode == 0
    else:
        assert screen.count("Traceback") == 1, "Python's own, none from Prefect"


def test_a_run_that_stops_early_takes_its_server_along(tmp_path: Path) -> None:
    run = start(tmp_path / "prefect", "stop early")
    url, screen = run.communicate(timeout=20)

    assert screen == ""
    assert is_gone(url.strip(), within_seconds=0.5)


@pytest.mark.parametrize("ending", ["hang early", "hang"])
def test_a_killed_run_leaves_no_server(tmp_path: Path, ending: str) -> None:
    run = start(tmp_path / "prefect", ending)
    assert run.stdout is not None
    url = run.stdout.readline().strip()
    if ending == "hang":
        assert run.stdout.readline() == "running\n"

    run.kill()
    run.communicate()

    assert is_gone(url, within_seconds=10)


def test_an_interrupted_run_is_recorded_as_crashed(tmp_path: Path) -> None:
    run = start(tmp_path / "prefect", "hang")
    assert run.stdout is not None
    url = run.stdout.readline().strip()
    assert run.stdout.readline() == "running\n"

    run.send_signal(signal.SIGINT)
    run.communicate(timeout=20)

    assert count(tmp_path / "prefect", "flow_run where state_type = 'CRASHED'") == 1
    assert is_gone(url, within_seconds=0.5)


def test_a_server_that_cannot_start_is_one_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "prefect"
    folder.mkdir()
    (folder / "prefect.db").write_text("not a database" * 1000)

    _, screen = start(folder, "succeed").communicate(timeout=60)

    sentence = f"No Prefect server answers for this run: read {folder / 'server.log'}."
    assert screen.splitlines()[-1] == f"flows.server.ServerError: {sentence}"
    assert "file is not a database" in (folder / "server.log").read_text()


class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base's name)
        pass


@pytest.fixture
def users_url() -> Iterator[str]:
    with http.server.HTTPServer(("127.0.0.1", 0), Healthy) as users:
        threading.Thread(target=users.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{users.server_port}/api"
        users.shutdown()


def test_the_users_server_is_used_and_none_started(tmp_path: Path, users_url: str) -> None:
    run = start(tmp_path / "prefect", "stop", {"PREFECT_API_URL": users_url})
    url, screen = run.communicate(timeout=20)

    assert (url.strip(), screen, run.returncode) == (users_url, "", 0)
    assert not (tmp_path / "prefect").exists()


def test_a_users_server_that_is_down_is_one_sentence(tmp_path: Path) -> None:
    url = "http://127.0.0.1:9/api"

    _, screen = start(tmp_path, "succeed", {"PREFECT_API_URL": url}).communicate(timeout=20)

    sentence = f"No Prefect server answers at {url}: start it, or unset PREFECT_API_URL."
    assert screen.splitlines()[-1] == f"flows.server.ServerError: {sentence}"


def test_the_template_is_made_once_and_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))

    server.prepare_template()
    made = server.template().stat()
    server.prepare_template()

    assert server.template().stat() == made
    assert [path.name for path in server.template().parent.iterdir()] == [server.template().name]
    with closing(sqlite3.connect(server.template())) as database:
        assert database.execute("select count(*) from alembic_version").fetchone() == (1,)
        assert database.execute("select count(*) from task_run").fetchone() == (0,)
