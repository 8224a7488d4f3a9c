"""From a message's bytes to what the ledger takes: decode, identify, map. Outside any transaction.

Whatever goes wrong with one tree becomes that tree's failure; only bytes that cannot be read
on end the message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from hub.contract.clock import from_micros
from hub.contract.documents import KINDS
from hub.contract.errors import RejectedMessage
from hub.contract.format import Reject, Tree
from hub.contract.registry import find_format, nearest
from hub.failures.notes import note_of
from hub.ledger.incoming import Incoming, digest_of
from hub.pipelines import Filtered, Identity, Made, Pipeline
from hub.runtime.lookups import CrosswalkBook, RecordedLookups
from hub.store import Store
from hub.store.messages import ClaimedMessage
from hub.store.references import number_of_subject
from hub.workspace import Workspace


class Preparer:
    """Prepares messages under one configuration. It and its book belong to one thread."""

    def __init__(self, workspace: Workspace, store: Store, book: CrosswalkBook) -> None:
        self._workspace = workspace
        self._store = store
        self._book = book

    def prepare(self, message: ClaimedMessage, stream: Iterable[bytes]) -> Iterator[Incoming]:
        """What the trees of a message became, from its cursor on.

        Raises DecodeError, or another CrossdockError, where nothing more can be read.
        """
        trees = self._decode(message, stream)
        for ordinal, tree in enumerate(islice(trees, message.cursor, None), start=message.cursor):
            yield self._incoming(message, ordinal, tree)

    def prepare_one(self, message: ClaimedMessage, stream: Iterable[bytes], ordinal: int) -> Incoming:
        """What the tree number `ordinal` of a message becomes now, for a replay."""
        for number, tree in enumerate(self._decode(message, stream)):
            if number == ordinal:
                return self._incoming(message, ordinal, tree)
        raise RejectedMessage(f"The message has no part number {ordinal + 1} any more.")

    def _decode(self, message: ClaimedMessage, stream: Iterable[bytes]) -> Iterator[Tree | Reject]:
        connection = self._workspace.connections.get(message.connection)
        if connection is None:
            raise RejectedMessage(f"The connection {message.connection} is not configured any more.")
        emits = connection.connector.emits
        if message.type not in emits:
            raise RejectedMessage(
                f"{message.connection} sent a {message.type}, which the connector {connection.spec.type} does not "
                f"read{nearest(message.type, emits)}.",
                value=message.type,
            )
        return find_format(emits[message.type]).decode(stream)

    def _incoming(self, message: ClaimedMessage, ordinal: int, tree: Tree | Reject) -> Incoming:
        system = self._workspace.connections[message.connection].spec.system
        incoming = Incoming(message.id, message.connection, system, ordinal, tree.position)
        try:
            if isinstance(tree, Reject):
                raise RejectedMessage(tree.message, **tree.where)
            self._fill(incoming, message, tree)
        except Exception as error:  # noqa: BLE001 - one bad part must not take the others with it
            incoming.failure = note_of(error, connection=message.connection, mapping=incoming.mapping)
        return incoming

    def _fill(self, incoming: Incoming, message: ClaimedMessage, tree: Tree) -> None:
        type_ = tree.type or message.type
        pipeline = self._workspace.pipeline_for(message.connection, type_)
        if pipeline is None:
            raise RejectedMessage(
                f"No pipeline takes {type_} from {message.connection}; add one, or unsubscribe from it there.",
                value=type_,
            )
        incoming.pipeline = pipeline.name
        incoming.kind = pipeline.target_kind
        incoming.opens_subject = KINDS[pipeline.target_kind].opens_subject
        identity = pipeline.identify(tree.data, message.headers)
        incoming.identity = identity
        self._make(incoming, message, pipeline, tree.data, identity)

    def _make(
        self, incoming: Incoming, message: ClaimedMessage, pipeline: Pipeline, data: Any, identity: Identity
    ) -> None:
        lookups = RecordedLookups(self._book, from_micros(message.received_at).date(), self._xref(incoming))
        made = pipeline.make(data, message.headers, identity, lookups)
        incoming.lookups = lookups.answers
        if isinstance(made, Filtered):
            incoming.filtered = f"Not taken: {made.reason} does not hold ({made.location})."
            return
        self._take(incoming, pipeline, made)

    def _take(self, incoming: Incoming, pipeline: Pipeline, made: Made) -> None:
        incoming.mapping = made.mapping
        incoming.document = made.document
        incoming.content = made.document.model_dump_json(exclude_none=True).encode()
        incoming.digest = digest_of(made.document)
        incoming.routes = list(self._workspace.routes_for(pipeline))
        incoming.tree = made.tree if incoming.routes else {}

    def _xref(self, incoming: Incoming) -> Callable[[str, str], str | None]:
        def number(system: str, kind: str) -> str | None:
            with self._store.read() as connection:
                return number_of_subject(connection, incoming.reference_key(), system, kind)

        return number
