"""The mail connector: each document is one mail, sent by SMTP.

SMTP knows no way to ask whether a mail arrived, and no server refuses one that it had. What helps is
the Message-ID, which stays the same over all attempts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from connectors.formats.json import JsonFormat
from connectors.generic.mail.message import address, compose, message_id, read_message
from connectors.generic.mail.rendering import MailFormat
from connectors.generic.mail.templating import MailTemplates, TemplateParts, unfinished
from connectors.transports.smtp import SmtpClient, SmtpSettings
from hub.contract.clock import from_micros
from hub.contract.connector import (
    BY_SETTINGS,
    Connector,
    ConnectorConfig,
    Context,
    Family,
    Health,
    Manifest,
    Outbound,
    PushContext,
    Quality,
    Receipt,
    Support,
)
from hub.contract.errors import RejectedMessage
from hub.contract.format import Format

_MESSAGE = "mail.message"


def _sender(text: str) -> str:
    address(text)
    return text


def _finished(templates: dict[str, TemplateParts]) -> dict[str, TemplateParts]:
    if names := unfinished(templates):
        raise ValueError(f"a mail needs a subject and a text; one of them lack the templates {', '.join(names)}")
    return templates


TemplateName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,60}$")]


class MailConfig(SmtpSettings):
    """One mail server, and who its mails are from."""

    sender: Annotated[str, AfterValidator(_sender)] = Field(
        description="From whom the mails are: an address, or Acme Orders <orders@acme.example>."
    )
    max_bytes: int = Field(
        default=10_000_000, ge=1000, le=100_000_000, description="The largest mail that is sent, attachments encoded."
    )
    idempotent: bool = Field(
        default=False,
        description="The receiver ignores a second mail with a Message-ID, so what is in doubt may be sent again.",
    )
    templates: Annotated[dict[TemplateName, TemplateParts], AfterValidator(_finished)] = Field(
        default_factory=dict, description="Templates by name: further ones, or parts that stand for those shipped."
    )


class MailConnector(Connector[MailConfig]):
    """Sends mails."""

    name: ClassVar[str] = "mail"
    family: ClassVar[Family] = Family.GENERIC
    Config: ClassVar[type[ConnectorConfig]] = MailConfig
    accepts: ClassVar[Mapping[str, str]] = {_MESSAGE: BY_SETTINGS}
    manifest: ClassVar[Manifest] = Manifest(
        title="Mail",
        direction=frozenset({"push"}),
        signature=Quality(Support.EXEMPT, "It receives nothing."),
        idempotency=Quality(
            Support.EXEMPT, "The receiver decides: the Message-ID stays the same; set `idempotent` if it is heeded."
        ),
        ordering=Quality(Support.EXEMPT, "It receives nothing."),
        find=Quality(Support.NO, "SMTP knows no way to ask; a person settles what is in doubt."),
        backoff=Quality(Support.YES, "A 4xx reply is tried again later, as RFC 5321 wants it."),
        redaction=Quality(Support.YES, "The password is never logged, and goes over encrypted connections only."),
    )

    def __init__(self, config: MailConfig, context: Context) -> None:
        super().__init__(config, context)
        self._client: SmtpClient | None = None

    @classmethod
    def formats(cls, config: MailConfig) -> Mapping[str, Format]:
        """Messages, with the shipped templates and the connection's own."""
        sender = address(config.sender)
        return {_MESSAGE: MailFormat(MailTemplates(config.templates, sender.display_name or sender.addr_spec))}

    @property
    def repeatable(self) -> bool:
        """What the configuration says of the receiver."""
        return self.config.idempotent

    async def open(self) -> None:
        self._client = SmtpClient(self.config)

    async def close(self) -> None:
        self._client = None

    async def check(self) -> Health:
        """Whether the server can be signed in to; nothing is sent."""
        await self._opened().probe()
        config = self.config
        signed_in = f"signed in as {config.user}" if config.user else "not signed in"
        return Health(ok=True, findings=[f"{config.host} answers, encryption: {config.security}, {signed_in}"])

    async def push(self, out: Outbound, context: PushContext) -> Receipt:
        """Send one mail; the server's acceptance is its receipt."""
        mail = read_message(next(JsonFormat().decode([out.body])).data)
        identifier = message_id(out.transmission, self.config.sender)
        body = compose(mail, self.config.sender, identifier, from_micros(self.context.clock.now()))
        if len(body) > self.config.max_bytes:
            raise RejectedMessage(
                f"The mail has {len(body):,} bytes, and max_bytes is {self.config.max_bytes:,}.", field="attachments"
            )
        recipients = mail.recipients()
        reply = await self._opened().deliver(address(self.config.sender).addr_spec, recipients, body)
        return Receipt(
            references={"message_id": identifier},
            note=f"taken for {len(recipients)} recipient{'s' if len(recipients) > 1 else ''}: {reply}",
            response=reply.encode(),
        )

    def _opened(self) -> SmtpClient:
        if self._client is None:
            raise RuntimeError("the connector is not open")
        return self._client
