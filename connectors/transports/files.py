"""Taking and leaving files at a counterpart, on any file transport.

An inbox takes a file by renaming it into `.claimed/` under a unique name that keeps its own,
offers it, and moves it to the archive once it is stored. What a killed process left in
`.claimed/` is offered again under the same key, since its name, size and mtime survive.

A file is left under a temporary name, which is then noted, and renamed. From then on it can
always be told whether it arrived: the temporary name still there is "no", gone is "yes",
even if the counterpart has taken the file meanwhile. Counterparts must therefore leave names
with a leading dot alone, and never delete them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from connectors.transports._file_calls import call, call_now, read, retriable
from connectors.transports._file_names import claimed_name, free_name, joined, original_name, quoted, shown, unquoted
from connectors.transports._file_publish import find_published, publish
from hub.contract.clock import Clock, SystemClock
from hub.contract.connector import ConnectorConfig, Health, Item, Page
from hub.contract.errors import AuthError, ConfigError, RejectedMessage, TransientError
from hub.contract.transport import FileTransport, RemoteFile

__all__ = ["FileInbox", "InboxSettings", "OutboxSettings", "call", "find_published", "look", "publish"]

_PAGE = 100
"""Files per page."""

_REMEMBERED = 2000
"""First looks kept in the cursor; further files wait for a place."""

_MICROSECONDS = 1_000_000


class InboxSettings(ConnectorConfig):
    """Where files are taken from, and when one is complete."""

    directory: str = Field(min_length=1, description="Directory at the counterpart to take files from.")
    pattern: str = Field("*", min_length=1, description="Names to take, such as ORDRSP_*.xml; case matters.")
    ready: Literal["stable", "done-file", "renamed"] = Field(
        "stable",
        description=(
            "How a complete file is told: 'stable' by an unchanged size and time, 'done-file' by a second file "
            "with done_suffix, 'renamed' if the writer gives the final name only to complete files."
        ),
    )
    stable_seconds: float = Field(
        10.0, ge=0, le=86_400, description="For 'stable': seconds that size and time must stay unchanged."
    )
    done_suffix: str = Field(
        ".done",
        pattern=r"^[^/]+$",
        description="For 'done-file': what follows the whole file name, x.csv.done; archived too.",
    )
    archive: str | None = Field(
        None, description="Directory for files once they are stored; by default archive/ in the directory."
    )
    error: str | None = Field(
        None, description="Directory for files that cannot be read; by default error/ in the directory."
    )


class OutboxSettings(ConnectorConfig):
    """Where files are left."""

    directory: str = Field(min_length=1, description="Directory at the counterpart to leave files in.")


class _Look(BaseModel):
    """How a file looked when it was first seen so, and when that was, in microseconds."""

    size: int
    mtime: int
    at: int


class _Cursor(BaseModel):
    """Looks by quoted name."""

    looks: dict[str, _Look] = {}


class FileInbox:
    """Takes the files of one directory.

    One pull at a time per directory, as the hub does it; a second one is safe, but offers the
    same claims under the same keys.
    """

    def __init__(self, transport: FileTransport, settings: InboxSettings, clock: Clock | None = None) -> None:
        self._transport = transport
        self._settings = settings
        self._clock = clock or SystemClock()
        self._claimed = joined(settings.directory, ".claimed")
        self._archive = settings.archive or joined(settings.directory, "archive")
        self._error = settings.error or joined(settings.directory, "error")
        self._prepared = False

    async def pull(self, cursor: str | None, type_of: Callable[[str], str]) -> Page:
        """Claim what is complete and offer what is claimed, oldest first, at most 100 files.

        `type_of` gives the payload type by file name. Bodies are read from the server when they
        are iterated, in any thread; one that cannot be read for good raises RejectedMessage and
        moves its file to the error directory. Raises TransientError where the connection fails;
        nothing is lost then.
        """
        await self._prepare()
        await self._finish_claims()
        files = await call(self._transport, self._transport.list, self._settings.directory)
        ready, looks = self._ready(files, _read_cursor(cursor))
        for file in ready[:_PAGE]:
            await self._claim(file)
        claims = [file for file in await self._claims() if not self._is_marker(file.name)]
        return Page(
            items=[self._item(file, type_of) for file in claims[:_PAGE]],
            cursor=_Cursor(looks=looks).model_dump_json() if looks else None,
            more=len(ready) > _PAGE or len(claims) > _PAGE,
        )

    async def ack(self, items: Sequence[Item]) -> None:
        """Move stored files to the archive, under a free name. Moving one twice does no harm."""
        for item in items:
            claim = unquoted(item.headers["claimed"]).rpartition("/")[2]
            if self._settings.ready == "done-file":
                # Before its file: a marker alone means a claim that is yet to be finished.
                await self._move(claim + self._settings.done_suffix, self._archive)
            await self._move(claim, self._archive)

    async def _prepare(self) -> None:
        if not self._prepared:
            for directory in (self._claimed, self._archive, self._error):
                await call(self._transport, self._make_directory, directory)
            self._prepared = True

    def _ready(self, files: list[RemoteFile], looks: dict[str, _Look]) -> tuple[list[RemoteFile], dict[str, _Look]]:
        """The complete files, and the looks to remember."""
        names = {file.name for file in files}
        wanted = [file for file in files if self._is_wanted(file.name)]
        if self._settings.ready == "renamed":
            return wanted, {}
        if self._settings.ready == "done-file":
            return [file for file in wanted if file.name + self._settings.done_suffix in names], {}
        return self._stable(wanted, looks)

    def _is_wanted(self, name: str) -> bool:
        return not name.startswith(".") and not self._is_marker(name) and fnmatchcase(name, self._settings.pattern)

    def _is_marker(self, name: str) -> bool:
        return self._settings.ready == "done-file" and name.endswith(self._settings.done_suffix)

    def _stable(self, files: list[RemoteFile], looks: dict[str, _Look]) -> tuple[list[RemoteFile], dict[str, _Look]]:
        now = self._clock.now()
        ready: list[RemoteFile] = []
        kept: dict[str, _Look] = {}
        for file in files[:_REMEMBERED]:
            name = quoted(file.name)
            last = looks.get(name)
            if last is None or (last.size, last.mtime) != (file.size, file.mtime) or last.at > now:
                last = _Look(size=file.size, mtime=file.mtime, at=now)
            elif now - last.at >= self._settings.stable_seconds * _MICROSECONDS:
                ready.append(file)
            kept[name] = last
        return ready, kept

    async def _claim(self, file: RemoteFile) -> None:
        claim = claimed_name(file.name)
        if self._settings.ready == "done-file":
            suffix = self._settings.done_suffix
            if not await self._rename(file.path + suffix, joined(self._claimed, claim + suffix)):
                return
        await self._rename(file.path, joined(self._claimed, claim))

    async def _finish_claims(self) -> None:
        """Take the files of done-files whose claim was cut off between the two."""
        if self._settings.ready != "done-file":
            return
        claims = {file.name for file in await self._claims()}
        for marker in filter(self._is_marker, claims):
            claim = marker.removesuffix(self._settings.done_suffix)
            name = original_name(claim)
            if name is None or claim in claims:
                continue
            if not await self._rename(joined(self._settings.directory, name), joined(self._claimed, claim)):
                await self._move(marker, self._archive)

    async def _claims(self) -> list[RemoteFile]:
        files = await call(self._transport, self._transport.list, self._claimed)
        return [file for file in files if self._is_ours(original_name(file.name))]

    def _is_ours(self, name: str | None) -> bool:
        """Whether a claim is this inbox's: others that share the directory have their own patterns."""
        if name is None:
            return False
        if self._is_marker(name):
            name = name.removesuffix(self._settings.done_suffix)
        return fnmatchcase(name, self._settings.pattern)

    def _item(self, file: RemoteFile, type_of: Callable[[str], str]) -> Item:
        name = shown(original_name(file.name) or file.name)
        path = shown(joined(self._settings.directory, name))
        return Item(
            key=f"{path}:{file.size}:{file.mtime}",
            type=type_of(name),
            body=_Body(self, file),
            name=name,
            headers={"path": path, "claimed": quoted(file.path)},
            content_in_key=True,
        )

    def _make_directory(self, path: str) -> None:
        with retriable():
            self._transport.make_directory(path)

    async def _move(self, claim: str, directory: str) -> None:
        await call(self._transport, self._move_now, claim, directory)

    async def _rename(self, source: str, target: str) -> bool:
        return await call(self._transport, self._rename_now, source, target)

    def _move_now(self, claim: str, directory: str) -> None:
        """Move a claim, if it is still there, under its original name or one that is free."""
        source, name = joined(self._claimed, claim), original_name(claim) or claim
        if self._rename_now(source, joined(directory, name)) or not self._transport.exists(source):
            return
        if not self._rename_now(source, joined(directory, free_name(claim))) and self._transport.exists(source):
            raise TransientError(f"{shown(source)} could not be moved to {directory}.", path=shown(source))

    def _rename_now(self, source: str, target: str) -> bool:
        with retriable():
            return self._transport.rename(source, target)

    def chunks(self, file: RemoteFile) -> Iterator[bytes]:
        """A claim's bytes. One that cannot be read goes to the error directory (RejectedMessage);
        one that is no longer as long as it was listed is still being written (TransientError)."""
        size = 0
        try:
            for chunk in read(self._transport, file.path):
                size += len(chunk)
                yield chunk
        except RejectedMessage:
            call_now(self._transport, self._move_now, file.name, self._error)
            raise
        if size != file.size:
            self._put_back(file)
            raise TransientError(
                f"{shown(file.path)} had {file.size} bytes and now {size}: it is still being written.",
                path=shown(file.path),
            )

    def _put_back(self, file: RemoteFile) -> None:
        """Let a file that was taken too early become stable again where it was."""
        name = original_name(file.name)
        if self._settings.ready == "stable" and name is not None:
            call_now(self._transport, self._rename_now, file.path, joined(self._settings.directory, name))


class _Body:
    """A claim's bytes, read when iterated."""

    def __init__(self, inbox: FileInbox, file: RemoteFile) -> None:
        self._inbox = inbox
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        return self._inbox.chunks(self._file)


async def look(transport: FileTransport, directories: Sequence[str]) -> Health:
    """For `Connector.check`: lists each directory; takes and leaves nothing."""
    findings: list[str] = []
    ok = True
    for directory in directories:
        try:
            files = await call(transport, transport.list, directory)
        except ConfigError as error:
            ok = False
            findings.append(error.message)
        except (AuthError, TransientError) as error:
            return Health(ok=False, findings=[*findings, error.message])
        else:
            findings.append(f"{directory}: {len(files)} file{'' if len(files) == 1 else 's'}.")
    return Health(ok=ok, findings=findings)


def _read_cursor(text: str | None) -> dict[str, _Look]:
    """The looks of a cursor. Without a readable one each file is looked at anew, which only takes longer."""
    try:
        return _Cursor.model_validate_json(text or "{}").looks
    except ValidationError:
        return {}
