"""What follows from how attempts ended: states, back-off, the ledger's events, failures."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from hub.contract.connector import each_reference
from hub.failures.retry import BY_CHANCE, Backoff, Spread
from hub.ledger.unit import Unit
from hub.runtime.outcomes import SHADOW_REASON, AttemptOutcome, Outcome
from hub.store import deliveries, tables
from hub.store.connections import PAUSED_KEY, paused, write_state
from hub.store.deliveries import ClaimedDelivery
from hub.store.failures import FailureNote, close_failures, failure_row
from hub.store.statements import Row, insert_rows
from hub.store.states import DeliveryState
from hub.telemetry.logs import logger
from hub.workspace import Workspace

RESPONSE_KEPT = 4096
"""Bytes of an answer that are kept with the attempt."""

_MESSAGES = select(tables.document.c.id, tables.document.c.message).where(
    tables.document.c.id.in_(bindparam("ids", expanding=True))
)
_DELIVERED = {AttemptOutcome.DELIVERED: DeliveryState.DELIVERED, AttemptOutcome.DUPLICATE: DeliveryState.DUPLICATE}


class Settlement:
    """Collects what one transaction settles, and writes it at once."""

    def __init__(self, connection: Connection, workspace: Workspace, *, now: int, spread: Spread = BY_CHANCE) -> None:
        self._connection = connection
        self._workspace = workspace
        self._now = now
        self._spread = spread
        self._unit = Unit(connection, now=now, config_version=workspace.version, actor="hub")
        self._states: list[Row] = []
        self._attempts: list[Row] = []
        self._failures: list[Row] = []
        self._mended: list[str] = []
        self._log = logger("delivery")

    def hold(self, subjects: Sequence[str]) -> None:
        """Lock all subjects that this transaction is about, at once and so in their one order."""
        self._unit.hold(subjects, for_documents=False)

    def take(self, outcomes: Sequence[Outcome]) -> None:
        """Settle attempts that ended."""
        self.hold([one.frozen.delivery.subject for one in outcomes])
        failed = [one for one in outcomes if one.note is not None]
        messages = self._messages(failed)
        for one in outcomes:
            self._attempts.append(self._attempt(one))
            if one.kind in _DELIVERED:
                self._delivered(one)
            elif one.note is not None:
                self._not_delivered(one, one.note, messages[one.frozen.delivery.document])

    def bury(self, delivery: ClaimedDelivery, message: str, note: FailureNote) -> None:
        """Make a delivery, whose subject is held, a dead letter."""
        self._stop(delivery, message, note, DeliveryState.DEAD)

    def shadow(self, delivery: ClaimedDelivery) -> None:
        """Settle a delivery, whose subject is held and whose bytes are frozen, as not sent for good."""
        data = {"delivery": delivery.id, "system": delivery.system, "state": "shadowed", "reason": SHADOW_REASON}
        self._unit.append(self._unit.subject(delivery.subject), "delivery.dropped", data, cause=delivery.id)
        self._states.append(self._state(delivery, DeliveryState.SHADOWED, reason=SHADOW_REASON, settled=True))

    def doubt(self, delivery: ClaimedDelivery, message: str, note: FailureNote) -> None:
        """Leave it to a person whether a delivery, whose subject is held, arrived."""
        self._stop(delivery, message, note, DeliveryState.IN_DOUBT)

    def write(self) -> None:
        """Write everything that was collected."""
        if not self._states:
            return
        self._unit.flush_subjects()
        self._unit.flush()
        deliveries.settle(self._connection, self._states)
        deliveries.close_attempts(self._connection, self._attempts)
        close_failures(self._connection, self._mended, by="hub", at=self._now)
        insert_rows(self._connection, tables.failure, self._failures)

    def _messages(self, failed: Sequence[Outcome]) -> dict[str, str]:
        if not failed:
            return {}
        rows = self._connection.execute(_MESSAGES, {"ids": [one.frozen.delivery.document for one in failed]})
        return {row.id: row.message for row in rows}

    def _attempt(self, outcome: Outcome) -> Row:
        out = outcome.frozen.out
        receipt, note = outcome.receipt, outcome.note
        response = b"" if receipt is None else receipt.response[:RESPONSE_KEPT]
        said = note.text if note is not None else "" if receipt is None else receipt.note
        return {
            "sent": out.transmission,
            "attempt_number": out.attempt,
            "ended": self._now,
            "result": outcome.kind,
            "said": said or None,
            "more": None if note is None else note.detail,
            "answer": response or None,
        }

    def _delivered(self, outcome: Outcome) -> None:
        delivery = outcome.frozen.delivery
        subject = self._unit.subject(delivery.subject)
        references = {} if outcome.receipt is None else outcome.receipt.references
        data = {
            "delivery": delivery.id,
            "to": delivery.connection,
            "system": delivery.system,
            "effect": delivery.effect,
        }
        self._unit.append(subject, "delivery.delivered", data, cause=delivery.id)
        keys = [(delivery.system, kind, "", value) for kind, value in each_reference(references)]
        self._unit.register(subject, keys, cause=delivery.id)
        self._states.append(self._state(delivery, _DELIVERED[outcome.kind], settled=True))
        if delivery.attempts:
            self._mended.append(delivery.id)

    def _not_delivered(self, outcome: Outcome, note: FailureNote, message: str) -> None:
        delivery = outcome.frozen.delivery
        if outcome.kind is AttemptOutcome.UNAUTHORISED:
            self._pause(delivery, note)
            state = DeliveryState.SENDING if outcome.frozen.doubtful else DeliveryState.PLANNED
            self._states.append(self._state(delivery, state, reason=note.text))
        elif outcome.kind is AttemptOutcome.REFUSED:
            self._stop(delivery, message, note, DeliveryState.DEAD)
        elif outcome.kind is AttemptOutcome.IN_DOUBT and not outcome.resolvable:
            self._stop(delivery, message, note, DeliveryState.IN_DOUBT)
        else:
            self._again(outcome, note, message)

    def _again(self, outcome: Outcome, note: FailureNote, message: str) -> None:
        """Try again later; what may have been sent stays `sending`, so that it is looked up first."""
        delivery = outcome.frozen.delivery
        doubtful = outcome.kind is AttemptOutcome.IN_DOUBT
        wait = self._backoff(delivery.connection).next_wait(delivery.tries + 1, at_least=outcome.retry_after)
        if wait is None:
            last = DeliveryState.IN_DOUBT if doubtful else DeliveryState.DEAD
            self._stop(delivery, message, note, last)
            return
        state = DeliveryState.SENDING if doubtful else DeliveryState.PLANNED
        next_at = self._now + int(wait * 1_000_000)
        self._states.append(self._state(delivery, state, reason=note.text, next_at=next_at))

    def _stop(self, delivery: ClaimedDelivery, message: str, note: FailureNote, state: DeliveryState) -> None:
        kind, word = ("delivery.failed", "failed") if state is DeliveryState.DEAD else ("delivery.in_doubt", "in doubt")
        data = {"delivery": delivery.id, "system": delivery.system, "state": word, "reason": note.text}
        self._unit.append(self._unit.subject(delivery.subject), kind, data, cause=delivery.id)
        self._states.append(self._state(delivery, state, reason=note.text))
        row = failure_row(
            note,
            kind="delivery",
            target=delivery.id,
            message=message,
            subject=delivery.subject,
            connection=delivery.connection,
            at=self._now,
        )
        self._failures.append(row)
        self._log.warning(
            "delivery stopped", state=state, delivery=delivery.id, subject=delivery.subject, reason=note.text
        )

    def _pause(self, delivery: ClaimedDelivery, note: FailureNote) -> None:
        if delivery.connection in paused(self._connection):
            return  # by an attempt that ended with this one, or by a person, whose reason stands
        write_state(self._connection, delivery.connection, PAUSED_KEY, note.text, at=self._now)
        self._log.error("connection paused", connection=delivery.connection, reason=note.text)

    def _state(
        self,
        delivery: ClaimedDelivery,
        state: DeliveryState,
        *,
        reason: str | None = None,
        next_at: int | None = None,
        settled: bool = False,
    ) -> Row:
        return {
            "delivery_id": delivery.id,
            "new_state": state,
            "why": reason,
            "again_at": self._now if next_at is None else next_at,
            "settled": self._now if settled else None,
        }

    def _backoff(self, connection: str) -> Backoff:
        retry = self._workspace.connections[connection].spec.retry
        return Backoff(retry.attempts, retry.first.total_seconds(), retry.longest.total_seconds(), self._spread)
