"""Sends one frozen delivery through its connector, and says how that ended.

An attempt that may have left before is never just sent again: it is looked up at the
counterpart, or sent again where the target knows what it had, or left to a person.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from hub.contract.connector import Connector, Receipt, Support
from hub.contract.errors import AuthError, Duplicate, InDoubt, RejectedMessage, TransientError
from hub.failures.notes import note_of
from hub.runtime.outcomes import AttemptOutcome, Frozen, Outcome

KeepDone = Callable[[str, Mapping[str, Any]], Awaitable[None]]
"""Makes the steps of a transmission durable: its id, what is done."""


class _Push:
    """The PushContext of one attempt."""

    def __init__(self, transmission: str, keep: KeepDone) -> None:
        self._transmission = transmission
        self._keep = keep

    async def checkpoint(self, done: Mapping[str, Any]) -> None:
        await self._keep(self._transmission, done)


async def send(frozen: Frozen, connector: Connector[Any], keep: KeepDone) -> Outcome:
    """One attempt. Never raises, except when it is cancelled."""
    try:
        if frozen.doubtful and not connector.repeatable:
            receipt = await _look_up(frozen, connector)
            if receipt is not None:
                return Outcome(frozen, AttemptOutcome.DELIVERED, receipt)
            frozen = replace(frozen, doubtful=False)
        return await _push(frozen, connector, keep)
    except Exception as error:  # noqa: BLE001 - every way to end must be recorded
        return _failed(frozen, connector, error)


async def _push(frozen: Frozen, connector: Connector[Any], keep: KeepDone) -> Outcome:
    receipt = await connector.push(frozen.out, _Push(frozen.out.transmission, keep))
    return Outcome(frozen, AttemptOutcome.DELIVERED, receipt)


async def _look_up(frozen: Frozen, connector: Connector[Any]) -> Receipt | None:
    """The receipt of an earlier attempt; None where it surely did not arrive."""
    if not _finds(connector):
        raise InDoubt(
            "It may have been sent when its worker stopped, and this system offers no look-up; see there whether it "
            "arrived, then settle it with `crossdock failures settle`."
        )
    return await connector.find(frozen.out)


def _finds(connector: Connector[Any]) -> bool:
    return connector.manifest.find.support is Support.YES


def _failed(frozen: Frozen, connector: Connector[Any], error: Exception) -> Outcome:
    if isinstance(error, Duplicate):
        return Outcome(frozen, AttemptOutcome.DUPLICATE, Receipt(note=error.message))
    note = note_of(error, connection=frozen.delivery.connection)
    if isinstance(error, TransientError):
        kind = AttemptOutcome.IN_DOUBT if frozen.doubtful else AttemptOutcome.FAILED
        return Outcome(frozen, kind, note=note, retry_after=error.retry_after, resolvable=True)
    if isinstance(error, AuthError):
        return Outcome(frozen, AttemptOutcome.UNAUTHORISED, note=note)
    if isinstance(error, RejectedMessage) and (connector.repeatable or not frozen.doubtful):
        return Outcome(frozen, AttemptOutcome.REFUSED, note=note)
    # InDoubt, and whatever a connector did not foresee: it may have been sent.
    resolvable = connector.repeatable or _finds(connector)
    return Outcome(frozen, AttemptOutcome.IN_DOUBT, note=note, resolvable=resolvable)
