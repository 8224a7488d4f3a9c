"""Simulators: a counterpart that behaves as the real one does, and misbehaves on request.

Each connector ships one, the one subclass of `Simulator` in its `simulator.py`. The sandbox runs
it in a process of its own and drives it by name: `act` does what the real system's users do,
`state` tells what it holds, `misbehave` makes its next answers wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class SandboxContext:
    """What the sandbox gives a simulator: where the hub takes webhooks, and room for files."""

    connection: str
    hub_url: str
    directory: Path


class Simulator:
    """Base of all simulators. They listen on loopback, at ports the system chooses."""

    def __init__(self, context: SandboxContext, settings: Mapping[str, Any]) -> None:
        self.context = context
        self.settings = settings

    async def start(self) -> Mapping[str, str]:
        """Begin to listen; returns what a connection needs to reach it (url, port, secret …)."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Stop listening."""

    async def act(self, action: str, arguments: Mapping[str, Any]) -> Any:
        """Do what a user of the real system does; returns a JSON-able result.

        An unknown action is a ValueError that lists the known ones.
        """
        raise NotImplementedError

    def state(self) -> Any:
        """Everything it holds and every effect it counted, JSON-able."""
        raise NotImplementedError

    def misbehave(self, fault: str, times: int) -> None:
        """Let the next `times` answers fail as `fault` says; an unknown one is a ValueError."""
        raise NotImplementedError
