"""Envelopes with numbers of their own: the same again is a duplicate, another under its number is quarantined.

Only an envelope of which something was accepted is remembered: the format gives others none.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from hub.ledger.incoming import Incoming
from hub.store import tables
from hub.store.statements import Row, insert_rows, unique
from hub.store.states import DocumentState

_SEEN = select(tables.seen).where(
    tables.seen.c.scope.in_(bindparam("scopes", expanding=True)),
    tables.seen.c.key.in_(bindparam("keys", expanding=True)),
)


class Envelopes:
    """What one transaction knows of envelopes."""

    def __init__(self, connection: Connection, *, now: int) -> None:
        self._connection = connection
        self._now = now
        self._known: dict[tuple[str, str], str] = {}
        self._new: list[Row] = []

    def find(self, batch: Sequence[Incoming]) -> None:
        """Look up what is known of the envelopes of a batch."""
        numbers = [key for incoming in batch for key in _keys(incoming)]
        if not numbers:
            return
        parameters = {"scopes": unique(scope for scope, _ in numbers), "keys": unique(key for _, key in numbers)}
        self._known.update({(row.scope, row.key): row.first for row in self._connection.execute(_SEEN, parameters)})

    def judge(self, incoming: Incoming) -> tuple[DocumentState, str] | None:
        """What must not be applied, and why; None for what may.

        A reply to what comes again is owed again. What exists already was let through before, or
        is by a person now.
        """
        keys = _keys(incoming)
        if not keys or incoming.exists:
            return None
        by_number, by_content = keys
        first = self._known.get(by_number)
        if first is None:
            for scope, key in keys:
                self._known[(scope, key)] = incoming.message
                self._new.append({"scope": scope, "key": key, "first": incoming.message, "at": self._now})
            return None
        same = self._known.get(by_content)
        if same is None:
            reason = (
                "An interchange with this control number came before with other content; replay it if it is "
                "to be taken all the same, and tell the partner."
            )
            return DocumentState.QUARANTINED, reason
        if same == incoming.message or incoming.is_reply:
            return None
        return DocumentState.DUPLICATE, "The same interchange came before; it is acknowledged again."

    def write(self) -> None:
        """Remember what is new. Where another transaction did so meanwhile this one fails, and is tried again."""
        if self._new:
            insert_rows(self._connection, tables.seen, self._new)


def _keys(incoming: Incoming) -> tuple[tuple[str, str], ...]:
    """(scope, key) of the number, and of the number with the content; none without an envelope."""
    envelope = incoming.envelope
    if envelope is None:
        return ()
    scope = f"envelope:{incoming.system}"
    return (scope, envelope.key), (scope, f"{envelope.key}#{envelope.digest}")
