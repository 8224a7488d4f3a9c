"""The rows of documents and deliveries as they are first written."""

from __future__ import annotations

from hub.contract.ids import new_id
from hub.ledger.incoming import Incoming, pack
from hub.pipelines import Route
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
    incoming: Incoming, route: Route, *, system: str, subject: str, effect: str, config_version: str, now: int
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
        "mapping": route.mapping.name,
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
