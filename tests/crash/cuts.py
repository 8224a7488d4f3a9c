"""A wire between a worker and its counterpart's HTTP port, on which the worker dies at one request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

_END_OF_HEAD: Final = b"\r\n\r\n"


@dataclass(frozen=True)
class Cut:
    """The request to die at: the `nth` that holds `mark`.

    `acted` says when: once the counterpart has acted and before it is heard, or before it sees the request.
    """

    mark: str
    nth: int = 1
    acted: bool = False

    def __str__(self) -> str:
        return f"{self.mark.strip('/(')} {self.nth} {'acted' if self.acted else 'sent'}"


def around(mark: str, times: int = 1) -> list[Cut]:
    """Both sides of each of the requests with a mark."""
    return [Cut(mark, nth, acted) for nth in range(1, times + 1) for acted in (False, True)]


class Wire:
    """Passes requests and answers on. At the cut it calls `on_cut`, closes, and is whole again."""

    def __init__(self, host: str, port: int) -> None:
        self._upstream = (host, port)
        self._cut: Cut | None = None
        self._left = 0
        self._on_cut: Callable[[], None] = lambda: None

    def cut_at(self, cut: Cut, on_cut: Callable[[], None]) -> None:
        """Let the next such request be the last one."""
        self._cut, self._left, self._on_cut = cut, cut.nth, on_cut

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's connection: request by request, as they wait for their answers."""
        there, counterpart = await asyncio.open_connection(*self._upstream)
        try:
            await self._pass(reader, writer, there, counterpart)
        except (OSError, EOFError):
            pass  # either side left: so does the other
        finally:
            writer.close()
            counterpart.close()

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        counterpart: asyncio.StreamWriter,
    ) -> None:
        while True:
            request = await _whole(reader)
            cut = self._due(request)
            if cut is None or cut.acted:
                counterpart.write(request)
                answer = await _whole(there)
            if cut is not None:
                self._on_cut()
                return
            writer.write(answer)

    def _due(self, request: bytes) -> Cut | None:
        """The cut, if this is its request."""
        cut = self._cut
        if cut is None or cut.mark.encode() not in request:
            return None
        self._left -= 1
        if self._left:
            return None
        self._cut = None
        return cut


@asynccontextmanager
async def wire_to(url: str) -> AsyncIterator[tuple[Wire, str]]:
    """A wire to a counterpart at `http://host:port`, and the address at which it is reached instead."""
    host, _, port = url.removeprefix("http://").partition(":")
    wire = Wire(host, int(port))
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    try:
        yield wire, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def _whole(reader: asyncio.StreamReader) -> bytes:
    """A whole request or answer, whose length its head tells."""
    head = await reader.readuntil(_END_OF_HEAD)
    lines = head.lower().split(b"\r\n")
    size = next((int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:")), 0)
    return head + await reader.readexactly(size)
