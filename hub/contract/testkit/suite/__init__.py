"""The contract suite: what every connector must do, as pytest classes.

`contract_for("acme")` is the suite for one connector. It holds the tests that its manifest
calls for, and none that would have nothing to test: what the manifest says of directions is
itself tested against the code.
"""

from __future__ import annotations

from hub.contract.registry import find_connector
from hub.contract.testkit.case import case_of
from hub.contract.testkit.suite.base import ConnectorContract
from hub.contract.testkit.suite.described import DescribedContract
from hub.contract.testkit.suite.pulling import PullingContract
from hub.contract.testkit.suite.pushing import FindingContract, PushingContract, RepeatingContract
from hub.contract.testkit.suite.receiving import ReceivingContract, SigningContract
from hub.contract.testkit.suite.simulated import SimulatedContract

__all__ = ["ConnectorContract", "contract_for"]


def contract_for(type_name: str) -> type[ConnectorContract]:
    """The suite for the connector of a type, to be bound to a name that starts with `Test`.

    ConfigError if there is no such connector, or if it has no `contract.py`.
    """
    case = case_of(type_name)
    manifest = find_connector(type_name).manifest
    parts: list[type[ConnectorContract]] = [DescribedContract, SimulatedContract]
    directions = {"receive": ReceivingContract, "pull": PullingContract, "push": PushingContract}
    parts += [part for direction, part in directions.items() if direction in manifest.direction]
    qualities = {
        SigningContract: manifest.signature,
        RepeatingContract: manifest.idempotency,
        FindingContract: manifest.find,
    }
    parts += [part for part, quality in qualities.items() if quality.support == "yes"]
    return type(f"Test_{type_name}", tuple(parts), {"connector_type": type_name, "case_type": case})
