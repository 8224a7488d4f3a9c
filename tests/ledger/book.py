"""A ledger in a real database, as a test writes to it and reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, bindparam, select, update

from hub.contract.documents import Document, Intent, Order, OrderAcknowledgement
from hub.ledger.apply import Application
from hub.ledger.heads import head_row, line_row, load_orders, system_rows
from hub.ledger.incoming import Incoming, unpack
from hub.ledger.orders import OrderState, fold
from hub.ledger.policy import Policy
from hub.ledger.rules import Rules
from hub.ledger.unit import Unit
from hub.pipelines import LEDGER, Identity, Route
from hub.store import Store, tables
from hub.store.statements import Row, loads
from hub.store.waiting import able_to_go_on
from tests.ledger import shop
from tests.store import rows
from tests.store.rows import NOW

D = TypeVar("D", bound=Document)


class Book:
    """Applies documents, one write transaction each time, at a time that stands still."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = NOW
        self.taken: dict[str, Incoming] = {}
        self.policy = Policy()
        self.routes: dict[str, list[Route]] = {}
        self.begin_message()

    def begin_message(self) -> None:
        """Let what is said from now on be parts of a new message."""
        with self.store.write() as connection:
            self.message = rows.message(connection)
        self._ordinals = count()

    def order(self, value: str = "1001", version: str = "", **said: Any) -> Incoming:
        """An order of the shop. What is named `about` belongs to its identity, the rest to the order."""
        about = shop.identity(value, version=version, **said.pop("about", {}))
        routes = said.pop("routes", shop.ROUTES)
        return shop.incoming(self.message, "shop", about, shop.order_of(about, **said), routes=routes, **self._place())

    def acknowledgement(self, value: str = "1001", version: str = "", **said: Any) -> Incoming:
        """What the ERP says to an order of the shop."""
        about = shop.identity(value, version=version, **said.pop("about", {}))
        return shop.incoming(self.message, "erp", about, shop.acknowledgement_of(about, **said), **self._place())

    def said(self, kind: type[Document], connection: str, about: Identity, **content: Any) -> Incoming:
        """Any document of a system."""
        document = kind.model_validate({"header": shop.header(connection, about), **content})
        return shop.incoming(self.message, connection, about, document, **self._place())

    def about_request(self, number: str, version: str) -> Identity:
        """What a warehouse says of a request that the ledger made."""
        return shop.identity(number, system=LEDGER, reference_kind="request", version=version, intent=Intent.DELTA)

    def made(self, kind: type[D]) -> list[D]:
        """The documents of a kind that the ledger made, in their order."""
        found = sorted(self.rows(tables.document, kind=kind.__name__, source=LEDGER), key=lambda row: row["seq"])
        return [kind.model_validate_json(unpack(row["content"])) for row in found]

    def failed(self, about: Identity | None, kind: type[Document] = Order) -> Incoming:
        """One that could not be mapped."""
        connection = "erp" if kind is OrderAcknowledgement else "shop"
        return shop.failed(self.message, connection, about, kind, **self._place())

    def _place(self) -> dict[str, int]:
        return {"ordinal": next(self._ordinals)}

    def apply(self, *batch: Incoming) -> None:
        """Apply documents in one batch."""
        self.taken.update({one.id: one for one in batch})
        with self.store.write() as connection:
            rules = Rules({name: name for name in shop.SYSTEMS}, self.policy, lambda kind: self.routes.get(kind, []))
            Application(connection, rules, now=self.now, config_version="1").apply(batch)

    def again(self, one: Incoming, **changes: Any) -> Incoming:
        """A document that was parked, as it is taken up again; `changes` are what is different now."""
        (row,) = self.rows(tables.document, id=one.id)
        given = {"exists": True, "seq": row["seq"], "created_at": row["created_at"], "failure": None}
        return replace(one, **{**given, **changes})

    def sweep(self) -> list[str]:
        """Take up again what can go on; the ids of it."""
        with self.store.read() as connection:
            ready = able_to_go_on(connection, how_many=200)
        self.apply(*(self.again(self.taken[id_]) for id_ in ready))
        return ready

    def settle(self, delivery: str, numbers: dict[str, str] | None = None, *, kind: str = "delivered") -> None:
        """Settle a delivery as the delivering side does; `numbers` are what the target gave."""
        (row,) = self.rows(tables.delivery, id=delivery)
        data = {key: row[key] for key in ("system", "effect")} | {"delivery": delivery, "to": row["connection"]}
        if kind != "delivered":
            data |= {"state": kind, "reason": "Refused: 422."}
        with self.store.write() as connection:
            unit = Unit(connection, now=self.now, config_version="1", actor="hub")
            unit.hold([row["subject"]], for_documents=False)
            subject = unit.subject(row["subject"])
            unit.append(subject, f"delivery.{kind}", data, cause=delivery)
            keys = [(row["system"], name, "", value) for name, value in (numbers or {}).items()]
            unit.register(subject, keys, cause=delivery)
            unit.flush_subjects()
            unit.flush()
            table = tables.delivery
            connection.execute(update(table).where(table.c.id == bindparam("it")).values(state=kind), {"it": delivery})

    def rows(self, table: Table, **equal: Any) -> list[Row]:
        """Rows of a table, in the order of its first columns."""
        statement = select(table).order_by(*table.primary_key)
        for name, value in equal.items():
            statement = statement.where(table.c[name] == value)
        with self.store.read() as connection:
            return [dict(row) for row in connection.execute(statement).mappings()]

    def states(self, *those: Incoming) -> list[str]:
        """What became of documents."""
        found = {row["id"]: row["state"] for row in self.rows(tables.document)}
        return [found[one.id] for one in those]

    def subject_of(self, value: str, system: str = "shop", kind: str = "order") -> str:
        """The subject that has a number."""
        (row,) = self.rows(tables.reference, system=system, kind=kind, value=value)
        found: str = row["subject"]
        return found

    def events(self, subject: str) -> list[tuple[str, dict[str, Any]]]:
        """Kind and data of a subject's events; they are numbered from 1 without gaps."""
        found = self.rows(tables.event, subject=subject)
        assert [row["seq"] for row in found] == list(range(1, len(found) + 1))
        (last,) = self.rows(tables.subject, id=subject)
        assert last["seq"] == len(found)
        return [(row["kind"], loads(row["data"])) for row in found]

    def kinds(self, subject: str) -> list[str]:
        return [kind for kind, _ in self.events(subject)]

    def open_failures(self) -> list[str]:
        """What failures are open for."""
        return [row["target"] for row in self.rows(tables.failure) if row["closed_at"] is None]

    def require_folded(self, *, containing: str = "") -> None:
        """The stored heads of all orders, or of those whose numbers contain a text, are what their events say."""
        known = tables.reference.c
        with self.store.read() as connection:
            for subject in connection.execute(select(known.subject).where(known.value.contains(containing)).distinct()):
                _require_folded(connection, subject[0])


def _require_folded(connection: Connection, subject: str) -> None:
    state = OrderState()
    events = select(tables.event).where(tables.event.c.subject == subject).order_by(tables.event.c.seq)
    for row in connection.execute(events):
        fold(state, row.kind, loads(row.data), row.at)
    stored = load_orders(connection, [subject])[subject]
    assert described(subject, stored) == described(subject, state)


def described(subject: str, state: OrderState) -> tuple[bool, Row, Sequence[Row], dict[str, Row]]:
    """A head as its rows."""
    lines = [line_row(subject, line) for line in state.lines.values()]
    return state.exists, head_row(subject, state), lines, system_rows(subject, state)
