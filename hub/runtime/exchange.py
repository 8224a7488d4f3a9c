"""The database side of delivery: settles what ended, claims what is due, freezes it.

One `cycle` is two short transactions whatever the number of deliveries: outcomes are settled
and due deliveries claimed in the first; in the second their bytes and an open attempt become
durable. Only then is anything sent, so that after a crash an open attempt says: it may have
been.

What is for a connection in shadow is rendered and frozen as any other, and settled in the same
transaction: it is never handed out to be sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, update
from sqlalchemy.exc import SQLAlchemyError

from hub.contract.clock import Clock
from hub.contract.connector import Outbound
from hub.failures.retry import BY_CHANCE, Spread
from hub.runtime.dispatch.slots import Slots
from hub.runtime.lookups import CrosswalkBook
from hub.runtime.outcomes import AttemptOutcome, Frozen, Outcome
from hub.runtime.render import Rendered, Renderer, transmission_row
from hub.runtime.settlement import Settlement
from hub.store import Store, deliveries, tables
from hub.store.bodies import rows_of
from hub.store.connections import paused
from hub.store.deliveries import ClaimedDelivery
from hub.store.failures import FailureNote
from hub.store.statements import Row, dumps, insert_rows
from hub.telemetry.logs import logger
from hub.workspace import Workspace

LEASE = 30_000_000
"""Microseconds for which a delivery is held; renewed while its worker lives."""


class Exchange:
    """Claims, freezes and settles under one configuration; belongs to one thread."""

    def __init__(
        self, store: Store, workspace: Workspace, clock: Clock, owner: str, *, spread: Spread = BY_CHANCE
    ) -> None:
        self._store = store
        self._workspace = workspace
        self._clock = clock
        self._spread = spread
        self._owner = owner
        self._limits = {name: one.spec.concurrency for name, one in workspace.connections.items()}
        self.slots = Slots(self._limits, owner, length=LEASE)
        self._log = logger("delivery").bind(worker=owner)
        self._shadows = {name for name, one in workspace.connections.items() if one.spec.shadow}
        self._renderer = Renderer(workspace, workspace.settings.environment, CrosswalkBook(workspace.crosswalks))

    def cycle(self, outcomes: Sequence[Outcome], capacity: Mapping[str, int]) -> list[Frozen]:
        """Settle `outcomes`, then claim and freeze up to `capacity` deliveries a connection.

        If this raises, the outcomes are not settled and are to be given again. What was claimed
        and could not be frozen is claimed again when its lease ends.
        """
        claimed = self._settle_and_claim(outcomes, capacity)
        try:
            return self._freeze(claimed) if claimed else []
        except SQLAlchemyError as error:
            self._log.error("freezing failed", deliveries=[one.id for one in claimed], error=repr(error))
            return []

    def renew(self, fences: Mapping[str, int]) -> None:
        """Hold on to these deliveries, id to fence."""
        with self._store.write() as connection:
            deliveries.renew(connection, fences, lease=LEASE)
            self.slots.renew(connection)

    def keep_done(self, transmission: str, done: Mapping[str, object]) -> None:
        """Keep which steps of a push are done."""
        with self._store.write() as connection:
            statement = update(tables.transmission).where(tables.transmission.c.id == transmission)
            connection.execute(statement.values(done=dumps(dict(done))))

    def _settle_and_claim(self, outcomes: Sequence[Outcome], capacity: Mapping[str, int]) -> list[ClaimedDelivery]:
        now = self._clock.now()
        with self._store.read() as connection:
            stopped = paused(connection)
            open_ = {name: room for name, room in capacity.items() if room > 0 and name not in stopped}
            if not outcomes and not deliveries.any_due(connection, list(open_), now=now):
                return []
        with self._store.write() as connection:
            if outcomes:
                self._settle(connection, outcomes)
                # Credentials that were refused paused their connection, for what is due at once, too.
                stopped = paused(connection)
                open_ = {name: room for name, room in open_.items() if name not in stopped}
            under_way = {name: max(0, self._limits[name] - room) for name, room in capacity.items()}

            def claim(room: Mapping[str, int]) -> list[ClaimedDelivery]:
                return deliveries.claim(connection, room, self._owner, now=now, lease=LEASE)

            claimed = self.slots.claim(connection, under_way, open_, claim)
        self.slots.kept()
        return claimed

    def _freeze(self, claimed: Sequence[ClaimedDelivery]) -> list[Frozen]:
        with self._store.read() as connection:
            rendered, material = self._renderer.render(connection, claimed)
        with self._store.write() as connection:
            held = deliveries.still_held(connection, {one.id: one.fence for one in claimed})
            rendered = [
                self._renderer.render_numbered(connection, one, material) if one.needs_number else one
                for one in rendered
                if one.delivery.id in held
            ]
            ready = [one for one in rendered if one.frozen is not None and not self._is_shadowed(one)]
            self._write_frozen(connection, rendered)
            self._open_attempts(connection, ready)
            self._settle_unsent(connection, rendered)
        return [one.frozen for one in ready if one.frozen is not None]

    def _is_shadowed(self, rendered: Rendered) -> bool:
        return rendered.delivery.connection in self._shadows

    def _write_frozen(self, connection: Connection, rendered: Sequence[Rendered]) -> None:
        now = self._clock.now()
        new = [one.frozen for one in rendered if one.is_new and one.frozen is not None]
        insert_rows(
            connection,
            tables.transmission,
            [transmission_row(one.out, one.delivery.connection, at=now) for one in new],
        )
        insert_rows(
            connection, tables.body, [row for one in new for row in rows_of(one.out.transmission, one.out.body)]
        )

    def _open_attempts(self, connection: Connection, ready: Sequence[Rendered]) -> None:
        now = self._clock.now()
        attempts = [self._attempt_row(one.frozen.out, now) for one in ready if one.frozen is not None]
        insert_rows(connection, tables.attempt, attempts)
        opened = [_opened(one, one.frozen.out) for one in ready if one.frozen is not None]
        deliveries.open_attempts(connection, opened)

    def _attempt_row(self, out: Outbound, now: int) -> Row:
        return {
            "transmission": out.transmission,
            "number": out.attempt,
            "started_at": now,
            "ended_at": None,
            "outcome": AttemptOutcome.OPEN,
            "note": None,
            "detail": None,
            "response": None,
            "worker": self._owner,
        }

    def _settle_unsent(self, connection: Connection, rendered: Sequence[Rendered]) -> None:
        """What cannot be rendered is a dead letter before anything was sent; what is in shadow is never sent."""
        unsent = [one for one in rendered if one.failure is not None or self._is_shadowed(one)]
        kept: list[Row] = []
        settlement = self._settlement(connection)
        settlement.hold([one.delivery.subject for one in unsent])
        for one in unsent:
            if one.failure is not None:
                settlement.bury(one.delivery, one.message, one.failure)
            elif one.frozen is not None and one.frozen.doubtful:
                settlement.doubt(one.delivery, one.message, _sent_before_shadow(one.delivery))
            elif one.frozen is not None:
                kept.append(_kept(one, one.frozen.out))
                settlement.shadow(one.delivery)
        deliveries.open_attempts(connection, kept)
        settlement.write()

    def _settle(self, connection: Connection, outcomes: Sequence[Outcome]) -> None:
        fences = {one.frozen.delivery.id: one.frozen.delivery.fence for one in outcomes}
        held = deliveries.still_held(connection, fences)
        settlement = self._settlement(connection)
        settlement.take([one for one in outcomes if one.frozen.delivery.id in held])
        settlement.write()

    def _settlement(self, connection: Connection) -> Settlement:
        return Settlement(connection, self._workspace, now=self._clock.now(), spread=self._spread)


def _opened(rendered: Rendered, out: Outbound) -> Row:
    return {
        "delivery_id": rendered.delivery.id,
        "frozen": out.transmission,
        "attempt_number": out.attempt,
        "try_number": rendered.delivery.tries + 1,
        "answers": dumps(rendered.answers) if rendered.answers else None,
    }


def _kept(rendered: Rendered, out: Outbound) -> Row:
    """Its bytes are known, and no attempt was made."""
    return {**_opened(rendered, out), "attempt_number": out.attempt - 1, "try_number": rendered.delivery.tries}


def _sent_before_shadow(delivery: ClaimedDelivery) -> FailureNote:
    text = (
        f"It may have been sent before {delivery.connection} was put in shadow, and nothing is asked there now; see "
        "there whether it arrived, then settle it with `crossdock failures settle`."
    )
    return FailureNote("in_doubt", text, f"shadow:{delivery.connection}")
