"""Compares what two configurations make of one message: its parts, and what the ledger made because of it."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from sqlalchemy import Connection

from hub.ledger.incoming import Incoming
from hub.operations.gate.context import Context, line_of
from hub.operations.gate.deliveries import compare_deliveries, pairs
from hub.operations.gate.documents import compare_parts, part_alone
from hub.operations.gate.findings import Difference, Findings
from hub.operations.gate.report import Kind, Place
from hub.operations.gate.side import Said, Side
from hub.operations.gate.stored import Recorded, of_ledger, of_message, read_message
from hub.operations.gate.veil import Veil
from hub.store.bodies import read_stream
from hub.store.failures import FailureNote
from hub.store.messages import ClaimedMessage

_Part = Said | FailureNote | None
"""What a side has at one place of a message: a part, why nothing more can be read, or nothing."""


class Comparison:
    """Compares one message after the other; what it finds goes to `findings`."""

    def __init__(self, before: Side, after: Side, findings: Findings) -> None:
        self._before = before
        self._after = after
        self._findings = findings
        self._veil = Veil()

    def look_at(self, connection: Connection, id_: str) -> None:
        """One message, part by part: it may hold more of them than fit into memory."""
        message = read_message(connection, id_)
        if message is None:
            self._findings.seen["bodiless"] += 1
            return
        self._findings.seen["messages"] += 1
        sides = [side.parts(message, read_stream(connection, id_)) for side in (self._before, self._after)]
        stopped = False
        for ordinal, (old, new) in enumerate(zip_longest(*sides)):
            if isinstance(old, FailureNote) or isinstance(new, FailureNote):
                self._findings.take([self._end(message, old, new)])
                stopped = True
            else:
                self._part(message, of_message(connection, id_, ordinal), old, new, stopped=stopped)
        for recorded in of_ledger(connection, id_):
            self._of_ledger(message, recorded)

    def _end(self, message: ClaimedMessage, old: _Part, new: _Part) -> Difference:
        """Where one side, or both, can read no further."""
        context = Context(message.id, None, self._veil, None)
        if isinstance(new, FailureNote):
            kind = Kind.AS_BEFORE if isinstance(old, FailureNote) else Kind.UNREAD
            return context.failure(kind, Place(message.connection, line=line_of(new)), new)
        assert isinstance(old, FailureNote)
        return context.failure(Kind.SUCCEEDS, Place(message.connection), old)

    def _part(
        self, message: ClaimedMessage, recorded: Recorded | None, old: Said | None, new: Said | None, *, stopped: bool
    ) -> None:
        """One place of a message. After one side `stopped`, the other's parts stand alone and say nothing."""
        self._findings.seen["documents"] += 1
        some = new or old
        assert some is not None
        context = self._context(message, recorded, some.incoming, some.part.variables.get("source"))
        if old is None or new is None:
            kind = Kind.GAINED if old is None else Kind.LOST
            self._findings.take([] if stopped else [part_alone(context, kind, some)])
            return
        self._findings.take(compare_parts(context, old, new))
        made = [one.incoming.document is not None for one in (old, new)]
        if recorded is not None and recorded.effect is not None:
            self._deliveries(message, recorded, old.incoming, new.incoming)
        elif any(made):
            self._findings.seen["unapplied"] += 1

    def _of_ledger(self, message: ClaimedMessage, recorded: Recorded) -> None:
        self._findings.seen["documents"] += 1
        before, after = (side.of_ledger(message.id, recorded) for side in (self._before, self._after))
        self._deliveries(message, recorded, before, after)

    def _deliveries(self, message: ClaimedMessage, recorded: Recorded, old: Incoming, new: Incoming) -> None:
        """None are compared where there is no document: that is told of the document."""
        if old.document is None or new.document is None:
            return
        planned = self._before.deliveries(old, recorded), self._after.deliveries(new, recorded)
        for before, after in pairs(*planned):
            self._findings.seen["deliveries"] += 1
            self._findings.seen["waiting"] += any(one is not None and one.waits for one in (before, after))
            context = self._context(message, recorded, new, new.tree)
            self._findings.take(compare_deliveries(context, before, after))

    def _context(self, message: ClaimedMessage, recorded: Recorded | None, incoming: Incoming, seen: Any) -> Context:
        number = None if recorded is None else recorded.order
        if number is None and incoming.identity is not None:
            number = incoming.identity.value
        return Context(message.id, number, self._veil, seen)
