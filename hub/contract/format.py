"""Format: bytes to plain trees and back.

A tree is made of dict, list, str, int, Decimal, bool and None only, so that JSON, XML, IDoc
segments and X12 loops are all read by the same expressions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Protocol


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a tree travelled in, where the envelope has a number of its own (an X12 interchange).

    `key` is that number with whatever makes it unique at this counterpart; `digest` is over the
    envelope's bytes. The same key with the same digest is a resend: it is replied to again, and its
    documents are duplicates. The same key with another digest is quarantined.
    """

    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class Tree:
    """One thing read from a message.

    `position` names its place for people ("IDOC 2", "line 40"; "" for the only one).
    `type` is its payload type where the bytes tell it (`idoc.ordrsp`); None leaves the
    type that the item came with.
    """

    data: Any
    position: str = ""
    type: str | None = None
    envelope: Envelope | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """A part of the message that could not be read, while the rest can."""

    message: str
    position: str
    where: Mapping[str, Any] = field(default_factory=dict)
    envelope: Envelope | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What the sender must be told of what it sent (a 997), owed as soon as the message is settled.

    The hub delivers `data`, a tree of payload type `type`, to the connection that the message came
    from; that connection's `accepts` names the type. `about` is the number of what is replied to
    (an interchange's control number), by which people find it.
    """

    data: Any
    type: str
    about: str
    position: str = ""
    envelope: Envelope | None = None


class Numbers(Protocol):
    """Running numbers of a connection, for formats that number what they write."""

    def next(self, name: str, *, most: int) -> int:
        """The next number called `name`: 1 to `most`, then from 1 again.

        Given in the transaction that freezes the bytes, so that none is lost or given twice.
        """
        ...


class _Unnumbered:
    def next(self, name: str, *, most: int) -> int:
        return 1


UNNUMBERED: Final[Numbers] = _Unnumbered()
"""Numbers of what is not sent, a preview or a test: always 1."""


class Format:
    """Base of all formats. Instances hold options, no state, and are shared between threads.

    The registry makes one without arguments. A connector whose settings say how its bytes are read
    (a CSV's columns, an EDI partner's delimiters) makes its own in `Connector.formats`.
    """

    name: ClassVar[str]
    content_type: ClassVar[str] = "application/octet-stream"
    suffix: ClassVar[str] = ""

    def decode(self, stream: Iterable[bytes]) -> Iterator[Tree | Reject | Reply]:
        """Read a body, given in chunks, as trees in their order. Runs in a thread.

        Raises DecodeError where nothing more can be read; what was yielded before it stands.
        """
        raise NotImplementedError

    def encode(self, tree: Any, type: str, numbers: Numbers = UNNUMBERED) -> bytes:
        """The bytes of one tree of payload type `type`; running numbers in them come from `numbers`.

        Raises RejectedMessage naming the place in the tree that cannot be written.
        """
        raise NotImplementedError
