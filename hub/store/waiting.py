"""Documents that wait: which of them can go on, and which waited too long."""

from __future__ import annotations

from sqlalchemy import Connection, and_, bindparam, exists, or_, select

from hub.contract.documents import Intent
from hub.store.statements import literal_in
from hub.store.states import OPEN_DOCUMENTS, DocumentState
from hub.store.tables import awaited, document, order_head, reference

_IS_WAITING = and_(literal_in(document.c.state, OPEN_DOCUMENTS), document.c.state == DocumentState.WAITING)
_earlier = document.alias("earlier")

_SUBJECT_KNOWN = (
    select(document.c.id)
    .join(awaited, awaited.c.document == document.c.id)
    .join(
        reference,
        and_(
            reference.c.system == awaited.c.system,
            reference.c.kind == awaited.c.kind,
            reference.c.scope == awaited.c.scope,
            reference.c.value == awaited.c.value,
        ),
    )
    .where(_IS_WAITING)
    .order_by(document.c.created_at, document.c.id)
    .limit(bindparam("how_many"))
)
_LANE_FREE = (
    select(document.c.id)
    .where(
        _IS_WAITING,
        document.c.subject.is_not(None),
        or_(
            ~exists().where(
                _earlier.c.subject == document.c.subject,
                _earlier.c.seq < document.c.seq,
                literal_in(_earlier.c.state, OPEN_DOCUMENTS),
                _earlier.c.state != DocumentState.WAITING,
            ),
            and_(
                document.c.intent == Intent.SNAPSHOT,
                exists().where(order_head.c.subject == document.c.subject),
            ),
        ),
    )
    .order_by(document.c.created_at, document.c.id)
    .limit(bindparam("how_many"))
)
_OVERDUE = (
    select(document.c.id, document.c.message, document.c.source, document.c.subject, document.c.reason)
    .where(_IS_WAITING, document.c.waiting_until < bindparam("at"))
    .limit(bindparam("how_many"))
)


def able_to_go_on(connection: Connection, *, how_many: int) -> list[str]:
    """Ids of documents whose subject is known by now, or before which nothing but waiting ones is open.

    Taken up in this order, each finds its predecessors settled. A snapshot waits for the order
    alone, not for what else is open about it.
    """
    known = connection.execute(_SUBJECT_KNOWN, {"how_many": how_many}).scalars()
    free = connection.execute(_LANE_FREE, {"how_many": how_many}).scalars()
    return list(dict.fromkeys([*known, *free]))


def overdue(connection: Connection, *, now: int, how_many: int) -> list[dict[str, str]]:
    """Documents that waited past their deadline."""
    rows = connection.execute(_OVERDUE, {"at": now, "how_many": how_many}).mappings()
    return [dict(row) for row in rows]
