"""One of the two configurations: what it makes of a stored message, without any effect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from hub.contract.clock import from_micros
from hub.contract.connector import References
from hub.contract.documents import KINDS
from hub.contract.errors import ConfigError, RejectedMessage
from hub.contract.format import UNNUMBERED, Tree
from hub.failures.notes import note_of
from hub.ledger.incoming import Incoming, pack, unpack
from hub.operations.gate.stored import Recorded
from hub.pipelines import LEDGER, AnyRoute, tree_of
from hub.runtime.lookups import CrosswalkBook, RecordedLookups
from hub.runtime.parts import Part, parts_of
from hub.runtime.prepare import Preparer
from hub.runtime.writing import Errand, Writer, Written
from hub.store import Store
from hub.store.failures import FailureNote
from hub.store.messages import ClaimedMessage
from hub.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Said:
    """What one part of a message becomes."""

    part: Part
    incoming: Incoming

    @property
    def untaken(self) -> bool:
        """Whether it is something that could be taken, and no pipeline does."""
        return self.part.pipeline is None and isinstance(self.part.tree, Tree)


@dataclass(frozen=True, slots=True)
class Planned:
    """A delivery that would be planned: what it carries, or why that cannot be made.

    It has neither while it waits for a number that its route needs. `write` makes the bytes again:
    what has the time in it may have another one then.
    """

    route: AnyRoute
    references: References
    written: Written | None = None
    failure: FailureNote | None = None
    write: Callable[[], Written] | None = None

    @property
    def waits(self) -> bool:
        """Whether nothing can be made of it yet."""
        return self.written is None and self.failure is None


class Side:
    """One configuration. Running numbers are 1, whatever is counted."""

    def __init__(self, workspace: Workspace, store: Store) -> None:
        self.workspace = workspace
        self._book = CrosswalkBook(workspace.crosswalks)
        self._preparer = Preparer(workspace, store, self._book)
        self._writer = Writer(workspace)

    def refresh(self, connection: Connection) -> None:
        """Take the rows that were added to crosswalks as they are now."""
        self._book.refresh(connection)

    def parts(self, message: ClaimedMessage, stream: Iterable[bytes]) -> Iterator[Said | FailureNote]:
        """What the parts become; a note is the last, where nothing more can be read.

        Raises ConfigError where the configuration cannot read with the settings of this place.
        """
        try:
            for ordinal, part in enumerate(parts_of(self.workspace, message, message.headers, stream)):
                yield Said(part, self._preparer.prepare_part(message, ordinal, part))
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it would be a dead letter
            yield note_of(error, connection=message.connection)

    def of_ledger(self, message: str, recorded: Recorded) -> Incoming:
        """A document that the ledger made, as this configuration sends it on."""
        assert recorded.kind is not None
        assert recorded.content is not None
        document = KINDS[recorded.kind].model_validate_json(unpack(recorded.content))
        return Incoming(
            message,
            LEDGER,
            LEDGER,
            recorded.ordinal,
            "",
            kind=recorded.kind,
            document=document,
            tree=tree_of(document),
            routes=list(self.workspace.rules.routes_of(recorded.kind)),
        )

    def deliveries(self, incoming: Incoming, recorded: Recorded) -> list[Planned]:
        """What is planned for a document with the effect that it had."""
        if incoming.document is None or recorded.effect is None:
            return []
        content = recorded.content or pack(incoming.content)
        seen = {
            "document": incoming.tree,
            "effect": recorded.effect,
            "connection": incoming.connection,
            "origin": recorded.origin,
        }
        planned = []
        for route in incoming.routes:
            try:
                if route.wants(seen):
                    planned.append(self._planned(incoming, route, route.references_of(seen), recorded, content))
            except RejectedMessage as error:
                planned.append(Planned(route, {}, failure=note_of(error, connection=route.to)))
        return planned

    def _planned(
        self, incoming: Incoming, route: AnyRoute, references: References, recorded: Recorded, content: bytes
    ) -> Planned:
        if any((need.system, need.kind) not in recorded.numbers for need in route.needs):
            return Planned(route, references)
        write = partial(self._write, self._errand(incoming, route, recorded, content), recorded)
        try:
            return Planned(route, references, written=write(), write=write)
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001 - as the hub does, where it would be a dead letter
            note = note_of(error, connection=route.to, mapping=route.mapping_name)
            return Planned(route, references, failure=note)

    def _errand(self, incoming: Incoming, route: AnyRoute, recorded: Recorded, content: bytes) -> Errand:
        assert incoming.kind is not None
        assert recorded.effect is not None
        return Errand(
            kind=incoming.kind,
            content=content,
            order=recorded.order_content,
            connection=route.to,
            system=self.workspace.rules.system_of(route.to),
            mapping=route.mapping_name,
            effect=recorded.effect,
        )

    def _write(self, errand: Errand, recorded: Recorded) -> Written:
        told = recorded.asked.get(errand.connection, {})

        def number(system: str, kind: str) -> str | None:
            """What was answered then; what was not asked then, is answered from what is known now."""
            return told[(system, kind)] if (system, kind) in told else recorded.numbers.get((system, kind))

        on = from_micros(recorded.created_at).date()
        lookups = RecordedLookups(self._book, on, number, lambda _: 1)
        return self._writer.write(errand, lookups, UNNUMBERED)
