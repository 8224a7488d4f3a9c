"""Reading a whole body where a format has no smaller piece, within a bound."""

from __future__ import annotations

from collections.abc import Iterable

from hub.contract.errors import DecodeError

MAX_DOCUMENT = 32 * 1024 * 1024
"""Bytes of one document that is read as a whole; a tree takes about ten times as many in memory."""


def bounded(stream: Iterable[bytes], what: str) -> Iterable[bytes]:
    """The chunks of `stream`; DecodeError once they are more than MAX_DOCUMENT."""
    size = 0
    for chunk in stream:
        size += len(chunk)
        if size > MAX_DOCUMENT:
            raise too_large(what)
        yield chunk


def too_large(what: str) -> DecodeError:
    """The error for one document over the bound; `what` is the format's name."""
    limit = MAX_DOCUMENT // (1024 * 1024)
    return DecodeError(
        f"This {what} document is over {limit} MiB. Have the sender split it into several documents.",
        position=f"byte {MAX_DOCUMENT}",
        limit=MAX_DOCUMENT,
    )
