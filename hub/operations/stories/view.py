"""What a story looks at in the hub: the same operations that people use, as plain JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from hub.contract.clock import SystemClock
from hub.operations import messages
from hub.operations.errors import NotFound
from hub.operations.failures import listing as failures
from hub.operations.orders import views as orders
from hub.store import Store

Command = Callable[[Path, Mapping[str, str], list[str]], Awaitable[str]]
"""Runs a command line in a workspace, with these environment variables; what it printed."""


class StoryView:
    """A hub as a story sees it. `order` has its systems and lines by name, so that paths can name them."""

    def __init__(self, root: Path, environment: Mapping[str, str], command: Command) -> None:
        self._root = root
        self._environment = environment
        self._command = command
        self._store = Store(environment["CROSSDOCK_DATABASE"])

    async def order(self, number: str) -> dict[str, Any] | None:
        """An order by a number, or None."""
        return await asyncio.to_thread(self._order, number)

    async def failures(self) -> list[dict[str, Any]]:
        """What waits for a person."""
        return await asyncio.to_thread(lambda: to_jsonable_python(failures.list_failures(self._store)))

    async def messages(self, **filters: str) -> list[dict[str, Any]]:
        """What arrived; filters are those of `messages list`."""
        return await asyncio.to_thread(self._messages, filters)

    async def command(self, words: list[str]) -> str:
        """Run a command line of the story."""
        return await self._command(self._root, self._environment, words)

    def numbers(self) -> list[str]:
        """The numbers of all orders, oldest first."""
        return [line.number for line in reversed(orders.list_orders(self._store))]

    def close(self) -> None:
        """Give the database back."""
        self._store.close()

    def _order(self, number: str) -> dict[str, Any] | None:
        view = order_view(self._store, number, now=SystemClock().now())
        shown: dict[str, Any] | None = to_jsonable_python(view)
        return shown

    def _messages(self, filters: dict[str, str]) -> list[dict[str, Any]]:
        which = messages.MessageFilter(
            connection=filters.get("connection"), state=filters.get("state"), find=filters.get("find")
        )
        page = messages.list_messages(self._store, which, limit=messages.MOST)
        found: list[dict[str, Any]] = to_jsonable_python(page.messages)
        return found


def order_view(store: Store, number: str, *, now: int) -> dict[str, Any] | None:
    """An order as `crossdock orders show` has it, its systems by name, or None; `now` in microseconds.

    `waiting` counts its deliveries that are planned and not sent.
    """
    try:
        subject = orders.find_orders(store, number)[0]
    except NotFound:
        return None
    view = asdict(orders.show_order(store, subject, now=now))
    view["systems"] = {row["system"]: row for row in view["systems"]}
    view["waiting"] = sum(1 for one in view["deliveries"] if one["state"] == "planned")
    return view
