"""Tell somebody of refused, failed and late runs: `python -m flows.alerts URL`.

Makes an automation on the Prefect server that PREFECT_API_URL names; run it again to change the
address. URL is a webhook that takes JSON, or any address that Apprise knows, such as
`mailto://user:password@mail.example.com`.
"""

import asyncio
import sys
from contextlib import suppress
from uuid import UUID

from prefect.automations import Automation, EventTrigger
from prefect.blocks.core import Block
from prefect.blocks.notifications import (
    AppriseNotificationBlock,
    CustomWebhookNotificationBlock,
)
from prefect.events import ResourceSpecification
from prefect.events.actions import SendNotification
from prefect.events.schemas.automations import Posture
from pydantic import SecretStr

NAME = "rotation-alerts"
FLOWS = ["nightly", "backfill", "rebuild"]
# A refused run is a failed one, whose message is the sentence that says what was refused.
STATES = ("Failed", "Crashed", "TimedOut", "Late")
SUBJECT = "{{ flow.name }} {{ flow_run.state.name }}"
BODY = "{{ flow_run.name }}: {{ flow_run.state.message or 'it has not started' }}"


async def tell(url: str) -> None:
    """Make, or make anew, the block that keeps the address and the automation that uses it."""
    with suppress(ValueError):  # there may be none yet
        await (await Automation.aread(name=NAME)).adelete()
    automation = Automation(
        name=NAME,
        description="Refused, failed and late runs.",
        trigger=EventTrigger(
            expect={f"prefect.flow-run.{state}" for state in STATES},
            match=ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*"}),
            match_related=ResourceSpecification(
                {"prefect.resource.role": "flow", "prefect.resource.name": FLOWS}
            ),
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[
            SendNotification(block_document_id=await _address(url), subject=SUBJECT, body=BODY)
        ],
    )
    await automation.acreate()


async def _address(url: str) -> UUID:
    block: Block
    if url.startswith(("http://", "https://")):
        message = {"subject": "{{subject}}", "body": "{{body}}"}
        block = CustomWebhookNotificationBlock(
            name=NAME, url=url, json_data=message, headers=None, cookies=None
        )
    else:
        block = AppriseNotificationBlock(url=SecretStr(url))
    saved: UUID = await block.save(NAME, overwrite=True)
    return saved


if __name__ == "__main__":
    if len(sys.argv) != 2 or ":" not in sys.argv[1]:
        sys.exit("Give one address: python -m flows.alerts https://example.com/hook")
    asyncio.run(tell(sys.argv[1]))
    print("Refused, failed and late runs are told from now on.")
