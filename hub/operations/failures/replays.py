"""Replay in two steps: a plan that says what would happen to each item, then its run.

The plan is the audit trail: who wanted what, when, and what became of each item.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select, update

from hub.contract.clock import Clock
from hub.contract.ids import new_id
from hub.operations.connections.pauses import pauses_of
from hub.operations.errors import BadInput, NotFound, OperationRefused
from hub.operations.failures.listing import resolve_failure, resolve_group
from hub.operations.ids import resolve
from hub.operations.orders.views import subjects_by_number
from hub.operations.rows import AnyRow, moment
from hub.runtime.replay import ItemState, Mode, PlanState, Replay
from hub.store import Store
from hub.store.statements import Row, dumps, insert_rows, loads
from hub.store.states import DeliveryState, DocumentState, MessageState
from hub.store.tables import delivery, document, failure, message, order_head, replay, replay_item
from hub.workspace import Workspace

ITEMS = 500
"""Items of a plan that are shown at most."""

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Selection:
    """What to replay: exactly one of these. `group` is a key or a failure's id, `order` any of its numbers."""

    failures: tuple[str, ...] = ()
    group: str | None = None
    order: str | None = None
    connection: str | None = None
    everything: bool = False


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One failure of a plan; `note` says what would happen, or what did."""

    failure: str
    target_kind: str
    target: str
    connection: str
    order: str | None
    text: str
    state: str
    note: str | None


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A plan in a list; `counts` are its items by state."""

    id: str
    mode: str
    state: str
    actor: str
    selection: dict[str, Any]
    created_at: datetime
    run_at: datetime | None
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Plan(PlanLine):
    """A plan with its items, the first five hundred."""

    items: list[PlanItem]


def plan_replay(store: Store, selection: Selection, mode: Mode, *, actor: str, clock: Clock) -> Plan:
    """Store what a replay of open failures would do. NotFound if nothing is open; BadInput for a selection of none."""
    with store.write() as connection:
        condition = _condition(connection, selection)
        rows = connection.execute(_open_failures().where(*condition)).all()
        if not rows:
            raise NotFound("Nothing that failed is open there.")
        id_ = new_id()
        plan = {
            "id": id_,
            "mode": mode,
            "selection": dumps(_stored(selection)),
            "actor": actor,
            "state": PlanState.PLANNED,
            "created_at": clock.now(),
            "run_at": None,
        }
        insert_rows(connection, replay, [plan])
        for items in _items(connection, rows, mode, by_id=bool(selection.failures)):
            insert_rows(connection, replay_item, [{"replay": id_, **item} for item in items])
        return _read(connection, id_)


def _stored(selection: Selection) -> dict[str, Any]:
    return {name: value for name, value in asdict(selection).items() if value}


def _open_failures() -> Select[Any]:
    return (
        select(failure).where(failure.c.closed_at.is_(None)).order_by(failure.c.opened_at.desc(), failure.c.id.desc())
    )


def _condition(connection: Connection, selection: Selection) -> list[Any]:
    if len(_stored(selection)) != 1:
        raise BadInput("Say what to replay, in one way: failures by id, or a group, an order, a connection, or all.")
    if selection.failures:
        return [failure.c.id.in_([resolve_failure(connection, text) for text in selection.failures])]
    if selection.group is not None:
        return [failure.c.group_key == resolve_group(connection, selection.group)]
    if selection.order is not None:
        return [failure.c.subject == _one_order(connection, selection.order)]
    return [] if selection.connection is None else [failure.c.connection == selection.connection]


def _one_order(connection: Connection, number: str) -> str:
    found = subjects_by_number(connection, number)
    if len(found) > 1:
        raise BadInput(f"{number!r} means {len(found)} orders; give a number that only one of them has.", value=number)
    return found[0]


def _items(connection: Connection, rows: Sequence[AnyRow], mode: Mode, *, by_id: bool) -> Iterator[list[Row]]:
    """Items in portions, the latest failure first; of several failures of one target the latest counts."""
    pauses = pauses_of(connection, {row.connection for row in rows})
    taken: set[str] = set()
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        targets = _targets(connection, chunk)
        items = []
        for row in chunk:
            state, note = _foresee(row, targets, mode, by_id=by_id)
            if row.target in taken:
                state, note = ItemState.SKIPPED, "A later failure of the same is in the plan."
            elif state is ItemState.WOULD_RESUBMIT and row.connection in pauses:
                note = f"{note} {row.connection} is paused: it waits until that is resumed."
            taken.add(row.target)
            items.append({"failure": row.id, "state": state, "note": note})
        yield items


def _targets(connection: Connection, rows: Sequence[AnyRow]) -> dict[str, AnyRow]:
    found: dict[str, AnyRow] = {}
    columns: Mapping[str, Select[Any]] = {
        "message": select(message.c.id, message.c.state),
        "document": select(document.c.id, document.c.state),
        "delivery": select(delivery.c.id, delivery.c.state, delivery.c.transmission),
    }
    for kind, statement in columns.items():
        ids = [row.target for row in rows if row.target_kind == kind]
        if ids:
            own = next(iter(statement.selected_columns))
            found.update({row.id: row for row in connection.execute(statement.where(own.in_(ids)))})
    return found


