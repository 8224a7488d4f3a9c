"""Runs the real processes of a hub; a web or worker process kills itself by SIGKILL at one step.

    python crashing.py DATABASE_URL worker POINT
    python crashing.py DATABASE_URL web POINT PORT
    python crashing.py DATABASE_URL hub ""

POINT is a key of POINTS, or empty for a process that lives. The step's function is wrapped from
outside: the product knows nothing of it. The process also ends when its standard input does.
"""

from __future__ import annotations

import importlib
import inspect
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hub.runtime.supervisor import supervise
from hub.runtime.web import listen, run_web
from hub.runtime.worker import run_worker
from hub.store import Store
from hub.workspace import Workspace
from hub.workspace.versions import load_active


@dataclass(frozen=True)
class Point:
    """A step: the function (`module:Class.name`) before or after which the process dies.

    `counts` tells by arguments and result (None before) whether this call is the one.
    """

    function: str
    before: bool = False
    counts: Callable[[tuple[Any, ...], Any], bool] = lambda _arguments, _result: True


def _found(_: tuple[Any, ...], result: Any) -> bool:
    return bool(result)


POINTS = {
    "webhook stored, not answered": Point("hub.runtime.intake:Intake._commit"),
    "messages claimed": Point("hub.runtime.drain:Drain._claim", counts=_found),
    "documents applied, not committed": Point("hub.ledger.apply:Application.apply"),
    "drain committed": Point("hub.runtime.drain:Drain._drain_small"),
    "deliveries claimed": Point("hub.runtime.exchange:Exchange._settle_and_claim", counts=_found),
    "transmissions frozen, not sent": Point("hub.runtime.exchange:Exchange._freeze", counts=_found),
    "answered, not settled": Point("hub.runtime.delivery:send"),
    "settled, not committed": Point(
        "hub.runtime.settlement:Settlement.write", counts=lambda arguments, _: bool(arguments[0]._states)
    ),
    "settlement committed": Point(
        "hub.runtime.exchange:Exchange._settle_and_claim", counts=lambda arguments, _: bool(arguments[1])
    ),
    "file not written": Point("connectors.transports._file_publish:_write", before=True),
    "file written, not noted": Point("connectors.transports._file_publish:_write"),
    "file noted, not renamed": Point("connectors.transports._file_publish:_give_name", before=True),
    "file renamed, not settled": Point("connectors.transports._file_publish:_give_name"),
    "files taken, not stored": Point(
        "hub.runtime.pages:PageStore.store", before=True, counts=lambda arguments, _: bool(arguments[1].items)
    ),
    "a large file's first part staged": Point("hub.runtime.pages:PageStore._write_stage"),
    "files stored, not moved": Point("hub.runtime.pages:PageStore.store", counts=_found),
    "files moved": Point("connectors.transports.files:FileInbox.ack"),
}


def install(point: Point) -> None:
    """Let the process die at a point."""
    module, _, path = point.function.partition(":")
    *owners, name = path.split(".")
    owner: Any = importlib.import_module(module)
    for part in owners:
        owner = getattr(owner, part)
    original = getattr(owner, name)
    wrap = _wrapped_coroutine if inspect.iscoroutinefunction(original) else _wrapped
    setattr(owner, name, wrap(original, point))


def _wrapped(original: Callable[..., Any], point: Point) -> Callable[..., Any]:
    def stand_in(*arguments: Any, **named: Any) -> Any:
        _die(point, True, arguments, None)
        result = original(*arguments, **named)
        _die(point, False, arguments, result)
        return result

    return stand_in


def _wrapped_coroutine(original: Callable[..., Any], point: Point) -> Callable[..., Any]:
    async def stand_in(*arguments: Any, **named: Any) -> Any:
        _die(point, True, arguments, None)
        result = await original(*arguments, **named)
        _die(point, False, arguments, result)
        return result

    return stand_in


def _die(point: Point, before: bool, arguments: tuple[Any, ...], result: Any) -> None:
    if point.before is before and point.counts(arguments, result):
        os.kill(os.getpid(), signal.SIGKILL)


def _end_with_standard_input() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)


def _workspace(database_url: str) -> Workspace:
    store = Store(database_url)
    with store.read() as connection:
        workspace = load_active(connection)
    store.close()
    return workspace


def main(database_url: str, role: str, point: str, *more: str) -> None:
    """Run until SIGTERM, or until the point."""
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    if point:
        install(POINTS[point])
    if role == "web":
        run_web(database_url, listen("127.0.0.1", int(more[0])))
    elif role == "hub":
        supervise(_workspace(database_url), database_url, actor="test")
    else:
        run_worker(database_url)


if __name__ == "__main__":
    main(*sys.argv[1:])
