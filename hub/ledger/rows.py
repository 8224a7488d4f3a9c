"""The rows of documents and deliveries as they are first written."""

from __future__ import annotations

from hub.contract.ids import new_id
from hub.ledger.incoming import Incoming, pack
from hub.pipelines import AnyRoute
from hub.store.failures import FailureNote, failure_row
from hub.store.statements import Row, dumps
from hub.store.states import DeliveryState, DocumentState
from hub.store.texts import NUMBER, shown


def document_row(
    incoming: Incoming,
    state: DocumentState,
    reason: str | None,
    *,
    subject: str | None,
    seq: int | None,
    effect: str | None,
    until: int | None,
    config_version: str,
    now: int,
) -> Row:
    """A row of `document`."""
    identity = incoming.identity
    return {
        "id": incoming.id,
        "message": incoming.message,
        "cause": incoming.cause,
        "ordinal": incoming.ordinal,
        "position": shown(incoming.position, NUMBER),
        "subject": subject,
        "seq": seq,
        "kind": incoming.kind,
        "version": 1 if incoming.document is None else incoming.document.version,
        "intent": None if identity is None else identity.intent,
        "source": incoming.system,
        "source_id": None if identity is None else identity.value,
        "revision": incoming.revision,
        "state": state,
        "reason": reason,
        "effect": effect,
        "pipeline": incoming.pipeline,
        "mapping": incoming.mapping,
        "config_version": config_version,
        "lookups": dumps(incoming.lookups) if incoming.lookups else None,
        "digest": incoming.digest or None,
        "content": pack(incoming.content) if incoming.content else None,
        "created_at": incoming.created_at or now,
        "waiting_until": until,
    }


def delivery_row(
    incoming: Incoming, route: AnyRoute, *, system: str, subject: str, effect: str, config_version: str, now: int
) -> Row:
    """A row of `delivery`, planned and ready; its lane is yet to be given."""
    needs = [[need.system, need.kind] for need in route.needs]
    return {
        "id": new_id(),
        "document": incoming.id,
        "subject": subject,
        "connection": route.to,
        "system": system,
        "lane": 0,
        "route": route.name,
        "mapping": route.mapping_name,
        "effect": effect,
        "state": DeliveryState.PLANNED,
        "reason": None,
        "needs": dumps(needs) if needs else None,
        "ready": True,
        "transmission": None,
        "revision": 1,
        "attempts": 0,
        "tries": 0,
        "next_at": now,
        "config_version": config_version,
        "lookups": None,
        "created_at": now,
        "settled_at": None,
        "lease_owner": None,
        "lease_until": None,
        "fence": 0,
    }


def failure_of(
    incoming: Incoming,
    subject: str | None,
    note: FailureNote,
    *,
    at: int,
    delivery: str | None = None,
    to: str | None = None,
) -> Row:
    """The row of `failure` for a document, or for a delivery of it to a connection."""
    return failure_row(
        note,
        kind="document" if delivery is None else "delivery",
        target=delivery or incoming.id,
        message=incoming.message,
        subject=subject,
        connection=to or incoming.connection,
        at=at,
    )
