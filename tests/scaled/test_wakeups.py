"""Wake-ups over a real Redis: one for however much there is, and none is needed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from hub.runtime.dispatch.broker import open_broker
from hub.runtime.dispatch.consumer import Consumer
from hub.runtime.dispatch.waker import Waker
from hub.runtime.dispatch.wakeups import Wakeup
from tests.runtime.hubs import until
from tests.scaled.hubs import QUEUES, looking
from tests.servers.redis import OwnRedis


@contextmanager
def waker_at(url: str) -> Iterator[Waker]:
    """A waker, closed at the end."""
    waker = Waker(open_broker(url, "test"))
    try:
        yield waker
    finally:
        waker.close()


async def test_a_thousand_messages_send_one_wakeup(redis_url: str) -> None:
    with looking(redis_url) as client:
        with waker_at(redis_url) as waker:
            for _ in range(1000):
                waker.wake(Wakeup.DRAIN)
            await until(lambda: client.llen(f"{QUEUES}drain"), "a wake-up is on its way")
            for _ in range(1000):
                waker.wake(Wakeup.DRAIN)
        assert client.llen(f"{QUEUES}drain") == 1
        assert client.llen(f"{QUEUES}deliver") == 0


async def test_what_is_stored_after_a_worker_began_to_look_sends_the_next_wakeup(redis_url: str) -> None:
    with looking(redis_url) as client, waker_at(redis_url) as waker:
        waker.wake(Wakeup.DRAIN)
        await until(lambda: client.llen(f"{QUEUES}drain") == 1, "a wake-up is on its way")
        waker.taken(Wakeup.DRAIN)
        waker.wake(Wakeup.DRAIN)
        await until(lambda: client.llen(f"{QUEUES}drain") == 2, "another is")


async def test_a_worker_is_woken_while_another_is_busy(redis_url: str) -> None:
    busy, free = threading.Event(), threading.Event()
    looked = threading.Semaphore(0)

    def work() -> None:
        looked.release()
        busy.set()
        free.wait(30)

    first, second = open_broker(redis_url, "test"), open_broker(redis_url, "test")
    with waker_at(redis_url) as waker:
        consumers = [Consumer(broker, waker, {Wakeup.DRAIN: work}, threads=1) for broker in (first, second)]
        consumers[0].start()
        waker.wake(Wakeup.DRAIN)
        await until(busy.is_set, "the first is busy")
        waker.wake(Wakeup.DRAIN)
        consumers[1].start()
        looked.acquire()
        await until(lambda: looked.acquire(blocking=False), "the second looks")
        free.set()
        for consumer in consumers:
            consumer.stop()


async def test_nobody_waits_for_a_broker_that_is_away_and_wakeups_go_on_when_it_is_back(own_redis: OwnRedis) -> None:
    with waker_at(own_redis.url) as waker:
        own_redis.stop()
        waker.wake(Wakeup.DRAIN)
        waker.taken(Wakeup.DRAIN)
        own_redis.start()
        with looking(own_redis.url) as client:

            def arrives() -> bool:
                waker.wake(Wakeup.DRAIN)
                return bool(client.llen(f"{QUEUES}drain"))

            await until(arrives, "a wake-up is on its way")
