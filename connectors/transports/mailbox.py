"""A mailbox: several directories at one counterpart, reached by SFTP or as a local directory.

What is taken from each directory, and under which payload type, is an `InboxSettings` by a name.
Several may take from one directory: a file belongs to the first whose pattern fits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from connectors.transports._file_names import original_name
from connectors.transports.directory import DirectoryTransport, LocalDirectory
from connectors.transports.files import FileInbox, InboxSettings, call, find_published, look, publish
from connectors.transports.sftp import SftpSettings, SftpTransport
from hub.contract.clock import from_micros
from hub.contract.connector import ConnectorConfig, Context, Health, Item, Outbound, Page, PushContext, Receipt
from hub.contract.transport import FileTransport, RemoteFile

__all__ = ["FileName", "Mailbox", "MailboxSettings"]

_INBOX = "inbox"
"""Header of an item: the name of the inbox that took it."""

_PLACE = re.compile(r"\{([^{}]*)\}")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


def _template(text: str) -> str:
    plain = _PLACE.sub("", text)
    if "{" in plain or "}" in plain:
        raise ValueError("write places as {transmission}, each with both braces")
    if not all(place.isidentifier() for place in _PLACE.findall(text)):
        raise ValueError("a place is {transmission}, {type}, {date}, {time} or the kind of a number, such as {po}")
    if "/" in plain or text.startswith(".") or not plain.isprintable():
        raise ValueError("a file name is printable, has no '/' and no dot at its start")
    return text


FileName = Annotated[str, AfterValidator(_template)]
"""A setting: the name of files to leave, with places to be filled by `Mailbox.file_name`."""


class MailboxSettings(ConnectorConfig):
    """Where a mailbox is: at an SFTP server, or in a directory of this machine."""

    sftp: SftpSettings | None = Field(None, description="The SFTP server that holds the mailbox.")
    directory: LocalDirectory | None = Field(
        None, description="Instead of sftp: a local directory, or a mounted share, that is the mailbox."
    )

    @model_validator(mode="after")
    def _is_in_one_place(self) -> Self:
        if (self.sftp is None) == (self.directory is None):
            raise ValueError("give either sftp or directory")
        return self

    def transport(self, context: Context) -> FileTransport:
        """A transport to it; opens nothing. `context` keeps the host key of a server that a person confirmed."""
        return SftpTransport(self.sftp, context) if self.sftp is not None else DirectoryTransport(self.directory or "")


@dataclass
class _Inbox:
    """One inbox and the payload type of its files."""

    files: FileInbox
    type: str

    async def pull(self, name: str, cursor: str | None) -> Page:
        """What the inbox has, each item marked with the inbox's name."""
        page = await self.files.pull(cursor, lambda _file: self.type)
        for item in page.items:
            item.headers = {**item.headers, _INBOX: name}
        return page


class Mailbox:
    """Takes files from the inboxes of a mailbox and leaves others in it."""

    def __init__(
        self, settings: MailboxSettings, inboxes: Mapping[str, tuple[InboxSettings, str]], context: Context
    ) -> None:
        """`inboxes`: settings and payload type by a name that stays the same over restarts."""
        self._transport = settings.transport(context)
        self._clock = context.clock
        wanted = [one for one, _ in inboxes.values()]
        self._inboxes = {
            name: _Inbox(FileInbox(_Sight(self._transport, _wanted(wanted[: place + 1])), one, self._clock), type_)
            for place, (name, (one, type_)) in enumerate(inboxes.items())
        }

    async def close(self) -> None:
        """Give the session back."""
        await call(self._transport, self._transport.close)

    async def check(self, directories: Sequence[str]) -> Health:
        """List each directory once; takes and leaves nothing."""
        return await look(self._transport, list(dict.fromkeys(directories)))

    async def pull(self, cursor: str | None) -> Page:
        """What each inbox has; see `FileInbox.pull`. One that fails fails the pull, and nothing is lost."""
        cursors = _read_cursors(cursor)
        pages = {name: await inbox.pull(name, cursors.get(name)) for name, inbox in self._inboxes.items()}
        kept = {name: page.cursor for name, page in pages.items() if page.cursor is not None}
        return Page(
            items=[item for page in pages.values() for item in page.items],
            cursor=json.dumps(kept) if kept else None,
            more=any(page.more for page in pages.values()),
        )

    async def ack(self, items: Sequence[Item]) -> None:
        """Move stored files to the archives of their inboxes."""
        for name, inbox in self._inboxes.items():
            await inbox.files.ack([item for item in items if item.headers.get(_INBOX) == name])

    async def leave(self, out: Outbound, context: PushContext, directory: str, name: str) -> Receipt:
        """Leave a file: written under a temporary name, noted, renamed."""
        return await publish(self._transport, out, context, directory, name)

    async def find(self, out: Outbound, directory: str, name: str) -> Receipt | None:
        """Whether the file got its final name, also if the counterpart has taken it meanwhile."""
        return await find_published(self._transport, out, directory, name)

    def file_name(self, template: str, out: Outbound) -> str:
        """The template filled for a transmission; a number that is not known leaves nothing.

        Places are {transmission}, {type} (what follows the last dot), {date} and {time} in UTC,
        and kinds of numbers that the subject has at this system. What a name cannot hold is `_`.
        """
        now: datetime = from_micros(self._clock.now())
        values = {
            **out.references,
            "transmission": out.transmission,
            "type": out.type.rpartition(".")[2],
            "date": f"{now:%Y%m%d}",
            "time": f"{now:%H%M%S}",
        }
        return _PLACE.sub(lambda place: _UNSAFE.sub("_", values.get(place[1], "")), template)


class _Sight:
    """A transport that lists the files of one inbox only, those it has claimed too.

    An inbox takes whatever lies in `.claimed/` for its own, and those of one directory share it.
    """

    def __init__(self, transport: FileTransport, wanted: Callable[[str], bool]) -> None:
        self._transport = transport
        self._wanted = wanted
        self.read, self.write, self.rename = transport.read, transport.write, transport.rename
        self.exists, self.make_directory, self.close = transport.exists, transport.make_directory, transport.close

    def list(self, directory: str) -> list[RemoteFile]:
        """The files of this inbox, oldest first."""
        return [file for file in self._transport.list(directory) if self._wanted(original_name(file.name) or file.name)]


def _wanted(inboxes: Sequence[InboxSettings]) -> Callable[[str], bool]:
    """Whether a name belongs to the last of these inboxes, and to none before it in the same directory."""
    *others, own = inboxes
    before = [one for one in others if _names(one.directory) == _names(own.directory)]
    return lambda name: _fits(name, own) and not any(_fits(name, one) for one in before)


def _names(path: str) -> list[str]:
    return [name for name in path.split("/") if name not in {"", "."}]


def _fits(name: str, inbox: InboxSettings) -> bool:
    file = name.removesuffix(inbox.done_suffix) if inbox.ready == "done-file" else name
    return fnmatchcase(file, inbox.pattern)


def _read_cursors(text: str | None) -> dict[str, str]:
    """The inboxes' own cursors by name; without a readable one each file is looked at anew."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
