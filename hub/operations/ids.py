"""Ids as people give them: whole, or their last characters as lists show them.

UUIDv7 made in one moment begin alike, so lists show the end of an id. The end is looked up in
the primary key's index from one side to the other; a whole id is found at once.
"""

from __future__ import annotations

import re

from sqlalchemy import Connection, Table, select

from hub.operations.errors import BadInput, NotFound
from hub.store import tables

SHOWN = 8
"""Characters of an id that lists show."""

_SHORTEST = 6
_WHOLE = 36
_ID = re.compile(r"[0-9a-f-]+")
_UUID = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])")

_NOUNS: dict[str, str] = {
    tables.message.name: "message",
    tables.document.name: "document",
    tables.delivery.name: "delivery",
    tables.failure.name: "failure",
    tables.replay.name: "replay",
}


def short(id_: str) -> str:
    """The end of an id, as lists show it."""
    return id_[-SHOWN:]


def ids_in(text: str) -> list[str]:
    """The whole ids that stand in a text: an idempotency key or an outbound file's name carries one."""
    return _UUID.findall(text.lower())


def resolve(connection: Connection, table: Table, text: str) -> str:
    """The whole id of the row that `text` names.

    Raises BadInput if it is too short, no id, or the end (or beginning) of several; NotFound if of none.
    """
    noun = _NOUNS[table.name]
    wanted = text.strip().lower()
    if not _ID.fullmatch(wanted) or not _SHORTEST <= len(wanted) <= _WHOLE:
        raise BadInput(
            f"{text!r} is no id of a {noun}: give the last {_SHORTEST} characters or more, as lists show them.",
            value=text,
        )
    found = _matching(connection, table, wanted)
    if not found:
        raise NotFound(f"There is no {noun} {text!r}.", value=text)
    if len(found) > 1:
        ends = ", ".join(found)
        raise BadInput(f"{text!r} fits more than one {noun} ({ends}); give more of the id.", value=text)
    return found[0]


def _matching(connection: Connection, table: Table, wanted: str) -> list[str]:
    """At most two ids; what is looked for holds nothing that LIKE reads as a wildcard."""
    column = table.c.id
    if len(wanted) == _WHOLE:
        return list(connection.execute(select(column).where(column == wanted)).scalars())
    begins = (column >= wanted) & (column < f"{wanted}g")
    for condition in (begins, column.like(f"%{wanted}")):
        found = list(connection.execute(select(column).where(condition).limit(2)).scalars())
        if found:
            return found
    return []
