"""The files connector: any files, taken from and left in a mailbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from connectors.generic.files.settings import FilesConfig, FilesOutbox
from connectors.transports.mailbox import Mailbox
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
from hub.contract.errors import RejectedMessage
from hub.contract.format import Format


class FilesConnector(Connector[FilesConfig]):
    """Takes files of some kinds and leaves files of others; which and how is in its settings."""

    name: ClassVar[str] = "files"
    family: ClassVar[Family] = Family.GENERIC
    Config: ClassVar[type[ConnectorConfig]] = FilesConfig
    emits: ClassVar[Mapping[str, str]] = {"*": BY_SETTINGS}
    accepts: ClassVar[Mapping[str, str]] = {"*": BY_SETTINGS}
    manifest: ClassVar[Manifest] = Manifest(
        title="Files (SFTP or directory)",
        direction=frozenset({"pull", "push"}),
        signature=Quality(Support.EXEMPT, "No webhooks; an SFTP server is known by its pinned host key."),
        idempotency=Quality(
            Support.YES,
            "A transmission has one file name, and the step before the final rename is noted: "
            "a repeated push never leaves a second file, also after the first was taken.",
        ),
        ordering=Quality(Support.YES, "The files of an inbox are taken oldest first."),
        find=Quality(Support.YES, "Looks at the temporary and the final name in the outbox."),
        backoff=Quality(Support.EXEMPT, "A file server sets no limits; one session with one call at a time."),
        redaction=Quality(Support.YES, "Credentials are secrets; logs and errors name files, never their content."),
    )

    def __init__(self, config: FilesConfig, context: Context) -> None:
        super().__init__(config, context)
        inboxes = {inbox.name: (inbox, inbox.type) for inbox in config.inboxes}
        self._mailbox = Mailbox(config, inboxes, context)
        self._outboxes = {outbox.type: outbox for outbox in config.outboxes}

    @classmethod
    def formats(cls, config: FilesConfig) -> Mapping[str, Format]:
        """A format for each payload type of the inboxes and outboxes."""
        return {one.type: one.make_format() for one in (*config.inboxes, *config.outboxes)}

    async def close(self) -> None:
        await self._mailbox.close()

    async def check(self) -> Health:
        """Sign in and list every directory."""
        taken, left = self.config.inboxes, self.config.outboxes
        return await self._mailbox.check([*(one.directory for one in taken), *(one.directory for one in left)])

    async def pull(self, cursor: str | None) -> Page:
        """The files that are complete, inbox by inbox."""
        return await self._mailbox.pull(cursor)

    async def ack(self, items: Sequence[Item]) -> None:
        await self._mailbox.ack(items)

    async def push(self, out: Outbound, context: PushContext) -> Receipt:
        """Leave one file: written under a temporary name, noted, renamed."""
        outbox = self._outbox(out)
        return await self._mailbox.leave(out, context, outbox.directory, self._mailbox.file_name(outbox.template, out))

    async def find(self, out: Outbound) -> Receipt | None:
        """Whether the file got its final name, also if it was taken meanwhile."""
        outbox = self._outbox(out)
        return await self._mailbox.find(out, outbox.directory, self._mailbox.file_name(outbox.template, out))

    def _outbox(self, out: Outbound) -> FilesOutbox:
        if out.type not in self._outboxes:
            raise RejectedMessage(
                f"{self.context.connection} has no outbox for {out.type}: add one to its outboxes, and send again.",
                value=out.type,
            )
        return self._outboxes[out.type]
