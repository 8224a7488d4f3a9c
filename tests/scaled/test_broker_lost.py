"""The broker loses what it holds, or is away: every message is delivered all the same, once."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from tests.runtime.hubs import until
from tests.runtime.webhooks import webhook
from tests.scaled.hubs import consumers, looking, scaled_hub
from tests.servers.redis import OwnRedis

ORDERS = 40


async def test_a_broker_that_is_flushed_over_and_over_loses_nothing(postgresql_url: str, redis_url: str) -> None:
    async with scaled_hub(postgresql_url, redis_url, workers=2) as here:
        flushing = asyncio.create_task(flush_over_and_over(redis_url))
        await here.receive(webhook(number) for number in range(3 * ORDERS))
        await here.settled(3 * ORDERS)
        flushing.cancel()
        with suppress(asyncio.CancelledError):
            await flushing
        here.prove_once(3 * ORDERS)


async def flush_over_and_over(url: str) -> None:
    """Empty the broker many times a second."""
    with looking(url) as client:
        while True:
            await asyncio.to_thread(client.flushall)
            await asyncio.sleep(0.01)


async def test_the_hub_goes_on_while_the_broker_is_away_and_uses_it_when_it_is_back(
    postgresql_url: str, own_redis: OwnRedis
) -> None:
    async with scaled_hub(postgresql_url, own_redis.url, workers=2) as here:
        await here.receive(webhook(number) for number in range(ORDERS))
        own_redis.stop()
        await here.receive(webhook(ORDERS + number) for number in range(ORDERS))
        await here.settled(2 * ORDERS)
        own_redis.start()
        await until_spoken_to(own_redis, processes=2)
        await here.receive(webhook(2 * ORDERS + number) for number in range(ORDERS))
        await here.settled(3 * ORDERS)
        here.prove_once(3 * ORDERS)


async def test_processes_start_and_work_while_the_broker_is_away(postgresql_url: str, own_redis: OwnRedis) -> None:
    own_redis.stop()
    async with scaled_hub(postgresql_url, own_redis.url, workers=1) as here:
        await here.receive(webhook(number) for number in range(ORDERS))
        await here.settled(ORDERS)
        own_redis.start()
        await until_spoken_to(own_redis, processes=1)


async def until_spoken_to(broker: OwnRedis, *, processes: int) -> None:
    """Wait until so many processes have found a broker that is back."""
    with looking(broker.url) as client:
        await until(lambda: consumers(client) >= processes, f"{processes} processes speak to the broker")
