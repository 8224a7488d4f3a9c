"""paramiko's SFTP client with two calls of its own: listings of any names, reads in bounded windows.

Both are made of the same requests as paramiko's `listdir_attr` and `prefetch`. The former
decodes names strictly as UTF-8, so that one odd name makes a whole directory unreadable; the
latter reads ahead without a bound, in a thread that fails on its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import paramiko
from paramiko.sftp import (
    CMD_CLOSE,
    CMD_DATA,
    CMD_HANDLE,
    CMD_NAME,
    CMD_OPENDIR,
    CMD_READ,
    CMD_READDIR,
    CMD_STATUS,
    SFTPError,
    int64,
)

_BLOCK = 32 * 1024
"""Bytes per read request; all servers give that much (draft-ietf-secsh-filexfer-02, 3), few give more."""

_REQUESTS = 64
"""Read requests under way at once, as many as OpenSSH's own client has."""


class _Answers:
    """The blocks of one window by request number, empty where the file had ended."""

    def __init__(self, client: SftpClient) -> None:
        self._client = client
        self.blocks: dict[int, bytes] = {}
        self.failure: OSError | None = None

    def _async_response(self, kind: int, message: paramiko.Message, number: int) -> None:
        """Called by paramiko with each answer to a request that was made in this object's name."""
        self.blocks[number] = message.get_string() if kind == CMD_DATA else b""
        if kind == CMD_STATUS:
            try:
                self._client.convert_status(message)
            except EOFError:
                return
            except OSError as error:
                self.failure = error


class SftpClient(paramiko.SFTPClient):
    """paramiko's client; calls must not overlap, as always with it."""

    # Of paramiko, but not in the published types.
    _request: Any
    _async_request: Any
    _read_response: Any
    _convert_status: Any

    block = _BLOCK

    def entries(self, path: bytes) -> Iterator[tuple[bytes, paramiko.SFTPAttributes]]:
        """Names, as the bytes they are, and attributes of a directory."""
        kind, message = self._request(CMD_OPENDIR, path)
        if kind != CMD_HANDLE:
            raise SFTPError("Expected handle")
        handle = message.get_binary()
        try:
            while True:
                kind, message = self._request(CMD_READDIR, handle)
                if kind != CMD_NAME:
                    raise SFTPError("Expected names")
                for _ in range(message.get_int()):
                    name, _longname = message.get_string(), message.get_string()
                    yield name, paramiko.SFTPAttributes._from_msg(message)  # type: ignore[attr-defined]  # noqa: SLF001
        except EOFError:
            self._request(CMD_CLOSE, handle)

    def window(self, handle: object, start: int, size: int) -> bytes:
        """What an open file has at `start`: up to `size` bytes, at most 2 MiB, b"" at its end."""
        answers = _Answers(self)
        end = start + min(size, self.block * _REQUESTS)
        wanted = {
            self._async_request(answers, CMD_READ, handle, int64(offset), min(self.block, end - offset)): offset
            for offset in range(start, end, self.block)
        }
        while len(answers.blocks) < len(wanted):
            self._read_response()
        if answers.failure is not None:
            raise answers.failure
        return self._joined([answers.blocks[number] for number in wanted])

    def _joined(self, blocks: list[bytes]) -> bytes:
        """The blocks up to the first short one, behind which there is a gap, unless it is the last."""
        for index, block in enumerate(blocks[:-1]):
            if len(block) < self.block:
                if index == 0 and blocks[1]:
                    self.block = len(block)  # the server gives no more at once
                return b"".join(blocks[: index + 1])
        return b"".join(blocks)

    def convert_status(self, message: paramiko.Message) -> None:
        """Raise what a status answer says: EOFError at the end of a file, OSError for a failure."""
        self._convert_status(message)

    def is_alive(self) -> bool:
        """Whether the session can carry another call, as far as this side knows."""
        channel = self.get_channel()
        return channel is not None and not channel.closed and channel.get_transport().is_active()

    def end(self) -> None:
        """Close the channel and its connection."""
        channel = self.get_channel()
        if channel is not None:
            channel.get_transport().close()
