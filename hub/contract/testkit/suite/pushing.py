"""Pushes: one effect, whatever breaks, and errors that tell the truth about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from hub.contract.connector import Connector, Outbound, Receipt, Support
from hub.contract.errors import CrossdockError, Duplicate, InDoubt, RejectedMessage, TransientError
from hub.contract.testkit.fakes import FakePush, Killed
from hub.contract.testkit.suite.base import Bench, ConnectorContract

ATTEMPTS = 20
"""Attempts in which a transmission must have arrived once its counterpart behaves again."""


class FaultyPush(FakePush):
    """The counterpart begins to misbehave once the first checkpoint is kept."""

    def __init__(self, bench: Bench, fault: str) -> None:
        super().__init__()
        self._bench = bench
        self._fault = fault

    async def checkpoint(self, done: Mapping[str, Any]) -> None:
        await super().checkpoint(done)
        if self.calls == 1:
            self._bench.simulator.misbehave(self._fault, 1)


@dataclass
class Delivery:
    """One transmission on its way, treated as the hub treats it."""

    bench: Bench
    out: Outbound

    async def attempt(self, connector: Connector[Any], push: FakePush | None = None) -> Receipt | CrossdockError:
        """Push once; a killed attempt is in doubt, and a duplicate has arrived."""
        push = push or FakePush()
        try:
            result = await self.bench.outcome(connector.push(self.out, push))
        except Killed:
            result = InDoubt("The process was killed.")
        self.out = replace(self.out, attempt=self.out.attempt + 1, done=push.done or self.out.done)
        return Receipt(note=result.message) if isinstance(result, Duplicate) else result

    async def look_up(self, connector: Connector[Any]) -> Receipt | CrossdockError | None:
        """`find`, tried again while the counterpart still misbehaves."""
        result: Receipt | CrossdockError | None = None
        for _ in range(ATTEMPTS):
            result = await self.bench.outcome(connector.find(self.out))
            if not isinstance(result, TransientError):
                break
        return result

    async def settle(self, connector: Connector[Any], result: Receipt | CrossdockError) -> Receipt | CrossdockError:
        """Go on until it arrived, was refused, or only a person could decide."""
        for _ in range(ATTEMPTS):
            if isinstance(result, InDoubt) and not connector.repeatable:
                found = await self.look_up(connector)
                if found is not None:
                    return found
            elif isinstance(result, Receipt | RejectedMessage):
                return result
            result = await self.attempt(connector)
        return result

    def assert_effects(self, result: Receipt | CrossdockError) -> None:
        """What the counterpart counted is what the result says."""
        effects = self.bench.effects()
        if isinstance(result, Receipt):
            assert effects == 1, f"It is settled as delivered and had {effects} effects."
        elif isinstance(result, InDoubt):
            assert effects <= 1, f"It is in doubt and had {effects} effects."
        else:
            assert effects == 0, f"{type(result).__name__} says that nothing happened, and it did: {result.message}"


class PushingContract(ConnectorContract):
    """Tests of connectors that push."""

    @pytest.fixture
    async def delivery(self, bench: Bench) -> Delivery:
        """The case's transmission before its first attempt, the simulator ready for it."""
        await bench.case.prepare(bench.simulator)
        assert bench.effects() == 0, "The case counts an effect before anything was sent."
        return Delivery(bench, bench.case.outbound())

    async def test_a_push_has_one_effect(self, bench: Bench, delivery: Delivery) -> None:
        accepted = {delivery.out.type, "*"} & set(bench.connector_class.accepts)
        assert accepted, f"The case sends {delivery.out.type!r}, which is not among accepts."
        async with bench.opened() as connector:
            result = await delivery.attempt(connector)
        assert isinstance(result, Receipt), f"A push to a working counterpart gave {result!r}."
        delivery.assert_effects(result)

    async def test_a_dead_counterpart_was_sent_nothing(self, bench: Bench, delivery: Delivery) -> None:
        await bench.simulator.stop()
        async with bench.opened() as connector:
            result = await delivery.attempt(connector)
        assert isinstance(result, TransientError), f"A push to nobody gave {result!r}."

    async def test_under_a_fault_the_error_tells_the_truth(self, bench: Bench, delivery: Delivery, fault: str) -> None:
        bench.simulator.misbehave(fault, 1)
        async with bench.opened() as connector:
            delivery.assert_effects(await delivery.attempt(connector))

    async def test_under_a_fault_halfway_the_error_tells_the_truth(
        self, bench: Bench, delivery: Delivery, fault: str
    ) -> None:
        """Of a push of several calls, the one after the first checkpoint meets the fault."""
        push = FaultyPush(bench, fault)
        async with bench.opened() as connector:
            delivery.assert_effects(await delivery.attempt(connector, push))

    async def test_after_a_fault_it_arrives_once(self, bench: Bench, delivery: Delivery, fault: str) -> None:
        """Unless the counterpart refused it, or the connector can neither look it up nor repeat it."""
        bench.simulator.misbehave(fault, 1)
        async with bench.opened() as connector:
            result = await delivery.attempt(connector)
            await bench.case.recover(bench.simulator, fault)
            result = await delivery.settle(connector, result)
        delivery.assert_effects(result)
        undecidable = isinstance(result, InDoubt) and connector.manifest.find.support is not Support.YES
        assert undecidable or isinstance(result, Receipt | RejectedMessage), f"It ends with {result!r}."

    @pytest.mark.parametrize("kept", [True, False], ids=["kept", "lost"])
    async def test_killed_at_any_checkpoint_it_arrives_once(self, bench: Bench, delivery: Delivery, kept: bool) -> None:
        """Attempts are killed at one checkpoint after the other, until one gets to its end."""
        crash_at = 1
        result: Receipt | CrossdockError = InDoubt("not tried")
        for _ in range(ATTEMPTS):
            async with bench.opened() as connector:
                before, push = delivery.out.done, FakePush(crash_at, kept=kept)
                found = None if connector.repeatable else await delivery.look_up(connector)
                result = found or await delivery.attempt(connector, push)
            if isinstance(result, Receipt):
                break
            crash_at += delivery.out.done == before
        delivery.assert_effects(result)
        assert isinstance(result, Receipt), f"It ends with {result!r}."


