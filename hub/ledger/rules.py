"""What the ledger is told of the configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hub.ledger.policy import Policy
from hub.pipelines import Route


@dataclass(frozen=True, slots=True)
class Rules:
    """The system of each connection, what the ledger makes, and where documents of a kind go."""

    systems: Mapping[str, str]
    policy: Policy
    routes_of: Callable[[str], Sequence[Route]]

    def system_of(self, connection: str) -> str:
        """The system of a connection; its own name if it is not configured any more."""
        return self.systems.get(connection, connection)
