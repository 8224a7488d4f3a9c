"""The warehouse connector: releases and announced returns out, status, shipments, stock and returns in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from connectors.transports.mailbox import Mailbox
from connectors.wms.wms_files.settings import LeftFiles, WarehouseConfig
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


class WarehouseConnector(Connector[WarehouseConfig]):
    """Leaves and takes a warehouse's CSV files."""

    name: ClassVar[str] = "wms_files"
    family: ClassVar[Family] = Family.WMS
    Config: ClassVar[type[ConnectorConfig]] = WarehouseConfig
    emits: ClassVar[Mapping[str, str]] = {
        "wms.status": BY_SETTINGS,
        "wms.shipment": BY_SETTINGS,
        "wms.stock": BY_SETTINGS,
        "wms.return": BY_SETTINGS,
    }
    accepts: ClassVar[Mapping[str, str]] = {"wms.release": BY_SETTINGS, "wms.return_order": BY_SETTINGS}
    manifest: ClassVar[Manifest] = Manifest(
        title="Warehouse (CSV files)",
        direction=frozenset({"pull", "push"}),
        signature=Quality(Support.EXEMPT, "No webhooks; an SFTP server is known by its pinned host key."),
        idempotency=Quality(
            Support.YES,
            "A transmission has one file name, and the step before the final rename is noted: "
            "a repeated push never leaves a second file, also after the warehouse has taken the first.",
        ),
        ordering=Quality(
            Support.YES, "Files of a kind are taken oldest first; rows carry the time at which it happened."
        ),
        find=Quality(Support.YES, "Looks at the temporary and the final name in the outbox."),
        backoff=Quality(Support.EXEMPT, "A file server sets no limits; one session with one call at a time."),
        redaction=Quality(Support.YES, "Credentials are secrets; logs and errors name files, never their content."),
    )

    def __init__(self, config: WarehouseConfig, context: Context) -> None:
        super().__init__(config, context)
        inboxes = {name: (files, files.kind.type) for name, files in config.files.taken().items()}
        self._mailbox = Mailbox(config, inboxes, context)
        self._outboxes = {files.kind.type: files for files in config.files.left()}

    @classmethod
    def formats(cls, config: WarehouseConfig) -> Mapping[str, Format]:
        """CSV in the columns of each kind of file."""
        return config.formats()

    async def close(self) -> None:
        await self._mailbox.close()

    async def check(self) -> Health:
        """Sign in and list every directory."""
        files = self.config.files
        taken = [one.directory for one in files.taken().values()]
        return await self._mailbox.check([*taken, *(one.directory for one in files.left())])

    async def pull(self, cursor: str | None) -> Page:
        """The files that are complete, kind by kind."""
        return await self._mailbox.pull(cursor)

    async def ack(self, items: Sequence[Item]) -> None:
        await self._mailbox.ack(items)

    async def push(self, out: Outbound, context: PushContext) -> Receipt:
        """Leave one file: written under a temporary name, noted, renamed."""
        files = self._files(out)
        return await self._mailbox.leave(out, context, files.directory, self._mailbox.file_name(files.name, out))

    async def find(self, out: Outbound) -> Receipt | None:
        """Whether the file got its final name, also if the warehouse has taken it meanwhile."""
        files = self._files(out)
        return await self._mailbox.find(out, files.directory, self._mailbox.file_name(files.name, out))

    def _files(self, out: Outbound) -> LeftFiles:
        if out.type not in self._outboxes:
            raise RejectedMessage(
                f"A warehouse takes {' and '.join(self._outboxes)}, not {out.type}; see the mapping of the route.",
                value=out.type,
            )
        return self._outboxes[out.type]
