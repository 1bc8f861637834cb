"""Alerts: a real Prefect server tells a local receiver of runs that went wrong."""

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue

import pytest

REPOSITORY = Path(__file__).parents[2]
RUNS = """
import asyncio
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.states import Crashed, Late
from warehouse.run import Refused

@flow(name="nightly", flow_run_name="nightly 2026-07-02")
def nightly(fit):
    if not fit:
        raise Refused("Session 2026-07-02 is refused and the last publication stays.")

@flow(name="another")
def another():
    raise ValueError("somebody else's")

nightly(True)
for failing in (another, lambda: nightly(False)):
    try:
        failing()
    except (Refused, ValueError):
        pass

async def set_states():
    async with get_client() as client:
        for name, state in (("late", Late()), ("crashed", Crashed(message="The machine went."))):
            run = await client.create_flow_run(nightly, parameters={"fit": True}, name=name)
            await client.set_flow_run_state(run.id, state, force=True)

asyncio.run(set_states())
"""


class Receiver(http.server.BaseHTTPRequestHandler):
    told: "Queue[dict[str, str]]" = Queue()

    def do_POST(self) -> None:
        self.told.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hook"
        server.shutdown()


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """That of a process that uses a standing Prefect server, all services on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    address = f"http://127.0.0.1:{port}/api"
    given = os.environ | {"PREFECT_HOME": str(tmp_path), "DO_NOT_TRACK": "1"}
    given |= {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "PREFECT_UI_ENABLED": "false"}
    server = subprocess.Popen(
        [sys.executable, "-m", "prefect", "server", "start", "--port", port],
        env=given,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(f"{address}/health", server)
        yield given | {"PREFECT_API_URL": address}
    finally:
        server.terminate()
        server.wait()


def _await(url: str, server: "subprocess.Popen[bytes]") -> None:
    ends = time.monotonic() + 120
    while time.monotonic() < ends and server.poll() is None:
        try:
            urllib.request.urlopen(url)
            return
        except urllib.error.URLError:
            time.sleep(0.2)
    pytest.fail("the Prefect server did not start")


def run(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_refused_late_and_crashed_runs_are_told_once_in_their_own_words(
    environment: dict[str, str], receiver: str
) -> None:
    for _ in range(2):  # the second time replaces the first
        told = run(environment, "-m", "flows.alerts", receiver)
    assert told == "Refused, failed and late runs are told from now on.\n"

    run(environment, "-c", RUNS)

    messages = [Receiver.told.get(timeout=30) for _ in range(3)]
    told = {message["subject"]: message["body"] for message in messages}
    assert told.keys() == {"nightly Failed", "nightly Late", "nightly Crashed"}
    assert told["nightly Failed"].startswith("nightly 2026-07-02: ")
    assert "Session 2026-07-02 is refused and the last publication stays." in told["nightly Failed"]
    assert told["nightly Late"] == "late: it has not started"
    assert told["nightly Crashed"] == "crashed: The machine went."
    with pytest.raises(Empty):
        Receiver.told.get(timeout=1)


def test_without_an_address_a_sentence_says_what_is_wanted() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flows.alerts"], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr == "Give one address: python -m flows.alerts https://example.com/hook\n"
