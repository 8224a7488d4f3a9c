"""Makes what the ledger owes for an order ready to be applied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select

from hub.contract.documents import Intent, Order
from hub.ledger.emissions import Emission, owed
from hub.ledger.incoming import Incoming, digest_of, unpack
from hub.ledger.rules import Rules
from hub.ledger.unit import Subject, Unit
from hub.pipelines import LEDGER, Identity, tree_of
from hub.store import tables


class Emitter:
    """Emits within one transaction."""

    def __init__(self, connection: Connection, unit: Unit, rules: Rules) -> None:
        self._connection = connection
        self._unit = unit
        self._rules = rules
        self._orders: dict[str, tuple[Order, dict[str, Any]]] = {}

    def emit(self, cause: Incoming, subject: Subject) -> Iterator[Incoming]:
        """What is owed for an order after `cause` was applied. Raises RejectedMessage where that cannot be told."""
        if self._rules.policy.is_empty or not subject.order.exists:
            return
        order, tree = self._order_of(cause, subject)

        def is_free(kind: str, number: str) -> bool:
            return self._unit.owner_of((LEDGER, kind, "", number)) in (None, subject.id)

        # All of it before any of it is applied, since numbers are counted from the state.
        found = list(owed(subject.order, order, tree, self._rules.policy, now=self._unit.now, is_free=is_free))
        for emission in found:
            if emission.number_kind is not None:
                key = (LEDGER, emission.number_kind, "", emission.number)
                self._unit.register(subject, [key], cause=cause.id)
            yield self._incoming(emission, cause)

    def _order_of(self, cause: Incoming, subject: Subject) -> tuple[Order, dict[str, Any]]:
        """What the order's source said last: in this batch, or before."""
        if isinstance(cause.document, Order) and cause.system == subject.order.source:
            self._orders[subject.id] = (cause.document, cause.tree or tree_of(cause.document))
        elif subject.id not in self._orders:
            kept = subject.sources[(subject.order.source, Order.__name__)]["document"]
            statement = select(tables.document.c.content).where(tables.document.c.id == kept)
            order = Order.model_validate_json(unpack(self._connection.execute(statement).scalar_one()))
            self._orders[subject.id] = (order, tree_of(order))
        return self._orders[subject.id]

    def _incoming(self, emission: Emission, cause: Incoming) -> Incoming:
        document = emission.document
        kind = type(document).__name__
        number_kind = emission.number_kind or "order"
        return Incoming(
            cause.message,
            LEDGER,
            LEDGER,
            cause.ordinal,
            cause.position,
            kind=kind,
            identity=Identity("order", LEDGER, number_kind, emission.number, "", Intent.COMMAND),
            document=document,
            tree=tree_of(document),
            content=document.model_dump_json(exclude_none=True).encode(),
            digest=digest_of(document),
            routes=list(self._rules.routes_of(kind)),
            cause=cause.id,
        )
