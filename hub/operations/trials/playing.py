"""Plays one test of a pipeline: its steps, one after the other, up to the first that is not as expected."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import PurePosixPath
from typing import Any, Final

from hub.contract.connector import Item, Receipt
from hub.contract.errors import CrossdockError, RejectedMessage
from hub.contract.format import Reply, Tree
from hub.operations.connections.pauses import resume_connection
from hub.operations.crosswalks import add_crosswalk_row
from hub.operations.errors import OperationRefused
from hub.operations.failures.listing import list_failures
from hub.operations.failures.replays import Selection, plan_replay, run_replay
from hub.operations.failures.settling import Decision, settle
from hub.operations.trials.holding import unmet
from hub.operations.trials.looking import Look
from hub.runtime.replay import Mode
from hub.runtime.sandbox.address import MISSING, Address, look_up, parse_address
from hub.runtime.trial import Part, TrialHub
from hub.store.states import DeliveryState
from hub.workspace.samples import sample_path
from hub.workspace.trials import Arrival, Deed, Expected, Mending, ReplayAll, Resumption, Trial
from hub.workspace.trials.clauses import AnswerClause, FaultClause, ReplayClause, SettleClause

ACTOR: Final = "support"
"""Who does what a person does."""


class Play:
    """One test on its hub."""

    def __init__(self, trial: Trial, hub: TrialHub) -> None:
        self._trial = trial
        self._hub = hub
        self._look = Look(hub)
        self._looked_at: set[str] = set()
        self._arrivals = 0

    async def differences(self) -> list[str]:
        """What differs at the first step that is not as expected, each with its place; nothing if all is."""
        for step in self._trial.steps:
            try:
                found = await self._do(step.deed)
            except CrossdockError as error:
                found = [f"{step.location}: {error.message}"]
            if found:
                return found
        return []

    async def _do(self, deed: Deed) -> list[str]:
        if isinstance(deed, Expected):
            return self._expect(deed)
        if isinstance(deed, Arrival):
            await self._hub.receive(deed.connection, self._item(deed))
        elif isinstance(deed, FaultClause | AnswerClause):
            self._hub.add(deed.connection, _part(deed))
        elif isinstance(deed, Mending | ReplayAll | ReplayClause | SettleClause | Resumption):
            self._act(deed)
            await self._hub.work()
        else:
            await self._hub.wait(deed)
        return []

    def _expect(self, expected: Expected) -> list[str]:
        before = self._looked_at if expected.since_last else frozenset[str]()
        found = list(unmet(expected, self._look, before, self._content))
        self._looked_at = {row.id for name in ("documents", "deliveries") for row in self._look.rows(name)}
        return found

    # What arrives

    def _item(self, arrival: Arrival) -> Item:
        self._arrivals += 1
        format_ = self._hub.workspace.decoder(arrival.connection, arrival.type)
        name = arrival.name or (PurePosixPath(arrival.file).name if arrival.file else arrival.type)
        return Item(
            key=arrival.key or f"message {self._arrivals}",
            type=arrival.type,
            body=self._body(arrival),
            name=name,
            content_type="" if format_ is None else format_.content_type,
            headers=arrival.headers,
        )

    def _body(self, arrival: Arrival) -> bytes:
        if arrival.file is not None:
            content = self._content(arrival.file)
        elif isinstance(arrival.input, str):
            content = arrival.input.encode()
        else:
            return self._encode(arrival, _changed(deepcopy(arrival.input), arrival))
        return self._encode(arrival, _changed(self._tree(arrival, content), arrival)) if arrival.changes else content

    def _content(self, named: str) -> bytes:
        path = sample_path(self._trial, named)
        if path not in self._hub.workspace.files:
            raise RejectedMessage(f"There is no file {path}.", file=path)
        return self._hub.workspace.files[path]

    def _tree(self, arrival: Arrival, content: bytes) -> Any:
        """The one tree of what arrives, so that it can be changed."""
        format_ = self._hub.workspace.decoder(arrival.connection, arrival.type)
        parts = [] if format_ is None else [one for one in format_.decode([content]) if not isinstance(one, Reply)]
        if len(parts) != 1 or not isinstance(parts[0], Tree):
            raise RejectedMessage("What arrives here is not one message that can be changed; write it out, or a file.")
        return parts[0].data

    def _encode(self, arrival: Arrival, tree: Any) -> bytes:
        format_ = self._hub.workspace.decoder(arrival.connection, arrival.type)
        try:
            if format_ is not None:
                return format_.encode(tree, arrival.type)
        except NotImplementedError:
            pass  # It is only ever read.
        raise RejectedMessage(f"A {arrival.type} cannot be written from a tree; give its text, or a file.")

    # What a person does

    def _act(self, deed: Mending | ReplayAll | ReplayClause | SettleClause | Resumption) -> None:
        hub = self._hub
        if isinstance(deed, Mending):
            for table, value, code in _cells(deed):
                add_crosswalk_row(hub.store, hub.workspace, table, value, code, actor=ACTOR, clock=hub.clock)
        elif isinstance(deed, SettleClause):
            decision = Decision(deed.decision)
            settle(
                hub.store,
                self._stopped(deed.connection),
                decision,
                actor=ACTOR,
                clock=hub.clock,
                numbers=deed.references,
            )
        elif isinstance(deed, Resumption):
            resume_connection(hub.store, hub.workspace, deed.connection, actor=ACTOR, clock=hub.clock)
        else:
            self._replay(deed)

    def _stopped(self, connection: str) -> str:
        """The failure of the one delivery to a connection that a person can decide on."""
        stopped = (DeliveryState.DEAD, DeliveryState.IN_DOUBT)
        found = list_failures(self._hub.store, connection_name=connection)
        ids = [one.id for one in found if one.target_kind == "delivery" and one.state in stopped]
        if len(ids) != 1:
            raise OperationRefused(f"{len(ids)} deliveries to {connection} are dead or in doubt; settle needs one.")
        return ids[0]

    def _replay(self, deed: ReplayAll | ReplayClause) -> None:
        store, clock = self._hub.store, self._hub.clock
        selection, mode = Selection(everything=True), Mode.REPROCESS
        if isinstance(deed, ReplayClause):
            selection, mode = Selection(order=deed.order, connection=deed.connection), Mode(deed.mode)
        plan = plan_replay(store, selection, mode, actor=ACTOR, clock=clock)
        run_replay(store, self._hub.workspace, plan.id, actor=ACTOR, owner=ACTOR, clock=clock)


def _cells(mending: Mending) -> Iterator[tuple[str, str, str]]:
    for table, rows in mending.tables.items():
        for value, code in rows.items():
            yield table, value, code


def _part(clause: FaultClause | AnswerClause) -> Part:
    if isinstance(clause, AnswerClause):
        return Part(clause.type, clause.times, receipt=Receipt(clause.references, clause.note))
    return Part(
        clause.type,
        clause.times,
        error=clause.error,
        message=clause.message,
        retry_after=None if clause.retry_after is None else clause.retry_after.total_seconds(),
    )


def _changed(tree: Any, arrival: Arrival) -> Any:
    """The tree with its changes; RejectedMessage for a place that is not in it."""
    for written, value in arrival.changes.items():
        way = _way(written)
        holder = look_up(tree, way[:-1]) if way else MISSING
        if isinstance(holder, dict):
            holder[str(way[-1])] = value
        elif isinstance(holder, list) and look_up(holder, way[-1:]) is not MISSING:
            holder[int(way[-1])] = value
        else:
            raise RejectedMessage(f"There is no {written!r} in what arrives here, so it cannot be changed.")
    return tree


def _way(written: str) -> Address:
    try:
        return parse_address(written)
    except ValueError as error:
        raise RejectedMessage(f"The changes cannot be made: {error}.") from error
