"""Wake-ups: one message says that there may be work, however much there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Protocol


class Wakeup(StrEnum):
    """What there may be to do; the name of the queue and the actor, too."""

    DRAIN = "drain"
    DELIVER = "deliver"


Actions = Mapping[Wakeup, Callable[[], object]]
"""What is done for each wake-up."""


class Wakes(Protocol):
    """A process's way to tell workers of work, and to be told."""

    def wake(self, wakeup: Wakeup) -> None:
        """There may be work; never waits and never fails."""
        ...

    def listen(self, actions: Actions, threads: int) -> None:
        """Act on wake-ups from now on, with so many drains at once, in threads of their own."""
        ...

    def close(self) -> None:
        """Take and send no more. What is under way must have ended."""
        ...


class Unheard:
    """Where there is no broker: workers look at the database by themselves."""

    def wake(self, wakeup: Wakeup) -> None:
        """Nobody listens."""

    def listen(self, actions: Actions, threads: int) -> None:
        """Nobody speaks."""

    def close(self) -> None:
        """Nothing is open."""


def open_wakes(broker: str | None, environment: str) -> Wakes:
    """The way over a broker, given by its URL, or none."""
    if broker is None:
        return Unheard()
    from hub.runtime.dispatch.link import Link  # noqa: PLC0415 - the broker's libraries, only where there is one

    return Link(broker, environment)
