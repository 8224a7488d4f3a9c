"""What the contract suite cannot know about a connector: its `contract.py`.

Beside a connector's `connector.py` and `simulator.py` lies `contract.py`, which defines one
subclass of `ConnectorCase`. The suite makes a new instance of it for each test, against a new
simulator, so that a hook may keep on `self` what a later one needs.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, ClassVar, TypeGuard

from hub.contract.connector import Outbound, Request
from hub.contract.errors import ConfigError
from hub.contract.registry import find_connector
from hub.contract.simulator import Simulator


class ConnectorCase:
    """The hooks. `config` is always needed; of the others those of the connector's directions.

    Class variables: `actions` and `faults` are the names its simulator knows; `settings` what
    the simulator is started with.
    """

    settings: ClassVar[Mapping[str, Any]] = {}
    actions: ClassVar[frozenset[str]]
    faults: ClassVar[frozenset[str]]

    def config(self, endpoint: Mapping[str, str]) -> dict[str, Any]:
        """The connector's keys of a connection that reaches the simulator, as in YAML.

        `endpoint` is what the simulator's `start` returned. Keep timeouts short.
        """
        raise NotImplementedError

    async def prepare(self, simulator: Simulator) -> None:
        """Bring the simulator to where `outbound` can succeed; called before a push."""

    async def recover(self, simulator: Simulator, fault: str) -> None:
        """End a fault that lasts longer than the answers it was asked for; most end by themselves."""

    def outbound(self) -> Outbound:
        """A transmission that the prepared simulator accepts (direction "push")."""
        raise NotImplementedError

    def effects(self, state: Any) -> int:
        """How often that transmission took effect, read from the simulator's `state()`."""
        raise NotImplementedError

    def signed_request(self, endpoint: Mapping[str, str]) -> Request:
        """A webhook as the counterpart sends it, rightly signed (direction "receive")."""
        raise NotImplementedError

    async def offer(self, simulator: Simulator) -> None:
        """Let the counterpart have something to be pulled (direction "pull")."""
        raise NotImplementedError


def case_of(type_name: str) -> type[ConnectorCase]:
    """The case in a connector's `contract.py`; ConfigError if there is none."""
    module = find_connector(type_name).__module__.rpartition(".")[0] + ".contract"
    try:
        loaded = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise ConfigError(
            f"The connector {type_name!r} has no {module}; define its ConnectorCase there.", value=type_name
        ) from None
    found = [value for value in vars(loaded).values() if _is_case(value, module)]
    if len(found) != 1:
        raise ConfigError(f"{module} must define exactly one ConnectorCase, not {len(found)}.", value=type_name)
    return found[0]


def _is_case(value: object, module: str) -> TypeGuard[type[ConnectorCase]]:
    return isinstance(value, type) and issubclass(value, ConnectorCase) and value.__module__ == module
