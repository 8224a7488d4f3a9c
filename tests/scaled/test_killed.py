"""A worker killed while it drains and while it delivers, woken by a broker: effects are counted at the target."""

from __future__ import annotations

import pytest

from tests.crash.proofs import prove_once, prove_untangled, restart_worker
from tests.runtime.processes import killed
from tests.runtime.webhooks import webhook
from tests.scaled.hubs import scaled_hub

ORDERS = 5
DRAINING = ["messages claimed", "documents applied, not committed", "drain committed"]
DELIVERING = ["deliveries claimed", "transmissions frozen, not sent", "answered, not settled", "settlement committed"]


@pytest.mark.parametrize("point", [*DRAINING, *DELIVERING])
async def test_killed_at(point: str, postgresql_url: str, redis_url: str) -> None:
    async with scaled_hub(postgresql_url, redis_url, workers=0) as here:
        worker = here.started.worker(point)
        await here.receive(webhook(number) for number in range(ORDERS))
        await killed(worker)
        await restart_worker(here.hub.store, here.started, ORDERS)
        doubtful = prove_once(here.hub.store, here.sink, "erp")
        assert doubtful == 0 or point in DELIVERING
        prove_untangled(here.hub.store)


async def test_the_others_go_on_at_once_when_one_is_killed(postgresql_url: str, redis_url: str) -> None:
    """The dead one held nothing, so nothing waits for a lease; its wake-up is not missed."""
    async with scaled_hub(postgresql_url, redis_url, workers=1) as here:
        await here.receive([webhook(0)])
        await here.settled(1)
        idle = here.started.worker()
        await here.receive([webhook(1)])
        await here.settled(2)
        idle.kill()
        await killed(idle)
        await here.receive(webhook(2 + number) for number in range(ORDERS))
        await here.settled(2 + ORDERS)
        here.prove_once(2 + ORDERS)
