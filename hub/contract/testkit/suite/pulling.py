"""Pulls: what is found is offered until it is acknowledged, and not after."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from hub.contract.connector import Connector, Item, Page
from hub.contract.errors import TransientError
from hub.contract.registry import ANY
from hub.contract.testkit.suite.base import Bench, ConnectorContract

LOOKS = 10
"""Pulls after which what was offered must have come; a minute passes between two."""


@dataclass
class Catch:
    """The first page that was not empty, and the cursor it was asked with."""

    asked: str | None
    page: Page

    @property
    def keys(self) -> set[str]:
        """What the hub deduplicates the items on."""
        return {item.key for item in self.page.items}


class PullingContract(ConnectorContract):
    """Tests of connectors that pull."""

    async def test_pulls_what_the_counterpart_offers(self, bench: Bench) -> None:
        await bench.case.offer(bench.simulator)
        async with bench.opened() as connector:
            catch = await pull_until_found(bench, connector)
            bodies = [await read(item) for item in catch.page.items]
            await bench.within(connector.ack(catch.page.items))
        assert all(bodies), "An item has no body."
        assert len(catch.keys) == len(catch.page.items), "Two items of one page have one key."
        known = set(connector.emits)
        unknown = set() if ANY in known else {item.type for item in catch.page.items} - known
        assert not unknown, f"These types are not among emits: {sorted(unknown)}."

    async def test_what_was_not_stored_is_offered_again_under_its_key(self, bench: Bench) -> None:
        await bench.case.offer(bench.simulator)
        async with bench.opened() as killed:
            lost = await pull_until_found(bench, killed)
        async with bench.opened() as connector:
            again = await pull_until_found(bench, connector, lost.asked)
            bodies = [await read(item) for item in again.page.items]
        assert again.keys == lost.keys, "A page that was not stored came back under other keys."
        assert all(bodies), "An item that is offered again has no body."

    async def test_what_was_acknowledged_is_not_offered_again(self, bench: Bench) -> None:
        await bench.case.offer(bench.simulator)
        async with bench.opened() as connector:
            catch = await pull_until_found(bench, connector)
            await bench.within(connector.ack(catch.page.items))
            cursor = catch.page.cursor
            for _ in range(3):
                bench.clock.advance(60)
                page = await bench.within(connector.pull(cursor))
                cursor = page.cursor
                assert not catch.keys & {item.key for item in page.items}, "An acknowledged item was offered again."

    async def test_acknowledging_again_is_harmless(self, bench: Bench) -> None:
        await bench.case.offer(bench.simulator)
        async with bench.opened() as connector:
            catch = await pull_until_found(bench, connector)
            await bench.within(connector.ack(catch.page.items))
            await bench.within(connector.ack(catch.page.items))

    async def test_a_fault_delays_but_loses_nothing(self, bench: Bench, fault: str) -> None:
        await bench.case.offer(bench.simulator)
        bench.simulator.misbehave(fault, 1)
        async with bench.opened() as connector:
            await bench.outcome(connector.pull(None))
            await bench.case.recover(bench.simulator, fault)
            catch = await pull_until_found(bench, connector)
            await bench.outcome(connector.ack(catch.page.items))
        assert catch.keys

    async def test_a_dead_counterpart_is_tried_again_later(self, bench: Bench) -> None:
        await bench.simulator.stop()
        async with bench.opened() as connector:
            result = await bench.outcome(connector.pull(None))
        assert isinstance(result, TransientError), f"A pull from nobody gave {result!r}."


async def pull_until_found(bench: Bench, connector: Connector[Any], cursor: str | None = None) -> Catch:
    """Pull as the hub does, LOOKS times at most, until a page has items."""
    failure: object = None
    for _ in range(LOOKS):
        page = await bench.outcome(connector.pull(cursor))
        if not isinstance(page, Page):
            failure = page
        elif page.items:
            return Catch(cursor, page)
        else:
            cursor = page.cursor
        bench.clock.advance(60)
    raise AssertionError(f"What the counterpart offers was not found in {LOOKS} pulls (last failure: {failure!r}).")


async def read(item: Item) -> bytes:
    """The item's body, read once in a thread like the hub does."""
    body = item.body
    return body if isinstance(body, bytes) else await asyncio.to_thread(b"".join, body)
