"""Rows as the hub writes them, with what a test says otherwise."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Connection, Table

from hub.contract.ids import new_id
from hub.store import tables
from hub.store.statements import Row, insert_rows

NOW = 1_760_000_000_000_000


def message(connection: Connection, /, **said: Any) -> str:
    """A message that has just arrived; returns its id."""
    row: Row = {
        "id": new_id(),
        "connection": "shop",
        "type": "shop.order",
        "content_type": "application/json",
        "headers": '{"x-topic":"orders"}',
        "transport_key": new_id(),
        "size": 2,
        "sha256": "0" * 64,
        "received_at": NOW,
        "state": "received",
    }
    return _insert(connection, tables.message, row, said)


def subject(connection: Connection, /, **said: Any) -> str:
    """An order without events."""
    return _insert(connection, tables.subject, {"id": new_id(), "kind": "order", "seq": 0, "created_at": NOW}, said)


def document(connection: Connection, /, **said: Any) -> str:
    """A document, by default applied."""
    row: Row = {
        "id": new_id(),
        "message": said.pop("message", None) or message(connection),
        "version": 1,
        "source": "shop",
        "state": "applied",
        "config_version": "1",
        "created_at": NOW,
    }
    return _insert(connection, tables.document, row, said)


def delivery(connection: Connection, /, **said: Any) -> str:
    """A delivery to the ERP, by default planned and due."""
    row: Row = {
        "id": new_id(),
        "document": said.pop("document", None) or document(connection),
        "subject": said.pop("subject", None) or subject(connection),
        "connection": "erp",
        "system": "erp",
        "lane": 1,
        "route": "orders/1",
        "mapping": "erp/order",
        "effect": "created",
        "state": "planned",
        "ready": True,
        "revision": 1,
        "next_at": NOW,
        "config_version": "1",
        "created_at": NOW,
    }
    return _insert(connection, tables.delivery, row, said)


def reference(connection: Connection, subject_id: str, value: str, **said: Any) -> None:
    """A number of a subject."""
    row: Row = {"system": "shop", "kind": "order", "scope": "", "value": value, "subject": subject_id, "at": NOW}
    insert_rows(connection, tables.reference, [{**row, **said}])


def order_head(connection: Connection, subject_id: str) -> None:
    """The head of an order that was taken."""
    row: Row = {"subject": subject_id, "number": "#1", "source": "shop", "status": "captured"}
    insert_rows(connection, tables.order_head, [{**row, "currency": "EUR", "changed_at": NOW}])


def awaited(connection: Connection, document_id: str, value: str) -> None:
    """Lets a document wait for a number of the shop."""
    row: Row = {"document": document_id, "system": "shop", "kind": "order", "scope": "", "value": value}
    insert_rows(connection, tables.awaited, [row])


def _insert(connection: Connection, table: Table, row: Row, said: dict[str, Any]) -> str:
    """Insert a row; what nobody says is nothing, 0 or empty."""
    whole: Row = {column.name: _nothing(column) for column in table.columns}
    whole.update(row)
    whole.update(said)
    insert_rows(connection, table, [whole])
    id_: str = whole["id"]
    return id_


def _nothing(column: Column[Any]) -> Any:
    return None if column.nullable else column.type.python_type()
