"""The vendors' one web server: finds who is asked, and lets go wrong what shall."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from .answer import HTML, Answer, Request, page
from .faults import Fault, Plan
from .proxy import reset

Vendor = Callable[[Request, str], Answer]
Message = dict[str, Any]
DOWN = "Will be right back... Thank you for your patience. Our engineers are working quickly."
TICK_SECONDS = 0.01  # lets bytes leave, or the end of a connection be noticed

transports: dict[Any, asyncio.Transport] = {}  # by the address of the connection's other end


class Http(H11Protocol):
    """HTTP over a connection that a fault can lay hands on."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        transports[self.client] = self.transport

    def connection_lost(self, error: Exception | None) -> None:
        transports.pop(self.client, None)
        super().connection_lost(error)


class Server:
    """An ASGI application that answers for every host in `vendors`."""

    def __init__(self, vendors: dict[str, Vendor], plan: Plan, latency_seconds: float) -> None:
        self.vendors, self.plan, self.latency_seconds = vendors, plan, latency_seconds
        self.requests: list[Request] = []

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        headers = dict(scope["headers"])
        while (await receive()).get("more_body"):
            pass
        request = Request(
            number=len(self.requests) + 1,
            at=time.monotonic(),
            host=headers.get(b"host", b"").decode().split(":")[0].lower(),
            path=scope["path"] or "/",
            query=scope["query_string"].decode(),
            cookie=headers.get(b"cookie", b"").decode("latin-1"),
        )
        self.requests.append(request)
        fault = self.plan.next(request.host, request.path)
        request.fault = fault.name if fault else ""
        if self.latency_seconds:
            await asyncio.sleep(self.latency_seconds)
        if fault and fault.name in ("timeout", "slow"):
            await asyncio.sleep(fault.seconds)
        transport = transports.get(tuple(scope["client"]))
        if fault and fault.name == "timeout":
            if transport:
                transport.abort()
                await asyncio.sleep(TICK_SECONDS)
            return
        vendor = self.vendors.get(request.host)
        answer = vendor(request, request.fault) if vendor else page("Not Found", "", 404)
        answer = disguise(answer, fault)
        request.status = answer.status
        await self.say(answer, request.fault, send, transport)

    async def say(
        self,
        answer: Answer,
        fault: str,
        send: Callable[[Message], Awaitable[None]],
        transport: asyncio.Transport | None,
    ) -> None:
        """Send the answer, or as much of it as the fault lets through."""
        headers = [("content-type", answer.content_type), *answer.headers]
        headers.append(("content-length", str(len(answer.body))))
        lines = [(name.encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": lines})
        if fault not in ("reset", "truncated") or transport is None:
            await send({"type": "http.response.body", "body": answer.body})
            return
        half = answer.body[: len(answer.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await asyncio.sleep(TICK_SECONDS)
        if fault == "reset":
            reset(transport)
        else:
            transport.close()


def disguise(answer: Answer, fault: Fault | None) -> Answer:
    """What goes out in the place of the answer when a fault concerns any answer alike."""
    match fault.name if fault else "":
        case "429":
            wait = () if fault.retry_after is None else (("retry-after", str(fault.retry_after)),)
            return Answer(b"Edge: Too Many Requests", 429, HTML, wait)
        case "500":
            return page("Internal Server Error", DOWN, 500)
        case "503":
            return page("Service Unavailable", DOWN, 503)
        case "html":
            return page("Yahoo", DOWN)
        case "cut":
            half = answer.body[: len(answer.body) // 2]
            return Answer(half, answer.status, answer.content_type, answer.headers)
    return answer
