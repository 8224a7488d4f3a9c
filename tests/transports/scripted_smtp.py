"""An SMTP server made of a plain socket, that answers each command as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

GOOD: Mapping[str, str] = {
    "greeting": "220 mail.acme.example ready",
    "EHLO": "250-mail.acme.example\r\n250 SIZE 1000000",
    "MAIL": "250 OK",
    "RCPT": "250 OK",
    "DATA": "354 go on",
    ".": "250 queued",
    "QUIT": "221 bye",
}
CLOSE = "close"
SILENCE = "silence"


@dataclass
class ScriptedSmtp:
    """`replies` by command, over GOOD; `.` is the end of the text. A reply may be CLOSE or SILENCE."""

    replies: dict[str, str] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            going = await self._reply(writer, "greeting", "greeting")
            while going and (line := await reader.readline()):
                command = line.decode("latin-1").strip()
                self.commands.append(command)
                going = await self._reply(writer, command, command[:4].upper())
                if going and command == "DATA" and self._answer(command, "DATA").startswith("354"):
                    self.texts.append(await reader.readuntil(b"\r\n.\r\n"))
                    going = await self._reply(writer, ".", ".")
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _answer(self, command: str, verb: str) -> str:
        return self.replies.get(command) or self.replies.get(verb) or GOOD.get(verb, "250 OK")

    async def _reply(self, writer: asyncio.StreamWriter, command: str, verb: str) -> bool:
        answer = self._answer(command, verb)
        if answer == SILENCE:
            return True
        if answer == CLOSE:
            return False
        writer.write(answer.encode("latin-1") + b"\r\n")
        await writer.drain()
        return verb != "QUIT"


@asynccontextmanager
async def scripted(**replies: str) -> AsyncIterator[ScriptedSmtp]:
    """A server that listens; `dot` stands for the end of the text."""
    named = {{"dot": "."}.get(name, name): reply for name, reply in replies.items()}
    smtp = ScriptedSmtp(named)
    server = await asyncio.start_server(smtp.serve, "127.0.0.1", 0)
    smtp.port = server.sockets[0].getsockname()[1]
    try:
        yield smtp
    finally:
        server.close()
