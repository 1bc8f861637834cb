"""How fast vendors are asked: Prefect's global rate limits, shared by all that one server knows."""

from collections.abc import Callable

from prefect.client.orchestration import get_client
from prefect.concurrency.sync import rate_limit

BURST = 80  # requests that may go at once after a rest


def shared_pace(requests_per_second: float) -> Callable[[str, int], None]:
    """A function that returns when so many requests may go to a vendor, whoever else asks it."""
    known: set[str] = set()

    def pace(vendor: str, count: int) -> None:
        limit = f"rotation-{vendor}"
        if limit not in known:
            with get_client(sync_client=True) as client:
                client.upsert_global_concurrency_limit_by_name(limit, BURST, requests_per_second)
            known.add(limit)
        rate_limit(limit, occupy=count)

    return pace
