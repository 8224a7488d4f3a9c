"""What the simulated partner has received: facts by type and number, groups yet to be answered, requests to ship."""

from __future__ import annotations

from typing import Any

from connectors.edi.x12.simulator_facts import FACTS, KEYS
from connectors.edi.x12.simulator_sets import Requested
from connectors.edi.x12.simulator_text import SetRead

_CANCELLATION = "F"
"""W0501 of a 940 that takes a request back."""

_ACKNOWLEDGEMENTS = {"997", "TA1"}
"""What is never acknowledged itself."""


class Book:
    """Facts, groups and requests."""

    def __init__(self) -> None:
        self._facts: dict[str, dict[str, list[dict[str, Any]]]] = {kind: {} for kind in FACTS}
        self._other: list[dict[str, str]] = []
        self._groups: dict[tuple[str, str], list[SetRead]] = {}
        self._requests: dict[str, Requested] = {}
        self._shipments = 0

    def enter(self, one: SetRead) -> None:
        """Note what a set says."""
        if one.type not in FACTS:
            self._other.append({"type": one.type, "interchange": one.interchange})
        for fact in FACTS[one.type](one) if one.type in FACTS else []:
            found = self._facts[one.type].setdefault(fact[KEYS[one.type]], [])
            found.append({**fact, "interchange": one.interchange, "group_number": one.group})
            if one.type == "940":
                self._request(fact)
        if one.type not in _ACKNOWLEDGEMENTS:
            self._groups.setdefault((one.interchange, one.group), []).append(one)

    def unanswered(self, kind: str | None) -> list[list[SetRead]]:
        """The sets of each group that got no 997 yet, of one type if it is given; they count as answered now."""
        wanted = [key for key, sets in self._groups.items() if kind in (None, sets[0].type)]
        return [self._groups.pop(key) for key in wanted]

    def open_requests(self, number: str | None) -> list[Requested]:
        """The requests that are neither shipped nor cancelled: that one, or all."""
        found = self._requests.values() if number is None else [*filter(None, [self._requests.get(number)])]
        return [request for request in found if not request.shipped and not request.cancelled]

    def requests(self) -> str:
        """The numbers of all requests, for people."""
        return ", ".join(self._requests) or "none"

    def shipment_number(self) -> int:
        """The next running number of a shipment."""
        self._shipments += 1
        return self._shipments

    def state(self) -> dict[str, Any]:
        """Facts by type and by PO, request or group number; the 997s and TA1s apart."""
        facts = {
            kind: {key: [dict(fact) for fact in found] for key, found in of.items()} for kind, of in self._facts.items()
        }
        return {
            "acknowledgements": facts.pop("997"),
            "interchange_acknowledgements": facts.pop("TA1"),
            "received": facts,
            "other": [dict(one) for one in self._other],
        }

    def _request(self, fact: dict[str, Any]) -> None:
        request = Requested(fact["number"], fact["po"], fact["lines"])
        request.cancelled = fact["action"] == _CANCELLATION
        self._requests[request.number] = request
