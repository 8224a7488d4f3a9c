"""What a test of a pipeline looks at: documents, deliveries, failures, messages and orders of its hub."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, true

from hub.contract.documents import KINDS
from hub.contract.errors import CrossdockError
from hub.contract.format import Format, Reject, Reply, Tree
from hub.contract.registry import find_format, sample_format
from hub.ledger.incoming import unpack
from hub.operations.deliveries import Delivery, read_deliveries
from hub.operations.failures.listing import list_failures
from hub.operations.messages import MOST, list_messages
from hub.operations.rows import AnyRow
from hub.operations.stories.view import order_view
from hub.pipelines import tree_of
from hub.runtime.trial import TrialHub
from hub.store.bodies import read_whole
from hub.store.states import DocumentState
from hub.store.tables import delivery, document, order_head, transmission

Read = Callable[[bytes], Any]
"""The tree of a file's bytes, read as what stands beside it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One document, delivery or failure: its values by key, and what it holds.

    `words` name it to a person. `holds` is the key of its `tree`, which `read` reads of an expected file.
    """

    id: str
    words: str
    values: Mapping[str, Any]
    holds: str = ""
    tree: Any = None
    read: Read = bytes.decode


class Look:
    """Looks into the hub of one test."""

    def __init__(self, hub: TrialHub) -> None:
        self._hub = hub

    def rows(self, name: str) -> list[Row]:
        """`documents`, `deliveries` or `failures`, as they came about."""
        return {"documents": self._documents, "deliveries": self._deliveries, "failures": self._failures}[name]()

    def messages(self) -> dict[str, int]:
        """How many messages stand at each state."""
        page = list_messages(self._hub.store, limit=MOST)
        return dict(Counter(line.state for line in page.messages))

    def order(self, number: str) -> dict[str, Any] | None:
        """An order by any of its numbers."""
        return order_view(self._hub.store, number, now=self._hub.clock.now())

    def _documents(self) -> list[Row]:
        statement = (
            select(document, order_head.c.number.label("order_number"))
            .outerjoin(order_head, order_head.c.subject == document.c.subject)
            .order_by(document.c.created_at, document.c.id)
        )
        with self._hub.store.read() as connection:
            return [_document(row) for row in connection.execute(statement)]

    def _deliveries(self) -> list[Row]:
        statement = (
            select(delivery.c.id, delivery.c.mapping, order_head.c.number, transmission.c.type, delivery.c.transmission)
            .outerjoin(order_head, order_head.c.subject == delivery.c.subject)
            .outerjoin(transmission, transmission.c.id == delivery.c.transmission)
        )
        with self._hub.store.read() as connection:
            more = {row.id: row for row in connection.execute(statement)}
            found = read_deliveries(connection, true(), now=self._hub.clock.now())
            return [self._delivery(connection, one, more[one.id]) for one in sorted(found, key=lambda one: one.id)]

    def _delivery(self, connection: Connection, one: Delivery, more: AnyRow) -> Row:
        mapping = self._hub.workspace.mappings.get(one.mapping)
        type_ = more.type or (None if mapping is None else mapping.target_type)
        values = {
            "to": one.connection,
            "type": type_,
            "state": one.state,
            "effect": one.effect,
            "order": more.number,
            "mapping": one.mapping,
            "attempts": len(one.attempts),
            "waits": ", ".join(wait.kind for wait in one.waits),
            "reason": one.reason or "",
        }
        waits = f", waits for {one.waits[0].kind}" if one.waits else ""
        words = f"{type_} to {one.connection}, {one.state}{waits}{_of_order(more.number)}{_since(one.reason)}"
        if one.transmission is None:
            return Row(one.id, words, values, "payload")
        accepts = self._hub.workspace.connections[one.connection].connector.accepts
        # What is agreed with a partner reads what comes from it; what goes there reads as its format is by default.
        read = _reader(self._hub.workspace.encoder(one.connection, str(type_)), sample_format(accepts, str(type_)))
        return Row(one.id, words, values, "payload", read(read_whole(connection, one.transmission)), read)

    def _failures(self) -> list[Row]:
        return [
            Row(
                one.id,
                f"a {one.target_kind} at {one.connection}{_of_order(one.order)}: {one.text}",
                {
                    "contains": one.text,
                    "of": one.target_kind,
                    "connection": one.connection,
                    "code": one.code,
                    "order": one.order,
                },
            )
            for one in reversed(list_failures(self._hub.store, limit=MOST))
        ]


def _document(row: AnyRow) -> Row:
    values = {
        "kind": row.kind,
        "state": row.state,
        "effect": row.effect,
        "source": row.source,
        "order": row.order_number,
        "pipeline": row.pipeline,
        "mapping": row.mapping,
        "revision": row.revision,
        "reason": row.reason or "",
    }
    kind = row.kind or ("what was left out" if row.state == DocumentState.FILTERED else "what could not be read")
    effect = f" ({row.effect})" if row.effect else ""
    words = f"{kind} from {row.source}, {row.state}{effect}{_of_order(row.order_number)}{_since(row.reason)}"
    if row.content is None:
        return Row(row.id, words, values, "content")
    tree = tree_of(KINDS[row.kind].model_validate_json(unpack(row.content)))
    return Row(row.id, words, values, "content", tree, _reader(find_format("json")))


def _of_order(number: str | None) -> str:
    return f", order {number}" if number else ""


def _since(reason: str | None) -> str:
    return f": {reason}" if reason else ""


def _reader(*formats: Format | None) -> Read:
    """Reads bytes in the first of these formats that can: a tree, a list of several, or the text where none can."""

    def read(content: bytes) -> Any:
        for format_ in formats:
            trees = [] if format_ is None else _trees(format_, content)
            if trees:
                return trees[0] if len(trees) == 1 else trees
        return _text(content)

    return read


def _trees(format_: Format, content: bytes) -> list[Any]:
    """The trees of bytes; none unless all of them can be read."""
    try:
        parts = [part for part in format_.decode([content]) if not isinstance(part, Reply)]
    except (CrossdockError, NotImplementedError):
        return []
    return [part.data for part in parts if isinstance(part, Tree)] if Reject not in map(type, parts) else []


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")
