"""Finding by any business number, at once: every look-up goes by an index.

A number may be an order's or any system's number of it (`reference`), a SKU (`order_line`), a
file's name or a webhook's id (`message`, `seen`), or carry an id of the hub's own: an
idempotency key, the name of a file that was sent, an id itself.
"""

from __future__ import annotations

from sqlalchemy import Connection, Select, String, and_, bindparam, func, literal, select, union

from hub.operations.errors import BadInput
from hub.operations.ids import ids_in
from hub.store.statements import literal_in
from hub.store.states import OPEN_DOCUMENTS
from hub.store.tables import awaited, delivery, document, message, order_head, order_line, reference, seen
from hub.store.texts import misfit

LONGEST = 1100
"""Characters of the longest key that is kept."""

_TRANSPORT = "transport:"
_NEXT_SCOPE = select(func.min(seen.c.scope)).where(seen.c.scope > bindparam("after"))
_FIRST = select(seen.c.first).where(
    seen.c.scope.in_(bindparam("scopes", expanding=True)), seen.c.key == bindparam("key")
)


def sound(text: str) -> str:
    """A number to look for, without spaces around it; BadInput for what no number can be."""
    wanted = text.strip()
    trouble = misfit(wanted, LONGEST)
    if trouble is not None:
        raise BadInput(f"The number {trouble}.", value=wanted[:LONGEST].encode("ascii", "replace").decode())
    return wanted


def subjects_of(text: str) -> Select[tuple[str]]:
    """The subjects that have this number, or an item of this SKU."""
    found = union(
        select(reference.c.subject).where(reference.c.value == text),
        select(order_head.c.subject).where(order_head.c.number == text),
        select(order_line.c.subject).where(order_line.c.sku == text),
    ).subquery()
    return select(found.c.subject)


def messages_of(connection: Connection, text: str) -> Select[tuple[str]]:
    """The messages that have to do with this number, by id."""
    parts = [
        select(document.c.message).where(document.c.subject.in_(subjects_of(text))),
        select(message.c.id).where(message.c.name == text),
        select(document.c.message).join(awaited, awaited.c.document == document.c.id).where(awaited.c.value == text),
        _without_subject(text),
        *(select(literal(id_, String(36))) for id_ in _by_transport_key(connection, text)),
    ]
    for id_ in ids_in(text):
        parts.extend(_by_id(id_))
    found = union(*parts).subquery()
    return select(next(iter(found.c)))


def _without_subject(text: str) -> Select[tuple[str]]:
    """Parked documents that belong to no subject know their number by themselves alone."""
    return select(document.c.message).where(
        and_(
            literal_in(document.c.state, OPEN_DOCUMENTS),
            document.c.subject.is_(None),
            document.c.source_id == text,
        )
    )


def _by_id(id_: str) -> list[Select[tuple[str]]]:
    """The messages behind an id of a message, document, delivery, transmission or order."""
    deliveries = select(document.c.message).join(delivery, delivery.c.document == document.c.id)
    return [
        select(message.c.id).where(message.c.id == id_),
        select(document.c.message).where(document.c.id == id_),
        select(document.c.message).where(document.c.subject == id_),
        deliveries.where(delivery.c.id == id_),
        deliveries.where(delivery.c.transmission == id_),
    ]


def _by_transport_key(connection: Connection, key: str) -> list[str]:
    """Messages by the key their transport gave them, which is unique for each connection."""
    scopes = _transport_scopes(connection)
    if not scopes:
        return []
    return list(connection.execute(_FIRST, {"scopes": scopes, "key": key}).scalars())


def _transport_scopes(connection: Connection) -> list[str]:
    """The connections' scopes, one look into the index each: there may be millions of keys, but few scopes."""
    scopes: list[str] = []
    last = _TRANSPORT
    while True:
        found = connection.execute(_NEXT_SCOPE, {"after": last}).scalar()
        if found is None or not found.startswith(_TRANSPORT):
            return scopes
        scopes.append(found)
        last = found
