"""What the gate says: what would be otherwise under a new configuration, worst first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What would be otherwise. The order is from the worst on; `AS_BEFORE` is no difference."""

    UNREAD = "unread"
    """A message could not be read any more: by no connector, or not to its end."""
    UNTAKEN = "untaken"
    """No pipeline would take it any more."""
    IDENTITY = "identity"
    """A document would be about something else, be another revision of it, or carry other numbers."""
    FAILS = "fails"
    """A document or delivery could not be made any more."""
    LOST = "lost"
    """A document would not be made any more: the message has fewer parts."""
    FILTERED = "filtered"
    DROPPED = "dropped"
    """A delivery would not be planned any more."""
    ADDED = "added"
    """A delivery would be planned that is not."""
    CHANGES = "changes"
    """A field would have another value."""
    VANISHES = "vanishes"
    """A field would not be there any more."""
    APPEARS = "appears"
    """A field would be there that is not."""
    GAINED = "gained"
    """A document would be made that is not: the message has more parts."""
    UNFILTERED = "unfiltered"
    SUCCEEDS = "succeeds"
    """What cannot be made or read now could be."""
    AS_BEFORE = "as_before"
    """It fails under both configurations, so nothing could be compared."""


RANK: Final = {kind: number for number, kind in enumerate(Kind)}
"""The place of each kind, the worst first."""

_VALUES: Final = (Kind.CHANGES, Kind.VANISHES, Kind.APPEARS)

COUNTED: Final[Mapping[str, tuple[Kind, ...]]] = {
    "could not be read any more": (Kind.UNREAD,),
    "would be taken by no pipeline any more": (Kind.UNTAKEN,),
    "would have another identity": (Kind.IDENTITY,),
    "would fail": (Kind.FAILS,),
    "would not be made any more": (Kind.LOST,),
    "would be filtered": (Kind.FILTERED,),
    "would not be delivered any more": (Kind.DROPPED,),
    "would be delivered besides": (Kind.ADDED,),
    "would change": _VALUES,
    "would be made besides": (Kind.GAINED,),
    "would no longer be filtered": (Kind.UNFILTERED,),
    "would succeed newly": (Kind.SUCCEEDS,),
    "fail under both": (Kind.AS_BEFORE,),
}
"""What is counted, in words: each message, document or delivery once, however many of its fields it is about."""


@dataclass(slots=True)
class Example:
    """One difference, and how often it was met.

    `before` and `after` are values in JSON, cut where they are long; None for nothing. `note` is
    the error or the condition where there is no value. `path` is the place in this example
    (`lines[2].sku`); `message`, and the `order` it is about, are those in which it was met first.
    """

    message: str
    order: str | None
    path: str = ""
    before: str | None = None
    after: str | None = None
    note: str = ""
    masked: bool = False
    count: int = 1


@dataclass(frozen=True, slots=True)
class Place:
    """What a difference is about.

    `connection` is where a delivery goes, or where a message came from; `field` is a path with
    `[]` for each list, empty for the whole. `line` is the file and line that make it so in the
    new configuration, or in the active one where the new one has nothing there.
    """

    connection: str
    pipeline: str = ""
    mapping: str = ""
    field: str = ""
    line: str = ""


@dataclass(slots=True)
class Group:
    """One kind of difference at one place: how often, and examples of it."""

    kind: Kind
    place: Place
    count: int = 0
    examples: list[Example] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file of the configuration that differs: `added`, `removed` or `changed`."""

    path: str
    change: str


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it.

    `active` and `new` are versions of the configuration. `deliveries` counts those that either of
    them would plan. `differs` says whether anything would be otherwise; `counts` are by the words of
    `COUNTED`, without zeros. `notes` say what could not be compared.
    """

    active: str
    new: str
    messages: int
    documents: int
    deliveries: int
    differs: bool
    summary: str
    counts: dict[str, int]
    groups: list[Group]
    files: list[FileChange]
    notes: list[str]
