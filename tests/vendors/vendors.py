"""Yahoo Finance, FRED and iShares on loopback, reached through a proxy like any other."""

import asyncio
import os
import socket
import tempfile
import threading
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Self

import trustme
import uvicorn

from . import fred, ishares, yahoo
from .answer import Request
from .faults import RECOVERABLE, Fault, Lottery, Plan
from .fred import Fred
from .ishares import IShares
from .proxy import Entrance
from .server import Http, Server, Vendor
from .world import World
from .yahoo import Yahoo


class Vendors:
    """The vendors of a world while the block lasts; they serve from a thread of this process.

    A client finds them by `environment`: the names that every HTTP client reads anyway. What it
    asked is in `requests`, what the proxy turned away (host:port) in `refused`.
    """

    def __init__(self, world: World, latency_seconds: float = 0.0) -> None:
        self.world = world
        self.plan = Plan()
        answers: dict[str, Vendor] = {
            **dict.fromkeys(yahoo.HOSTS, Yahoo(world).answer),
            **dict.fromkeys(fred.HOSTS, Fred(world).answer),
            **dict.fromkeys(ishares.HOSTS, IShares(world).answer),
        }
        self.server = Server(answers, self.plan, latency_seconds)
        self.refused: list[str] = []
        self.environment: dict[str, str] = {}
        self.folder = tempfile.TemporaryDirectory(prefix="vendors-")
        self.thread = threading.Thread(target=self.run, name="vendors", daemon=True)
        self.sockets = [listening(), listening()]

    def __enter__(self) -> Self:
        folder = Path(self.folder.name)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(folder / "authority.pem")
        certificate = authority.issue_cert(*self.server.vendors)
        certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
        self.environment = environment(folder, self.sockets[1].getsockname()[1])
        self.web = uvicorn.Server(
            uvicorn.Config(
                self.server,  # type: ignore[arg-type]
                http=Http,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                ssl_certfile=folder / "server.pem",
            )
        )
        self.thread.start()
        while not self.web.started:
            self.thread.join(0.005)
            if not self.thread.is_alive():
                raise RuntimeError("the stand-in vendors did not start")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.web.should_exit = self.web.force_exit = True
        self.thread.join()
        self.folder.cleanup()

    @property
    def requests(self) -> list[Request]:
        """Every request that arrived, oldest first; clear() forgets them."""
        return self.server.requests

    def fail(
        self,
        fault: str,
        host: str = "*",
        path: str = "*",
        times: int | None = 1,
        seconds: float = 60.0,
        retry_after: int | None = None,
    ) -> Fault:
        """Let the next `times` requests of a host and path fail (None: all); see faults.FAULTS."""
        planned = Fault(fault, host, path, times, seconds, retry_after)
        self.plan.faults.append(planned)
        return planned

    def fail_randomly(
        self,
        share: float,
        seed: int,
        faults: Collection[str] = RECOVERABLE,
        seconds: float = 60.0,
        retry_after: int | None = None,
    ) -> None:
        """Let a share of all requests fail, in ways drawn by the seed."""
        self.plan.lottery = Lottery(share, seed, tuple(faults), seconds, retry_after)

    def heal(self) -> None:
        """Switch every fault off."""
        self.plan.faults.clear()
        self.plan.lottery = None

    def run(self) -> None:
        """The thread: the server and the proxy in one event loop."""
        asyncio.run(self.serve())

    async def serve(self) -> None:
        web, front = self.sockets
        port = web.getsockname()[1]
        hosts = frozenset(self.server.vendors)
        proxy = await asyncio.get_running_loop().create_server(
            lambda: Entrance(hosts, port, self.refused.append), sock=front
        )
        await self.web.serve(sockets=[web])
        proxy.close()


def listening() -> socket.socket:
    """A socket on a free port of loopback."""
    # asyncio turns Nagle's delay off only where the socket says that it speaks TCP
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(512)
    return listener


def environment(folder: Path, port: int) -> dict[str, str]:
    """The variables by which HTTP clients find the proxy and trust what is behind it.

    Loopback stays direct, and clients keep what they cache apart from the user's own.
    """
    address, authority = f"http://127.0.0.1:{port}", os.fspath(folder / "authority.pem")
    cache = folder / "cache"
    cache.mkdir()
    return {
        "HTTPS_PROXY": address,
        "https_proxy": address,
        "NO_PROXY": "localhost,127.0.0.1",
        "no_proxy": "localhost,127.0.0.1",
        "SSL_CERT_FILE": authority,
        "CURL_CA_BUNDLE": authority,
        "REQUESTS_CA_BUNDLE": authority,
        "XDG_CACHE_HOME": os.fspath(cache),
    }