class RepeatingContract(ConnectorContract):
    """Tests of connectors that declare idempotency."""

    async def test_sent_again_it_still_has_one_effect(self, bench: Bench) -> None:
        """By another process too."""
        await bench.case.prepare(bench.simulator)
        delivery = Delivery(bench, bench.case.outbound())
        for _ in range(2):
            async with bench.opened() as connector:
                for _ in range(2):
                    delivery.assert_effects(await delivery.attempt(connector))


class FindingContract(ConnectorContract):
    """Tests of connectors that can look an effect up."""

    async def test_find_tells_whether_it_arrived(self, bench: Bench) -> None:
        await bench.case.prepare(bench.simulator)
        delivery = Delivery(bench, bench.case.outbound())
        async with bench.opened() as connector:
            assert await bench.outcome(connector.find(delivery.out)) is None, (
                "It was not sent, and find says otherwise."
            )
            await delivery.attempt(connector)
            found = await bench.outcome(connector.find(delivery.out))
        assert isinstance(found, Receipt), f"It was sent, and find says {found!r}."
        assert bench.effects() == 1, "A look-up has no effect."

    async def test_find_after_a_doubt_tells_the_truth(self, bench: Bench, fault: str) -> None:
        await bench.case.prepare(bench.simulator)
        delivery = Delivery(bench, bench.case.outbound())
        bench.simulator.misbehave(fault, 1)
        async with bench.opened() as connector:
            result = await delivery.attempt(connector)
            await bench.case.recover(bench.simulator, fault)
            found = await delivery.look_up(connector) if isinstance(result, InDoubt) else result
        if found is None:
            assert bench.effects() == 0, "It arrived, and find says that it surely did not."
        else:
            delivery.assert_effects(found)
