"""SAP by IDoc files: order confirmations are taken from one directory, orders left in another.

SAP's XML file port writes and reads such directories (transaction WE21); message type and partner
are in each IDoc's control record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from connectors.transports.files import (
    FileInbox,
    InboxSettings,
    OutboxSettings,
    call,
    find_published,
    look,
    publish,
)
from connectors.transports.sftp import SftpSettings, SftpTransport
from hub.contract.connector import (
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

_CONFIRMATION = "idoc.ordrsp"


class SapIdocConfig(ConnectorConfig):
    """Settings of a connection to SAP."""

    sftp: SftpSettings = Field(description="The SFTP server whose directories SAP reads and writes.")
    inbox: InboxSettings = Field(description="Where SAP leaves its IDocs, and when such a file is complete.")
    outbox: OutboxSettings = Field(description="Where SAP takes IDocs from.")


class SapIdocConnector(Connector[SapIdocConfig]):
    """Takes ORDRSP files and leaves ORDERS and ORDCHG files, each IDoc in a file of its own."""

    name: ClassVar[str] = "sap_idoc"
    family: ClassVar[Family] = Family.ERP
    Config: ClassVar[type[ConnectorConfig]] = SapIdocConfig
    emits: ClassVar[Mapping[str, str]] = {_CONFIRMATION: "idoc"}
    accepts: ClassVar[Mapping[str, str]] = {"idoc.orders": "idoc", "idoc.ordchg": "idoc"}
    manifest: ClassVar[Manifest] = Manifest(
        title="SAP (IDoc XML over SFTP)",
        direction=frozenset({"pull", "push"}),
        signature=Quality(Support.EXEMPT, "No webhooks; the server is known by its pinned host key."),
        idempotency=Quality(
            Support.YES,
            "A transmission has one file name, and the step before the final rename is noted: "
            "a repeated push never leaves a second file, also after SAP has taken the first.",
        ),
        ordering=Quality(Support.YES, "Files are taken oldest first; DOCNUM of the control record is ascending."),
        find=Quality(Support.YES, "Looks at the temporary and the final name in the outbox."),
        backoff=Quality(Support.EXEMPT, "A file server sets no limits; one session with one call at a time."),
        redaction=Quality(Support.YES, "Credentials are secrets; logs and errors name files, never their content."),
    )

    def __init__(self, config: SapIdocConfig, context: Context) -> None:
        super().__init__(config, context)
        self._transport = SftpTransport(config.sftp, context)
        self._inbox = FileInbox(self._transport, config.inbox, context.clock)

    async def close(self) -> None:
        """Give the session back."""
        await call(self._transport, self._transport.close)

    async def check(self) -> Health:
        """Sign in and list both directories."""
        return await look(self._transport, [self.config.inbox.directory, self.config.outbox.directory])

    async def pull(self, cursor: str | None) -> Page:
        """The files that are complete, each with one or more IDocs; their types are in the IDocs."""
        return await self._inbox.pull(cursor, lambda _name: _CONFIRMATION)

    async def ack(self, items: Sequence[Item]) -> None:
        """Move stored files to the archive."""
        await self._inbox.ack(items)

    async def push(self, out: Outbound, context: PushContext) -> Receipt:
        """Leave one IDoc file: written under a temporary name, noted, renamed."""
        return await publish(self._transport, out, context, self.config.outbox.directory, _file_name(out))

    async def find(self, out: Outbound) -> Receipt | None:
        """Whether the file got its final name, also if SAP has taken it meanwhile."""
        return await find_published(self._transport, out, self.config.outbox.directory, _file_name(out))


def _file_name(out: Outbound) -> str:
    """`ORDERS_<transmission>.xml`: the same at every attempt, and no other transmission's."""
    return f"{out.type.removeprefix('idoc.').upper()}_{out.transmission}.xml"