def _foresee(row: AnyRow, targets: Mapping[str, AnyRow], mode: Mode, *, by_id: bool) -> tuple[ItemState, str]:
    target = targets.get(row.target)
    if target is None:
        return ItemState.SKIPPED, f"Its {row.target_kind} is gone."
    if row.target_kind == "delivery":
        return _foresee_delivery(row, target, mode, by_id=by_id)
    if target.state not in (MessageState.DEAD, DocumentState.DEAD, DocumentState.QUARANTINED):
        return ItemState.SKIPPED, f"It is {target.state} by now."
    if mode is Mode.RESEND:
        return ItemState.SKIPPED, "Nothing was made of it yet that could be sent again; reprocess it."
    is_message = row.target_kind == "message"
    return ItemState.WOULD_RESUBMIT, "It is read again." if is_message else "It is made again from its message."


def _foresee_delivery(row: AnyRow, target: AnyRow, mode: Mode, *, by_id: bool) -> tuple[ItemState, str]:
    if target.state == DeliveryState.IN_DOUBT and not by_id:
        return ItemState.SKIPPED, "It is in doubt: settle it, or replay it by its own id."
    if target.state not in (DeliveryState.DEAD, DeliveryState.IN_DOUBT):
        return ItemState.SKIPPED, f"It is {target.state} by now."
    if mode is Mode.RESEND:
        if target.transmission is None:
            return ItemState.SKIPPED, "It was never made, so there is nothing to send again; reprocess it."
        return ItemState.WOULD_RESUBMIT, f"The same bytes are sent to {row.connection}."
    doubt = " It may have arrived before!" if target.state == DeliveryState.IN_DOUBT else ""
    return ItemState.WOULD_RESUBMIT, f"It is made anew and sent to {row.connection}.{doubt}"


def run_replay(store: Store, workspace: Workspace, id_: str, *, actor: str, owner: str, clock: Clock) -> Plan:
    """Run a plan, or what a killed run left of it. `owner` names this process.

    `workspace` is the configuration that the hub runs. Raises OperationRefused for a plan that
    is done or cancelled, or that another process runs.
    """
    with store.write() as connection:
        row = _locked(connection, id_)
        if row.state not in (PlanState.PLANNED, PlanState.RUNNING):
            raise OperationRefused(f"The plan {id_} is {row.state} already.", value=id_)
        begun = row.run_at if row.run_at is not None else clock.now()
        _set(connection, row.id, state=PlanState.RUNNING, run_at=begun)
    if not Replay(store, workspace, clock, owner=owner).run(row.id, Mode(row.mode), actor=actor):
        raise OperationRefused(
            f"Another process runs the plan {id_}, or did until it was killed; try again in two minutes.", value=id_
        )
    with store.read() as connection:
        return _read(connection, row.id)


def cancel_replay(store: Store, id_: str) -> Plan:
    """Cancel a plan; one that is running stops after what it has under way."""
    with store.write() as connection:
        row = _locked(connection, id_)
        if row.state not in (PlanState.PLANNED, PlanState.RUNNING):
            raise OperationRefused(f"The plan {id_} is {row.state} already.", value=id_)
        _set(connection, row.id, state=PlanState.CANCELLED)
        return _read(connection, row.id)


def show_replay(store: Store, id_: str) -> Plan:
    """One plan with its items."""
    with store.read() as connection:
        return _read(connection, resolve(connection, replay, id_))


def list_replays(store: Store, *, limit: int = 50) -> list[PlanLine]:
    """Plans, the latest first."""
    latest = select(replay).order_by(replay.c.created_at.desc(), replay.c.id.desc()).limit(max(1, min(limit, ITEMS)))
    with store.read() as connection:
        rows = connection.execute(latest).all()
        counts = _counts(connection, [row.id for row in rows])
    return [PlanLine(**_head(row, counts)) for row in rows]


def _locked(connection: Connection, id_: str) -> AnyRow:
    whole = resolve(connection, replay, id_)
    return connection.execute(select(replay).where(replay.c.id == whole).with_for_update()).one()


def _set(connection: Connection, id_: str, **values: Any) -> None:
    connection.execute(update(replay).where(replay.c.id == id_).values(**values))


def _counts(connection: Connection, ids: list[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    statement = (
        select(replay_item.c.replay, replay_item.c.state, func.count().label("number"))
        .where(replay_item.c.replay.in_(ids))
        .group_by(replay_item.c.replay, replay_item.c.state)
        .order_by(replay_item.c.state)
    )
    for row in connection.execute(statement):
        found.setdefault(row.replay, {})[row.state] = row.number
    return found


def _head(row: AnyRow, counts: Mapping[str, dict[str, int]]) -> dict[str, Any]:
    return {
        "id": row.id,
        "mode": row.mode,
        "state": row.state,
        "actor": row.actor,
        "selection": loads(row.selection),
        "created_at": moment(row.created_at),
        "run_at": moment(row.run_at),
        "counts": counts.get(row.id, {}),
    }


def _read(connection: Connection, id_: str) -> Plan:
    row = connection.execute(select(replay).where(replay.c.id == id_)).one()
    statement = (
        select(replay_item, failure, order_head.c.number.label("order_number"))
        .join(failure, failure.c.id == replay_item.c.failure)
        .outerjoin(order_head, order_head.c.subject == failure.c.subject)
        .where(replay_item.c.replay == id_)
        .order_by(failure.c.opened_at, failure.c.id)
        .limit(ITEMS)
    )
    items = [
        PlanItem(
            failure=item.failure,
            target_kind=item.target_kind,
            target=item.target,
            connection=item.connection,
            order=item.order_number,
            text=item.text,
            state=item.state,
            note=item.note,
        )
        for item in connection.execute(statement)
    ]
    return Plan(**_head(row, _counts(connection, [id_])), items=items)
