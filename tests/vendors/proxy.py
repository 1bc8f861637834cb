"""A CONNECT proxy on loopback that leads to one server, whichever known host is named."""

import asyncio
import socket
import struct
from collections.abc import Callable, Collection

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing drops what is unsent and resets the other side
HEAD_LIMIT = 16_384  # bytes


class Leg(asyncio.Protocol):
    """One of the two connections of a tunnel; what arrives here leaves through `other`."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: Leg | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.other and self.other.transport:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        if self.other and self.other.transport:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other and self.other.transport:
            self.other.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        if self.other and self.other.transport:
            if isinstance(error, ConnectionResetError):
                reset(self.other.transport)
            else:
                self.other.transport.close()


class Entrance(Leg):
    """The client's side: reads CONNECT host:443 and opens the way, or refuses."""

    def __init__(self, hosts: Collection[str], port: int, refuse: Callable[[str], None]) -> None:
        super().__init__()
        self.hosts, self.port, self.refuse = hosts, port, refuse
        self.head = b""
        self.opening: asyncio.Task[None] | None = None

    def data_received(self, data: bytes) -> None:
        if self.other:
            super().data_received(data)
            return
        self.head += data
        if self.opening is None and (b"\r\n\r\n" in self.head or len(self.head) > HEAD_LIMIT):
            self.opening = asyncio.ensure_future(self.open())

    async def open(self) -> None:
        assert self.transport is not None
        words = self.head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        target = words[1] if len(words) > 1 else ""
        host, _, port = target.rpartition(":")
        if words[0] != "CONNECT" or port != "443" or host.lower() not in self.hosts:
            self.refuse(target)
            self.transport.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            self.transport.close()
            return
        loop = asyncio.get_running_loop()
        far = Leg()
        await loop.create_connection(lambda: far, "127.0.0.1", self.port)
        early = self.head.split(b"\r\n\r\n", 1)[1]
        far.other, self.other = self, far
        self.transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        if early:
            super().data_received(early)


def reset(transport: asyncio.Transport) -> None:
    """End a connection so that the other side sees a TCP reset."""
    connection = transport.get_extra_info("socket")
    if connection is not None and not transport.is_closing():
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    transport.abort()
