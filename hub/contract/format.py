"""Format: bytes to plain trees and back.

A tree is made of dict, list, str, int, Decimal, bool and None only, so that JSON, XML, IDoc
segments and X12 loops are all read by the same expressions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar


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


@dataclass(frozen=True, slots=True)
class Reject:
    """A part of the message that could not be read, while the rest can."""

    message: str
    position: str
    where: Mapping[str, Any] = field(default_factory=dict)


class Format:
    """Base of all formats. Instances hold no state and are shared between threads."""

    name: ClassVar[str]
    content_type: ClassVar[str] = "application/octet-stream"
    suffix: ClassVar[str] = ""

    def decode(self, stream: Iterable[bytes]) -> Iterator[Tree | Reject]:
        """Read a body, given in chunks, as trees in their order. Runs in a thread.

        Raises DecodeError where nothing more can be read; what was yielded before it stands.
        """
        raise NotImplementedError

    def encode(self, tree: Any, type: str) -> bytes:
        """The bytes of one tree of payload type `type`.

        Raises RejectedMessage naming the place in the tree that cannot be written.
        """
        raise NotImplementedError
