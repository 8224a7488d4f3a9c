"""How one attempt ends, by what the connector says, and what an earlier attempt that may have been sent changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from structlog import get_logger

from connectors.generic.http.connector import HttpConnector
from hub.contract.clock import SystemClock
from hub.contract.connector import (
    Connector,
    ConnectorConfig,
    Context,
    Family,
    Manifest,
    Outbound,
    PushContext,
    Quality,
    Receipt,
    Support,
)
from hub.contract.errors import AuthError, CrossdockError, Duplicate, InDoubt, RejectedMessage, TransientError
from hub.runtime.connections import DurableState
from hub.runtime.outcomes import AttemptOutcome, Frozen, Outcome
from hub.runtime.sender import send
from hub.store import Store
from hub.store.deliveries import ClaimedDelivery

Said = Receipt | Exception | None


class Counterpart(Connector[ConnectorConfig]):
    """Says what it was told to say, and counts what it was asked."""

    name: ClassVar[str] = "counterpart"
    family: ClassVar[Family] = Family.GENERIC
    Config: ClassVar[type[ConnectorConfig]] = ConnectorConfig
    manifest: ClassVar[Manifest] = HttpConnector.manifest

    def __init__(self, *, pushed: Said, found: Said, finds: bool, repeatable: bool) -> None:
        state = DurableState(Store("sqlite://"), SystemClock(), "counterpart")
        super().__init__(ConnectorConfig(), Context("counterpart", "test", state, SystemClock(), get_logger()))
        self._pushed, self._found, self._repeatable = pushed, found, repeatable
        self.asked: list[str] = []
        if finds:
            self.manifest = _finding(self.manifest)  # type: ignore[misc]

    @property
    def repeatable(self) -> bool:
        return self._repeatable

    async def push(self, out: Outbound, context: PushContext) -> Receipt:
        self.asked.append("push")
        answer = _said(self._pushed)
        assert answer is not None
        return answer

    async def find(self, out: Outbound) -> Receipt | None:
        self.asked.append("find")
        return _said(self._found)


def _said(what: Said) -> Receipt | None:
    if isinstance(what, Exception):
        raise what
    return what


def _finding(manifest: Manifest) -> Manifest:
    parts = {name: getattr(manifest, name) for name in Manifest.__slots__}
    return Manifest(**{**parts, "find": Quality(Support.YES, "It is asked.")})


async def attempt(
    pushed: Said, *, doubtful: bool = False, found: Said = None, finds: bool = True, repeatable: bool = False
) -> tuple[Outcome, list[str]]:
    """One attempt: its outcome, and what the counterpart was asked."""
    counterpart = Counterpart(pushed=pushed, found=found, finds=finds, repeatable=repeatable)
    out = Outbound("t-1", "test:d-1:1", "sink.order", "order", "application/json", b"{}")
    delivery = ClaimedDelivery(
        "d-1", "doc", "subject", "erp", "erp", "orders/1", "m", "created", "sending", "t-1", 1, 1, 1, 0, 1
    )
    return await send(Frozen(delivery, out, doubtful), counterpart, _keep), counterpart.asked


async def _keep(transmission: str, done: Mapping[str, Any]) -> None:
    """Nothing is kept."""


ENDS = [
    (Receipt(), AttemptOutcome.DELIVERED),
    (Duplicate("It is there."), AttemptOutcome.DUPLICATE),
    (TransientError("Not now."), AttemptOutcome.FAILED),
    (RejectedMessage("No."), AttemptOutcome.REFUSED),
    (AuthError("Who are you?"), AttemptOutcome.UNAUTHORISED),
    (InDoubt("Perhaps."), AttemptOutcome.IN_DOUBT),
    (ValueError("a fault of the connector"), AttemptOutcome.IN_DOUBT),
]


@pytest.mark.parametrize(("pushed", "kind"), ENDS)
async def test_a_first_attempt_is_pushed(pushed: Said, kind: AttemptOutcome) -> None:
    outcome, asked = await attempt(pushed)
    assert (outcome.kind, asked) == (kind, ["push"])
    assert (outcome.note is None) == (kind in {AttemptOutcome.DELIVERED, AttemptOutcome.DUPLICATE})


async def test_what_is_found_is_not_pushed_again() -> None:
    outcome, asked = await attempt(Receipt(), doubtful=True, found=Receipt(references={"order": "1"}))
    assert (outcome.kind, asked) == (AttemptOutcome.DELIVERED, ["find"])
    assert outcome.receipt is not None
    assert outcome.receipt.references == {"order": "1"}


@pytest.mark.parametrize(("pushed", "kind"), ENDS)
async def test_what_surely_did_not_arrive_ends_as_a_first_attempt_does(pushed: Said, kind: AttemptOutcome) -> None:
    outcome, asked = await attempt(pushed, doubtful=True, found=None)
    assert (outcome.kind, asked) == (kind, ["find", "push"])


@pytest.mark.parametrize("found", [InDoubt("Cannot tell."), TransientError("Not now."), ValueError("a fault")])
async def test_a_look_up_that_cannot_tell_leaves_it_in_doubt_and_may_be_made_again(found: Exception) -> None:
    outcome, asked = await attempt(Receipt(), doubtful=True, found=found)
    assert (outcome.kind, outcome.resolvable, asked) == (AttemptOutcome.IN_DOUBT, True, ["find"])


async def test_without_a_look_up_a_person_decides() -> None:
    outcome, asked = await attempt(Receipt(), doubtful=True, finds=False)
    assert (outcome.kind, outcome.resolvable, asked) == (AttemptOutcome.IN_DOUBT, False, [])
    assert outcome.note is not None
    assert "crossdock failures settle" in outcome.note.text


@pytest.mark.parametrize("error", [TransientError("Not now."), InDoubt("Perhaps.")])
async def test_a_target_that_knows_keys_is_pushed_again_and_the_doubt_stays(error: CrossdockError) -> None:
    outcome, asked = await attempt(error, doubtful=True, finds=False, repeatable=True)
    assert (outcome.kind, outcome.resolvable, asked) == (AttemptOutcome.IN_DOUBT, True, ["push"])


async def test_a_fault_of_a_connector_shows_no_traceback_to_support() -> None:
    outcome, _ = await attempt(ValueError("a fault"))
    assert outcome.note is not None
    assert outcome.note.code == "internal"
    assert "Traceback" not in outcome.note.text
    assert "Traceback" in str(outcome.note.detail)
