"""A trading partner's mailbox: interchanges are taken from one directory and left in another.

One connection is one partner. What the hub sends is one set in a file of its own; what it takes may
hold any number of interchanges, groups and sets. A partner's 997 names the group that it answers,
so the group's number is kept as a reference of what was sent in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Final

from pydantic import Field, field_validator

from connectors.edi.x12.naming import PLACEHOLDERS, Numbers, file_name, is_template, numbers_of
from connectors.formats.x12 import Partner, Party, X12Format
from connectors.formats.x12.envelope import GROUP_OF
from connectors.transports.files import (
    FileInbox,
    InboxSettings,
    OutboxSettings,
    call,
    find_published,
    look,
    publish,
)
from connectors.transports.mailbox import MailboxSettings
from hub.contract.connector import (
    BY_SETTINGS,
    Connector,
    ConnectorConfig,
    Context,
    Family,
    Health,
    Item,
    Manifest,
    Outbound,
    Page,
    PushContext,
    Quality,
    Receipt,
    Support,
)
from hub.contract.errors import Duplicate
from hub.contract.format import Format

INTERCHANGE: Final = "x12.interchange"
"""Payload type of a whole file; each set in it has a type of its own, such as x12.850."""

SETS: Final = (*(f"x12.{number}" for number in GROUP_OF), "x12.ta1")
"""Payload types of the sets that are known, and of an interchange's own acknowledgement."""


class X12Outbox(OutboxSettings):
    """Where files are left, and what they are called."""

    name: str = Field(
        "{type}_{transmission}.edi",
        description=f"Name of each file; {', '.join(PLACEHOLDERS)} stand for what is in it. It must differ each time.",
    )

    @field_validator("name")
    @classmethod
    def _name_is_usable(cls, name: str) -> str:
        if not is_template(name):
            known = ", ".join(PLACEHOLDERS)
            raise ValueError(f"put {{transmission}}, {{interchange}} or {{group}} in it, of {known} and no other")
        return name


class X12Config(Partner, MailboxSettings):
    """Settings of a connection to a partner: what was agreed with it, and where files go."""

    us: Party = Field(description="What we are called. What is addressed to anybody else is refused.")
    them: Party = Field(description="What the partner is called. What comes from anybody else is refused.")
    inbox: InboxSettings = Field(description="Where the partner's files are taken from, and when one is complete.")
    outbox: X12Outbox = Field(description="Where files for the partner are left.")


class X12Connector(Connector[X12Config]):
    """Takes a partner's interchanges and leaves ours."""

    name: ClassVar[str] = "x12"
    family: ClassVar[Family] = Family.EDI
    Config: ClassVar[type[ConnectorConfig]] = X12Config
    emits: ClassVar[Mapping[str, str]] = dict.fromkeys((INTERCHANGE, *SETS), BY_SETTINGS)
    accepts: ClassVar[Mapping[str, str]] = dict.fromkeys(SETS, BY_SETTINGS)
    partner: ClassVar[Sequence[str]] = ("us", "them")
    manifest: ClassVar[Manifest] = Manifest(
        title="X12 EDI (files of a trading partner)",
        direction=frozenset({"pull", "push"}),
        signature=Quality(
            Support.EXEMPT, "No webhooks; the server is known by its pinned host key, the partner by its ids."
        ),
        idempotency=Quality(
            Support.YES,
            "A transmission has one file name and one interchange number, and the step before the final rename "
            "is noted: a repeated push never leaves a second file, also after the partner has taken the first.",
        ),
        ordering=Quality(
            Support.YES, "Files are taken oldest first, sets in their order; interchange numbers are ascending."
        ),
        find=Quality(Support.YES, "Looks at the temporary and the final name in the outbox."),
        backoff=Quality(Support.EXEMPT, "A file server sets no limits; one session with one call at a time."),
        redaction=Quality(Support.YES, "Credentials are secrets; logs and errors name files, never their content."),
    )

    def __init__(self, config: X12Config, context: Context) -> None:
        super().__init__(config, context)
        self._transport = config.transport(context)
        self._inbox = FileInbox(self._transport, config.inbox, context.clock)

    @classmethod
    def formats(cls, config: X12Config) -> Mapping[str, Format]:
        """X12 as it was agreed with this partner, for every type."""
        return dict.fromkeys((INTERCHANGE, *SETS), X12Format(config))

    async def close(self) -> None:
        """Give the session back."""
        await call(self._transport, self._transport.close)

    async def check(self) -> Health:
        """Sign in and list both directories."""
        return await look(self._transport, [self.config.inbox.directory, self.config.outbox.directory])

    async def pull(self, cursor: str | None) -> Page:
        """The files that are complete, each with one interchange or more."""
        return await self._inbox.pull(cursor, lambda _name: INTERCHANGE)

    async def ack(self, items: Sequence[Item]) -> None:
        """Move stored files to the archive."""
        await self._inbox.ack(items)

    async def push(self, out: Outbound, context: PushContext) -> Receipt:
        """Leave one interchange: written under a temporary name, noted, renamed."""
        numbers = numbers_of(out.body)
        name = file_name(self.config.outbox.name, out, numbers)
        try:
            receipt = await publish(self._transport, out, context, self.config.outbox.directory, name)
        except Duplicate as error:
            # The partner has it, and will answer by these numbers all the same.
            receipt = Receipt(note=error.message)
        return _numbered(receipt, numbers)

    async def find(self, out: Outbound) -> Receipt | None:
        """Whether the file got its final name, also if the partner has taken it meanwhile."""
        numbers = numbers_of(out.body)
        name = file_name(self.config.outbox.name, out, numbers)
        found = await find_published(self._transport, out, self.config.outbox.directory, name)
        return None if found is None else _numbered(found, numbers)


def _numbered(receipt: Receipt, numbers: Numbers) -> Receipt:
    """The receipt with the numbers by which the partner will answer; a TA1 has no group.

    ISA13 is `sent_interchange`: under `interchange` the hub finds what the partner sent, with numbers of its own.
    """
    given = {"sent_interchange": numbers.interchange, "group": numbers.group}
    return replace(receipt, references={kind: number for kind, number in given.items() if number})
