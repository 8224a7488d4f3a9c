"""What the ledger takes: one document, or the failure to make one, with what it is about."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, field
from typing import Any

from hub.contract.documents import Document, Intent, Reply
from hub.contract.format import Envelope
from hub.contract.ids import new_id
from hub.ledger.revisions import revision_key
from hub.pipelines import AnyRoute, Identity
from hub.store.failures import FailureNote
from hub.store.texts import NUMBER, misfit, shown

_HEADER_FIELDS = {"revision", "occurred_at"}


@dataclass(slots=True)
class Incoming:
    """One tree of a message on its way into the ledger.

    Exactly one of `document`, `failure` and `filtered` says what became of it. `identity` is
    None where even that could not be read; it then has no lane. `system` is that of the
    connection it came from. `tree` is the document as expressions read it.
    """

    message: str
    connection: str
    system: str
    ordinal: int
    position: str
    pipeline: str | None = None
    mapping: str | None = None
    kind: str | None = None
    opens_subject: bool = False
    identity: Identity | None = None
    document: Document | None = None
    tree: dict[str, Any] = field(default_factory=dict)
    content: bytes = b""
    digest: str = ""
    lookups: dict[str, Any] = field(default_factory=dict)
    routes: list[AnyRoute] = field(default_factory=list)
    failure: FailureNote | None = None
    filtered: str | None = None
    envelope: Envelope | None = None
    """What it travelled in, if that has a number of its own."""
    cause: str | None = None
    """The document that made the ledger make it."""
    id: str = field(default_factory=new_id)
    exists: bool = False
    """Whether the document's row is there already: it waited, or it is replayed."""
    seq: int | None = None
    """The seq it was given when its row was written, for one that exists."""
    subject: str | None = None
    """The subject it was found to be about, set when it is applied."""
    created_at: int | None = None
    """When its row was first written, for one that exists."""

    @property
    def revision(self) -> str:
        """The sortable revision, "" if it has none."""
        return "" if self.identity is None else revision_key(self.identity.version)

    @property
    def version(self) -> str:
        """The version as its source wrote it, for people."""
        return "" if self.identity is None else self.identity.version

    @property
    def is_counted(self) -> bool:
        """Whether it counts by revision, as deltas and commands do, and not by content."""
        return self.identity is not None and self.identity.intent != Intent.SNAPSHOT

    @property
    def is_reply(self) -> bool:
        """Whether it is what the sender of its message is owed."""
        return isinstance(self.document, Reply)

    def seen_key(self) -> tuple[str, str]:
        """(scope, key) by which one revision of a delta or command is known.

        One without a version is itself alone: its place in its message. The length keeps
        numbers and versions with colons in them apart.
        """
        system, kind, _, value = self.reference_key()
        once = self.revision or f"{self.message}/{self.ordinal}"
        return f"revision:{self.system}:{self.kind}", f"{system}:{kind}:{len(value)}:{value}:{once}"

    def refuse_misfit(self) -> None:
        """Make a failure of it, without a subject, if its number or version cannot be kept."""
        if self.identity is None:
            return
        for what, text in (("number", self.identity.value), ("version", self.identity.version or "-")):
            why = misfit(text)
            if why is not None:
                said = f"The {what} of the {self.identity.subject_kind} {why}; see what its pipeline reads."
                group = f"not_identified:{self.connection}:{self.pipeline}"
                place = {"pipeline": self.pipeline, "value": shown(text, NUMBER)}
                self.failure = FailureNote("not_identified", said, group, place=place)
                self.identity = None
                return

    def reference_key(self) -> tuple[str, str, str, str]:
        """The number by which its subject is found."""
        if self.identity is None:
            raise ValueError("a document without identity has no reference")
        return (self.identity.system, self.identity.reference_kind, "", self.identity.value)


def digest_of(document: Document) -> str:
    """SHA-256 over what a document says, leaving out which revision of the source said it."""
    content = document.model_dump_json(exclude_none=True, exclude={"header": _HEADER_FIELDS})
    return hashlib.sha256(content.encode()).hexdigest()


def pack(content: bytes) -> bytes:
    """Canonical JSON as it is kept in a row."""
    return zlib.compress(content, 1)


def unpack(content: bytes) -> bytes:
    """The canonical JSON of a row."""
    return zlib.decompress(content)
