"""The stages of `order_job` alone, in one process: CPU-milliseconds an order, by stage."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import Any

from order_job_load import CONNECTIONS, SECRET, Load
from order_job_run import WORKSPACE

from hub.contract.clock import SystemClock
from hub.contract.connector import Receipt, Request
from hub.runtime.connections import Connectors
from hub.runtime.drain import Drain
from hub.runtime.exchange import Exchange
from hub.runtime.intake import Intake
from hub.runtime.outcomes import AttemptOutcome, Outcome
from hub.store import Store
from hub.store.schema import migrate
from hub.telemetry.logs import configure_logs
from hub.workspace import Workspace, load, read_directory, standard_library
from hub.workspace.versions import Purpose, activate, keep

ROUND = 100


def stages(database: str, orders: Load, count: int) -> dict[str, float]:
    """CPU-milliseconds an order of: receive, store, drain (claim, map, write), deliver without sending."""
    os.environ.update(
        {
            "BENCH_DATABASE": database,
            "BENCH_LISTEN": "127.0.0.1:1",
            "BENCH_SINK": "http://127.0.0.1:1",
            "BENCH_SECRET": SECRET,
        }
    )
    configure_logs("warning", "text")
    store = Store(database)
    workspace = _workspace(store)
    spent: dict[str, float] = {}

    def timed(stage: str, work: Callable[[], Any]) -> Any:
        begun = time.process_time()
        result = work()
        spent[stage] = spent.get(stage, 0.0) + time.process_time() - begun
        return result

    requests = [_as_request(body, number) for number, body in enumerate(orders.bodies[:count])]
    connector = Connectors(workspace, store, SystemClock()).make("shop")
    receptions = timed("receive", lambda: [connector.receive(request) for request in requests])
    timed("store", lambda: asyncio.run(_store(store, receptions)))
    drain = Drain(store, workspace, SystemClock(), "bench")
    while timed("drain", drain.run_once):
        pass
    _deliver(Exchange(store, workspace, SystemClock(), "bench"), timed)
    store.close()
    figures = {f"stage_{name}_cpu_ms": round(seconds / count * 1000, 3) for name, seconds in spent.items()}
    for name, value in figures.items():
        print(f"{name:45} {value:>12,.3f}")
    return figures


def _workspace(store: Store) -> Workspace:
    migrate(store)
    loaded = load(read_directory(WORKSPACE), library=standard_library())
    loaded.problems.raise_if_errors()
    assert loaded.workspace is not None
    with store.write() as connection:
        keep(connection, loaded.workspace, actor="bench", at=0)
        activate(connection, loaded.workspace.version, purpose=Purpose.RUN, actor="bench", at=0)
    return loaded.workspace


async def _store(store: Store, receptions: list[Any]) -> None:
    intake = Intake(store, SystemClock())
    for start in range(0, len(receptions), CONNECTIONS):
        group = receptions[start : start + CONNECTIONS]
        await asyncio.gather(*(intake.accept("shop", reception.items) for reception in group))
    await intake.close()


def _deliver(exchange: Exchange, timed: Callable[[str, Callable[[], Any]], Any]) -> None:
    outcomes: list[Outcome] = []
    while True:
        frozen = timed("exchange", lambda: exchange.cycle(outcomes, {"sink": ROUND}))  # noqa: B023 - called at once
        outcomes = [Outcome(one, AttemptOutcome.DELIVERED, Receipt()) for one in frozen]
        if not frozen:
            return


def _as_request(body: bytes, number: int) -> Request:
    head, _, _ = Load.signed(number, body).partition(b"\r\n\r\n")
    lines = [line.split(": ", 1) for line in head.decode().split("\r\n")[1:]]
    return Request("POST", "/in/shop", {}, dict(lines), body)
