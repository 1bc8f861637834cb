"""What `prefect.yaml` promises to a Prefect server with a worker."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
DEPLOYMENTS: dict[str, dict[str, Any]] = {
    deployment["name"]: deployment
    for deployment in yaml.safe_load((REPOSITORY / "prefect.yaml").read_text())["deployments"]
}
DEPLOY = """
import subprocess, sys
from pathlib import Path
from flows.server import prefect_server

with prefect_server(Path(sys.argv[1])) as await_server:
    await_server()
    for command in ("work-pool create rotation --type process", "--no-prompt deploy --all"):
        subprocess.run([sys.executable, "-m", "prefect", *command.split()], check=True)

    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        for deployment in client.read_deployments():
            limit = deployment.global_concurrency_limit
            slugs = [schedule.slug for schedule in deployment.schedules]
            print(">", deployment.name, limit and limit.limit, *slugs)
"""


@pytest.fixture(autouse=True)
def prefect_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "user"))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.chdir(REPOSITORY)


def test_there_are_two() -> None:
    assert set(DEPLOYMENTS) == {"nightly", "backfill"}


@pytest.mark.parametrize("name", sorted(DEPLOYMENTS))
def test_the_entrypoint_is_a_flow_that_takes_the_parameters(name: str) -> None:
    from prefect.flows import Flow, load_flow_from_entrypoint

    flow: Flow[..., Any] = load_flow_from_entrypoint(DEPLOYMENTS[name]["entrypoint"])

    assert flow.name == name
    assert set(DEPLOYMENTS[name].get("parameters", {})) <= set(flow.parameters.properties)


def test_the_night_falls_after_every_close_in_new_york() -> None:
    from prefect.client.schemas.schedules import CronSchedule

    (schedule,) = DEPLOYMENTS["nightly"]["schedules"]

    assert schedule["slug"]
    checked = CronSchedule(cron=schedule["cron"], timezone=schedule["timezone"])
    assert (checked.cron, checked.timezone) == ("30 18 * * 1-5", "America/New_York")
    assert DEPLOYMENTS["nightly"]["concurrency_limit"] == {
        "limit": 1,
        "collision_strategy": "CANCEL_NEW",
    }


def test_a_server_accepts_them(tmp_path: Path) -> None:
    deployed = subprocess.run(
        [sys.executable, "-c", DEPLOY, str(tmp_path / "prefect")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert deployed.returncode == 0, deployed.stderr
    lines = {line for line in deployed.stdout.splitlines() if line.startswith(">")}
    assert lines == {"> nightly 1 weekdays-after-close", "> backfill None"}
