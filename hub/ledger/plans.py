"""Deliveries that one transaction plans, and those that it could not."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from hub.contract.connector import each_reference
from hub.contract.errors import RejectedMessage
from hub.ledger.incoming import Incoming
from hub.ledger.rows import delivery_row, failure_of
from hub.ledger.rules import Rules
from hub.ledger.unit import Subject, Unit, needs_met
from hub.pipelines import AnyRoute
from hub.store import tables
from hub.store.failures import FailureNote
from hub.store.statements import Row, insert_rows, loads
from hub.store.states import DeliveryState


class Plans:
    """Plans deliveries along the routes that want a document."""

    def __init__(self, unit: Unit, rules: Rules) -> None:
        self._unit = unit
        self._rules = rules
        self._deliveries: list[Row] = []
        self.failures: list[Row] = []

    def follow(self, incoming: Incoming, subject: Subject, effect: str) -> None:
        """Plan what the routes of a document want; a route that cannot tell makes a dead delivery."""
        if not incoming.routes:
            return
        seen = {
            "document": incoming.tree,
            "effect": effect,
            "connection": incoming.connection,
            "origin": subject.order.source,
        }
        for route in incoming.routes:
            self._follow(incoming, subject, route, effect, seen)

    def _follow(
        self, incoming: Incoming, subject: Subject, route: AnyRoute, effect: str, seen: Mapping[str, object]
    ) -> None:
        try:
            if not route.wants(seen):
                return
            numbers = route.references_of(seen)
        except RejectedMessage as error:
            note = FailureNote(error.code, error.message, f"{error.code}:{route.name}", error.detail, error.where)
            self._plan_dead(incoming, subject, route, effect, note)
            return
        row = self._plan(incoming, subject, route, effect)
        keys = [(row["system"], kind, "", value) for kind, value in each_reference(numbers)]
        self._unit.register(subject, keys, cause=incoming.id)

    def _plan(self, incoming: Incoming, subject: Subject, route: AnyRoute, effect: str) -> Row:
        row = delivery_row(
            incoming,
            route,
            system=self._rules.system_of(route.to),
            subject=subject.id,
            effect=effect,
            config_version=self._unit.config_version,
            now=self._unit.now,
        )
        data = {"delivery": row["id"], "to": route.to, "system": row["system"], "route": route.name, "effect": effect}
        row["lane"] = self._unit.append(subject, "delivery.planned", data, cause=incoming.id)
        self._deliveries.append(row)
        return row

    def _plan_dead(self, incoming: Incoming, subject: Subject, route: AnyRoute, effect: str, note: FailureNote) -> None:
        row = self._plan(incoming, subject, route, effect)
        row["state"], row["reason"] = DeliveryState.DEAD, note.text
        data = {"delivery": row["id"], "system": row["system"], "state": "failed", "reason": note.text}
        self._unit.append(subject, "delivery.failed", data, cause=incoming.id)
        self.failures.append(failure_of(incoming, subject.id, note, at=self._unit.now, delivery=row["id"], to=route.to))

    def write(self, connection: Connection) -> None:
        """What a delivery needs may have become known after it was planned, in the same batch."""
        for row in self._deliveries:
            row["ready"] = needs_met(self._unit.subject(row["subject"]), loads(row["needs"]) or [])
        insert_rows(connection, tables.delivery, self._deliveries)
