"""What was rendered for connections in shadow and not sent, and is sent later if a person wants it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from hub.contract.clock import Clock
from hub.ledger.unit import Unit
from hub.operations.connections.pauses import require
from hub.operations.errors import NotFound, OperationRefused
from hub.operations.ids import resolve, short
from hub.operations.rows import AnyRow
from hub.runtime.replay import Mode
from hub.store import Store
from hub.store.states import DeliveryState
from hub.store.tables import delivery
from hub.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Resent:
    """Deliveries of a connection that were kept back by shadow and are on their way now."""

    name: str
    deliveries: list[str]


def resend_shadowed(
    store: Store, workspace: Workspace, name: str, ids: Sequence[str] = (), *, actor: str, clock: Clock
) -> Resent:
    """Send what was kept back while a connection was in shadow, the same bytes: those of these ids, or all.

    `workspace` is the configuration that the hub runs. OperationRefused while the connection is
    in shadow; NotFound or BadInput for an id that names none of them.
    """
    require(workspace, name)
    one = workspace.connections[name]
    if one.spec.shadow:
        raise OperationRefused(
            f"{name} is still in shadow; take out the line {one.place('shadow')} and run `crossdock config apply`.",
            connection=name,
        )
    with store.write() as connection:
        rows = _chosen(connection, name, [resolve(connection, delivery, id_) for id_ in ids])
        unit = Unit(connection, now=clock.now(), config_version=workspace.version, actor=actor)
        _plan_again(connection, unit, rows)
    return Resent(name, [row.id for row in rows])


def _chosen(connection: Connection, name: str, ids: Sequence[str]) -> Sequence[AnyRow]:
    """The deliveries to a connection that shadow kept back, locked; of `ids`, if there are any, each must be one."""
    condition = (delivery.c.state == DeliveryState.SHADOWED) & (delivery.c.connection == name)
    if ids:
        condition &= delivery.c.id.in_(ids)
    rows = connection.execute(select(delivery).where(condition).order_by(delivery.c.id).with_for_update()).all()
    missing = [id_ for id_ in ids if id_ not in {row.id for row in rows}]
    if missing:
        raise NotFound(f"{short(missing[0])} is no delivery to {name} that shadow kept back.", value=missing[0])
    return rows


def _plan_again(connection: Connection, unit: Unit, rows: Sequence[AnyRow]) -> None:
    if not rows:
        return
    unit.hold([row.subject for row in rows], for_documents=False)
    for row in rows:
        data = {
            "delivery": row.id,
            "system": row.system,
            "effect": row.effect,
            "mode": Mode.RESEND,
            "actor": unit.actor,
        }
        unit.append(unit.subject(row.subject), "delivery.resumed", data, cause=row.id)
    connection.execute(
        update(delivery)
        .where(delivery.c.id.in_([row.id for row in rows]))
        .values(state=DeliveryState.PLANNED, reason=None, tries=0, next_at=unit.now, settled_at=None)
    )
    unit.flush_subjects()
    unit.flush()
