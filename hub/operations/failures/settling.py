"""A person's decision on a delivery that is in doubt, or dead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, select, update

from hub.contract.clock import Clock
from hub.ledger.unit import Unit
from hub.operations.errors import BadInput, NotFound, OperationRefused
from hub.operations.failures.listing import resolve_failure
from hub.operations.ids import resolve
from hub.operations.rows import AnyRow
from hub.runtime.replay import resume_deliveries
from hub.store import Store
from hub.store.failures import close_failures
from hub.store.states import DeliveryState
from hub.store.tables import delivery, failure
from hub.store.texts import misfit
from hub.workspace.versions import active_version

_SETTLED_BY_PERSON = "not-delivered"
_KIND = 40
"""Characters of a kind of number."""


class Decision(StrEnum):
    """What a person found out, or wants."""

    DELIVERED = "delivered"
    """It arrived: nothing is sent any more."""
    NOT_DELIVERED = "not-delivered"
    """It did not arrive: the same bytes are sent again, under the same idempotency key."""
    DROP = "drop"
    """Whatever happened there, it is not to be sent any more."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A delivery that was decided on, and the state it is in now."""

    delivery: str
    connection: str
    decision: Decision
    state: str


def settle(
    store: Store,
    name: str,
    decision: Decision,
    *,
    actor: str,
    clock: Clock,
    numbers: Mapping[str, str] | None = None,
) -> Settled:
    """Decide on the delivery that the id of a failure or of the delivery names.

    `numbers` (kind to value) are what the counterpart called it, for one that was delivered.
    Raises OperationRefused unless it is in doubt or dead.
    """
    for kind, value in (numbers or {}).items():
        trouble = misfit(kind, _KIND) or misfit(value)
        if trouble is not None:
            raise BadInput(f"The number {kind} {trouble}.", kind=kind)
    with store.write() as connection:
        row = _stopped(connection, name)
        version = active_version(connection) or row.config_version
        unit = Unit(connection, now=clock.now(), config_version=version, actor=actor)
        if decision is Decision.NOT_DELIVERED:
            resume_deliveries(connection, unit, [row.id], mode=_SETTLED_BY_PERSON)
            state = DeliveryState.PLANNED
        else:
            state = _end(connection, unit, row, decision, numbers or {})
        unit.flush_subjects()
        unit.flush()
    return Settled(row.id, row.connection, decision, state)


def _stopped(connection: Connection, name: str) -> AnyRow:
    id_ = _delivery_id(connection, name)
    row = connection.execute(select(delivery).where(delivery.c.id == id_).with_for_update()).one()
    if row.state not in (DeliveryState.IN_DOUBT, DeliveryState.DEAD):
        raise OperationRefused(
            f"The delivery to {row.connection} is {row.state}; only one that is in doubt or dead is decided on.",
            value=name,
        )
    return row


def _delivery_id(connection: Connection, name: str) -> str:
    try:
        return resolve(connection, delivery, name)
    except NotFound:
        id_ = resolve_failure(connection, name)
    row = connection.execute(select(failure).where(failure.c.id == id_)).one()
    if row.target_kind != "delivery":
        raise OperationRefused(
            f"What failed there is a {row.target_kind}, of which nothing was sent; mend its cause and replay it.",
            value=name,
        )
    target: str = row.target
    return target


def _end(
    connection: Connection, unit: Unit, row: AnyRow, decision: Decision, numbers: Mapping[str, str]
) -> DeliveryState:
    unit.hold([row.subject], for_documents=False)
    subject = unit.subject(row.subject)
    known = {"delivery": row.id, "system": row.system}
    if decision is Decision.DELIVERED:
        data = {**known, "to": row.connection, "effect": row.effect}
        unit.append(subject, "delivery.delivered", data, cause=row.id)
        unit.register(subject, [(row.system, kind, "", value) for kind, value in numbers.items()], cause=row.id)
        state, reason = DeliveryState.DELIVERED, f"{unit.actor} found that it arrived."
    else:
        state, reason = DeliveryState.DROPPED, f"{unit.actor} decided that it is not to be sent."
        unit.append(subject, "delivery.dropped", {**known, "state": "dropped", "reason": reason}, cause=row.id)
    connection.execute(
        update(delivery)
        .where(delivery.c.id == row.id)
        .values(state=state, reason=reason, settled_at=unit.now, lease_owner=None, lease_until=None)
    )
    close_failures(connection, [row.id], by=unit.actor, at=unit.now)
    return state
