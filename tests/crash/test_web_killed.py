"""The web process killed between a webhook's commit and its answer: acknowledged means stored, once."""

from __future__ import annotations

import asyncio

from hub.store import tables
from tests.crash.proofs import prove_once, prove_untangled, restart_worker
from tests.runtime.hubs import local_hub, rows
from tests.runtime.processes import killed, processes
from tests.runtime.sinks import Sink
from tests.runtime.webhooks import post, webhook
from tests.runtime.workspaces import http_target, shop_to_targets


async def test_killed_after_the_commit_before_the_answer(database_url: str) -> None:
    async with Sink() as sink:
        files = shop_to_targets({"plain": http_target("plain", sink.url("plain"))})
        with local_hub(database_url, files) as hub, processes(database_url) as started:
            web, port = await started.web("webhook stored, not answered")
            try:
                await post(port, webhook(1).request())
            except (ConnectionError, asyncio.IncompleteReadError):
                pass  # the shop got no answer, so it sends it again
            else:
                raise AssertionError("a dead process answered")
            await killed(web)
            _, port = await started.web()
            status, _ = await post(port, webhook(1).request())
            assert status == 200
            assert len(rows(hub.store, tables.message)) == 1
            await restart_worker(hub.store, started, 1)
            assert prove_once(hub.store, sink, "plain") == 0
            prove_untangled(hub.store)


async def test_killed_right_after_the_answer(database_url: str) -> None:
    async with Sink() as sink:
        files = shop_to_targets({"plain": http_target("plain", sink.url("plain"))})
        with local_hub(database_url, files) as hub, processes(database_url) as started:
            web, port = await started.web()
            answers = await asyncio.gather(*(post(port, webhook(number).request()) for number in range(20)))
            web.kill()
            await killed(web)
            assert [status for status, _ in answers] == [200] * 20
            await restart_worker(hub.store, started, 20)
            assert prove_once(hub.store, sink, "plain") == 0
            assert sorted(said["order"][-2:] for said in sink.said("plain")) == [f"{n:02d}" for n in range(20)]
