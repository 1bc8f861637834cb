"""The Prefect API server of one bare run: started early, told everything, stopped at the end.

Where `PREFECT_API_URL` is set, that server is used and none is started. `python -m flows.server`
prepares the database that new homes copy: migrating an empty one takes seconds.
"""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from threading import Thread

START_TIMEOUT_SECONDS = 120  # a home without the prepared database migrates its own
FLUSH_TIMEOUT_SECONDS = 30  # a nightly run needs less than one
STOP_TIMEOUT_SECONDS = 5

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # The screen belongs to the command line; the server keeps the logs of every run.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_HANDLERS_DEBUG_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "rotation",  # what the steps say
}
LEAN = {
    "PREFECT__SERVER_EPHEMERAL": "1",  # no scheduler, no search for late runs
    "PREFECT_UI_ENABLED": "0",
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    # Written once a second, which the end waits for; by itself the server commits each state of
    # a task run alone.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",  # whole seconds alone
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "1",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING",  # its console is the log file
}


class ServerError(Exception):
    """No Prefect server answers; the sentence says which, and what to do."""


@contextmanager
def prefect_server(folder: Path) -> Iterator[Callable[[], None]]:
    """Start a server that keeps its state in `folder`, without waiting for it.

    Yields a function that returns once the server answers and raises ServerError where it does
    not; import what is slow before calling it. On exit, what the run told the server is stored
    and the server stopped. It also stops by itself when this process dies.
    """
    if given := os.environ.get("PREFECT_API_URL"):
        with _environment(QUIET):
            yield lambda: _await_answer(f"at {given}: start it, or unset PREFECT_API_URL")
        return

    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    database, log = folder / "prefect.db", folder / "server.log"
    # Connections queue in the listener until the child serves: no race for a port, no polling.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = QUIET | {
            "PREFECT_API_URL": f"http://127.0.0.1:{listener.getsockname()[1]}/api",
            "PREFECT_HOME": str(folder),
            "PREFECT_CLIENT_MAX_RETRIES": "2",  # five would hold the run for minutes, had it died
            "PREFECT_PROFILE": "ephemeral",  # a profile of the user's is not in this home
        }
        for name in ("NO_PROXY", "no_proxy"):
            settings[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1"]))
        child = _start_child(listener, database, log, settings)

    is_answering = False
    started = datetime.now(UTC)

    def await_server() -> None:
        nonlocal is_answering
        _await_answer(f"for this run: read {log}")
        is_answering = True
        from prefect.events.clients import PrefectEventsClient
        from prefect.events.worker import EventsWorker

        # Likewise ten attempts per event.
        EventsWorker.set_client_override(PrefectEventsClient, reconnection_attempts=1)

    try:
        with _environment(settings):
            try:
                yield await_server
            finally:
                if is_answering and child.poll() is None:
                    _flush(database, started)
    finally:
        _stop_child(child)


def template() -> Path:
    """Where the migrated, empty database for this version of Prefect is, or would be."""
    return Path(sys.prefix) / "share" / "rotation" / f"prefect-{version('prefect')}.db"


def prepare_template() -> None:
    """Make the template where it is missing; CalledProcessError where Prefect fails to."""
    if not template().exists():
        template().parent.mkdir(parents=True, exist_ok=True)
        _prepare(template())


def _prepare(database: Path) -> None:
    """Make a migrated, empty database, whole or not at all."""
    partial = database.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    if template().exists():
        shutil.copyfile(template(), partial)
    else:
        subprocess.run(
            [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"],
            cwd=database.parent,
            env=os.environ | QUIET | {"PREFECT_HOME": str(database.parent)} | _stored_in(partial),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
        )
    partial.replace(database)


def _stored_in(database: Path) -> dict[str, str]:
    # Relative to the folder in which the process runs: a path may hold what an URL may not.
    return {"PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{database.name}"}


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    if "prefect.context" in sys.modules:
        from prefect.context import refresh_global_settings_context

        refresh_global_settings_context()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _start_child(
    listener: socket.socket, database: Path, log: Path, settings: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    with log.open("wb") as output:
        return subprocess.Popen(
            # -P: run as a script, this file would put `flows` itself on the import path.
            [sys.executable, "-P", __file__, str(listener.fileno()), str(database)],
            cwd=database.parent,
            env=os.environ | settings | LEAN | _stored_in(database),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            pass_fds=[listener.fileno()],
            start_new_session=True,  # Ctrl-C is for the run, which stops the server after
        )


def _stop_child(child: "subprocess.Popen[bytes]") -> None:
    assert child.stdin is not None
    child.stdin.close()
    try:
        child.wait(STOP_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _await_answer(which_and_remedy: str) -> None:
    from prefect.client.orchestration import get_client

    with get_client({"timeout": START_TIMEOUT_SECONDS}, sync_client=True) as client:
        failure = client.api_healthcheck()
    if failure is not None:
        raise ServerError(f"No Prefect server answers {which_and_remedy}.") from failure


def _flush(database: Path, started: datetime) -> None:
    """Wait until what this process told the server is stored, for FLUSH_TIMEOUT_SECONDS at most.

    States of task runs and assets travel as events and are stored in their order, so one last
    event closes the line; each event of a task run then becomes a state of the same id.
    """
    from prefect.events import emit_event
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    deadline = time.monotonic() + FLUSH_TIMEOUT_SECONDS
    last = emit_event("rotation.run.told", {"prefect.resource.id": f"rotation.run.{os.getpid()}"})
    assert last is not None
    query = """
        select exists (select 1 from events where id = ?) and not exists (
            select 1 from events left join task_run_state using (id)
            where event like 'prefect.task-run.%' and occurred >= ? and task_run_state.id is null
        )
    """
    parameters = (str(last.id), f"{started:%Y-%m-%d %H:%M:%S.%f}")
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as records:
        while time.monotonic() < deadline and not records.execute(query, parameters).fetchone()[0]:
            time.sleep(0.05)
    APILogWorker.drain_all(timeout=STOP_TIMEOUT_SECONDS)
    EventsWorker.drain_all(timeout=STOP_TIMEOUT_SECONDS)


def _serve(listener_fd: int, database: Path) -> None:
    """Be the child: serve until the parent closes our standard input, be it by dying."""

    def stop_with_parent() -> None:
        os.read(0, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=stop_with_parent, daemon=True).start()
    os.nice(10)  # it keeps records beside a run that wants every core
    if not database.exists():
        _prepare(database)
    import uvicorn
    from prefect.server.api.server import create_app

    config = uvicorn.Config(
        create_app, factory=True, log_level="warning", timeout_graceful_shutdown=2
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=listener_fd)])


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _serve(int(sys.argv[1]), Path(sys.argv[2]))
    else:
        prepare_template()
