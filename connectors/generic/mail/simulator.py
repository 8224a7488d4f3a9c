"""A mail server on loopback that takes whatever it is sent, and counts.

It offers STARTTLS under a certificate of its own making and wants its user signed in. `received`
counts the mails taken by Message-ID, `effects` those that a reader sees: with `deduplicate` a second
mail with a Message-ID is thrown away.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
import ssl
from collections import Counter, deque
from collections.abc import Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as MAIL_POLICY
from typing import Any, cast
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import BaseModel, ConfigDict, Field

from connectors.generic.mail.simulated_certificate import write_certificate
from hub.contract import simulator as contract

FAULTS = frozenset(
    {
        "read_and_close",
        "apply_and_close",
        "close_before_text",
        "try_later",
        "refuse_mail",
        "refuse_recipient",
        "refuse_login",
        "slow",
        "refuse",
    }
)
ACTIONS = frozenset({"listen"})
_USER = "hub"
_KEPT_MAILS = 1000
_REPLIES = {
    "try_later": "451 4.7.1 Greylisted, please try again later",
    "refuse_mail": "554 5.7.1 Rejected as spam",
    "read_and_close": "451 never sent",
}


class Settings(BaseModel):
    """Settings of the simulated server."""

    model_config = ConfigDict(extra="forbid")

    deduplicate: bool = Field(default=False, description="Throw a second mail with the same Message-ID away.")
    slow_seconds: float = Field(default=2.0, ge=0, description="How long an answer takes under the fault `slow`.")


class Mailbox:
    """What was taken, and how the next mails are met; what aiosmtpd calls a handler."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.faults: deque[str] = deque()
        self.received: Counter[str] = Counter()
        self.effects: Counter[str] = Counter()
        self.mails: deque[dict[str, Any]] = deque(maxlen=_KEPT_MAILS)

    def meets(self, *faults: str) -> str:
        """The next fault, if it is one of these."""
        return self.faults.popleft() if self.faults and self.faults[0] in faults else ""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient."""
        if self.meets("refuse_recipient"):
            return "550 5.1.1 No such user here"
        if self.meets("close_before_text"):
            _cut(server)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail."""
        fault = self.meets("read_and_close", "apply_and_close", "try_later", "refuse_mail", "slow")
        if fault not in _REPLIES:
            self._take(envelope)
        if fault == "slow":
            await asyncio.sleep(self.settings.slow_seconds)
        if fault.endswith("_and_close"):
            _cut(server)
        return _REPLIES.get(fault, f"250 OK queued as {self.received.total()}")

    def _take(self, envelope: Envelope) -> None:
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        mail = message_from_bytes(content, policy=MAIL_POLICY)
        identifier = str(mail["Message-ID"])
        self.received[identifier] += 1
        if not (self.settings.deduplicate and self.effects[identifier]):
            self.effects[identifier] += 1
            self.mails.append(_shown(mail, envelope))


class Simulator(contract.Simulator):
    """Action: listen (again, after the fault `refuse`). Faults: see FAULTS.

    `refuse` closes the port, and lasts until `listen`; how many times it is asked for makes no
    difference, since nobody can count at a closed port.
    """

    def __init__(self, context: contract.SandboxContext, settings: Mapping[str, Any]) -> None:
        super().__init__(context, settings)
        self._mailbox = Mailbox(Settings.model_validate(dict(settings)))
        self._password = secrets.token_hex(16)
        self._certificate = context.directory / "mail.pem"
        self._tls: ssl.SSLContext | None = None
        self._server: asyncio.Server | None = None
        self._port = 0
        self._sessions: WeakSet[SMTP] = WeakSet()

    async def start(self) -> Mapping[str, str]:
        """Listen; returns host, port, user, password and ca_file."""
        await asyncio.to_thread(write_certificate, self._certificate)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(self._certificate)
        # aiosmtpd warns of its own use of its own attribute at each session.
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        await self._listen()
        return {
            "host": "127.0.0.1",
            "port": str(self._port),
            "user": _USER,
            "password": self._password,
            "ca_file": str(self._certificate),
        }

    async def stop(self) -> None:
        self._shut()

    async def act(self, action: str, arguments: Mapping[str, Any]) -> None:
        if action not in ACTIONS:
            raise ValueError(f"There is no action {action!r}; there are {', '.join(sorted(ACTIONS))}.")
        if self._server is None:
            await self._listen()

    def state(self) -> dict[str, Any]:
        """Mails by Message-ID, received and seen; the last thousand that are seen."""
        box = self._mailbox
        return {"received": dict(box.received), "effects": dict(box.effects), "mails": list(box.mails)}

    def misbehave(self, fault: str, times: int) -> None:
        if fault not in FAULTS:
            raise ValueError(f"There is no fault {fault!r}; there are {', '.join(sorted(FAULTS))}.")
        if fault == "refuse":
            self._shut()
        else:
            self._mailbox.faults.extend([fault] * times)

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        good = (
            isinstance(data, LoginPassword)
            and data.login == _USER.encode()
            and hmac.compare_digest(data.password, self._password.encode())
        )
        if self._mailbox.meets("refuse_login"):
            good = False
        return AuthResult(success=good, handled=False)

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, "127.0.0.1", self._port, reuse_address=True)
        self._port = self._server.sockets[0].getsockname()[1]

    def _session(self) -> SMTP:
        session = SMTP(
            self._mailbox,
            hostname="mail.acme.example",
            tls_context=self._tls,
            require_starttls=True,
            auth_required=True,
            authenticator=self._authenticate,
            loop=asyncio.get_running_loop(),
        )
        self._sessions.add(session)
        return session

    def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for session in list(self._sessions):
            _cut(session)


def _cut(server: SMTP) -> None:
    if server.transport is not None:
        cast(asyncio.Transport, server.transport).abort()


def _shown(mail: EmailMessage, envelope: Envelope) -> dict[str, Any]:
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    return {
        "message_id": str(mail["Message-ID"]),
        "from": envelope.mail_from,
        "recipients": list(envelope.rcpt_tos),
        "subject": str(mail["Subject"]),
        "headers": {name: str(value) for name, value in mail.items()},
        "text": text.get_content().replace("\r\n", "\n") if text else None,
        "html": html.get_content().replace("\r\n", "\n") if html else None,
        "attachments": [str(part.get_filename()) for part in mail.iter_attachments()],
    }
