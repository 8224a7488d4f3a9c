"""From a message's bytes to what the ledger takes: decode, identify, map. Outside any transaction.

Whatever goes wrong with one tree becomes that tree's failure; only bytes that cannot be read
on end the message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from hub.contract.clock import from_micros
from hub.contract.documents import KINDS, Document, Header, Intent
from hub.contract.documents import Reply as ReplyDocument
from hub.contract.errors import RejectedMessage
from hub.contract.format import Reject, Reply
from hub.failures.notes import note_of
from hub.ledger.incoming import Incoming, digest_of
from hub.pipelines import Filtered, Identity, Made, Pipeline, ReplyRoute
from hub.runtime.lookups import CrosswalkBook, RecordedLookups
from hub.runtime.parts import Part, parts_of
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
        """What the parts of a message became, from its cursor on.

        Raises DecodeError, or another CrossdockError, where nothing more can be read.
        """
        parts = parts_of(self._workspace, message, message.headers, stream)
        for ordinal, part in enumerate(islice(parts, message.cursor, None), start=message.cursor):
            yield self.prepare_part(message, ordinal, part)

    def prepare_one(self, message: ClaimedMessage, stream: Iterable[bytes], ordinal: int) -> Incoming:
        """What the part number `ordinal` of a message becomes now, for a replay."""
        for number, part in enumerate(parts_of(self._workspace, message, message.headers, stream)):
            if number == ordinal:
                return self.prepare_part(message, ordinal, part)
        raise RejectedMessage(f"The message has no part number {ordinal + 1} any more.")

    def prepare_part(self, message: ClaimedMessage, ordinal: int, part: Part) -> Incoming:
        """What one part becomes, for who takes the message apart himself."""
        system = self._workspace.connections[message.connection].spec.system
        tree = part.tree
        incoming = Incoming(message.id, message.connection, system, ordinal, tree.position, envelope=tree.envelope)
        try:
            if isinstance(tree, Reject):
                raise RejectedMessage(tree.message, **tree.where)
            if isinstance(tree, Reply):
                _fill_reply(incoming, tree)
            else:
                self._fill(incoming, message, part)
        except Exception as error:  # noqa: BLE001 - one bad part must not take the others with it
            incoming.failure = note_of(error, connection=message.connection, mapping=incoming.mapping)
        return incoming

    def _fill(self, incoming: Incoming, message: ClaimedMessage, part: Part) -> None:
        pipeline = part.pipeline
        if pipeline is None:
            raise RejectedMessage(
                f"No pipeline takes {part.type} from {message.connection}; add one, or unsubscribe from it there.",
                value=part.type,
            )
        incoming.pipeline = pipeline.name
        if pipeline.ignored is not None:
            incoming.filtered = f"Not taken: {pipeline.ignored} ({pipeline.location})."
            return
        incoming.kind = pipeline.target_kind
        incoming.opens_subject = KINDS[pipeline.target_kind].opens_subject
        identity = pipeline.identify(part.variables)
        incoming.identity = identity
        self._make(incoming, message, pipeline, part.variables, identity)

    def _make(
        self,
        incoming: Incoming,
        message: ClaimedMessage,
        pipeline: Pipeline,
        variables: Mapping[str, Any],
        identity: Identity,
    ) -> None:
        lookups = RecordedLookups(self._book, from_micros(message.received_at).date(), self._xref(incoming))
        # Kept of a mapping that fails, too: what it was answered is part of why.
        incoming.lookups = lookups.answers
        made = pipeline.make(variables, identity, lookups)
        if isinstance(made, Filtered):
            incoming.filtered = f"Not taken: {made.reason} does not hold ({made.location})."
            return
        self._take(incoming, pipeline, made)

    def _take(self, incoming: Incoming, pipeline: Pipeline, made: Made) -> None:
        incoming.mapping = made.mapping
        _put(incoming, made.document)
        incoming.routes = list(self._workspace.routes_for(pipeline))
        incoming.tree = made.tree if incoming.routes else {}

    def _xref(self, incoming: Incoming) -> Callable[[str, str], str | None]:
        def number(system: str, kind: str) -> str | None:
            with self._store.read() as connection:
                return number_of_subject(connection, incoming.reference_key(), system, kind)

        return number


def _fill_reply(incoming: Incoming, reply: Reply) -> None:
    """What the sender is owed: a document about the interchange, which goes back as it is."""
    identity = Identity("interchange", incoming.system, "interchange", reply.about, "", Intent.COMMAND)
    header = Header(source=incoming.system, source_id=reply.about, intent=Intent.COMMAND)
    document = ReplyDocument(header=header, payload_type=reply.type, payload=reply.data)
    incoming.identity = identity
    incoming.kind = ReplyDocument.__name__
    incoming.opens_subject = True
    incoming.routes = [ReplyRoute(incoming.connection)]
    _put(incoming, document)


def _put(incoming: Incoming, document: Document) -> None:
    incoming.document = document
    incoming.content = document.model_dump_json(exclude_none=True).encode()
    incoming.digest = digest_of(document)
