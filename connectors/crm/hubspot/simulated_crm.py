"""A HubSpot account in memory, for the simulator: records by unique properties, and associations.

Each change that a call or a user makes is told as HubSpot's events tell it. Refusals are `Refusal`,
with HubSpot's status and error object.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

PORTAL = 62515
OBJECTS = {"contacts": "contact", "deals": "deal", "orders": "order", "tickets": "ticket"}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Refusal(Exception):
    """An answer other than 2xx."""

    def __init__(self, status: int, category: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"status": "error", "message": message, "category": category, "correlationId": "c-1", **more}


@dataclass(slots=True)
class CrmRecord:
    """A record; `changes` counts what changed it, its creation included."""

    id: str
    properties: dict[str, str] = field(default_factory=dict)
    changes: int = 0


class Crm:
    """Records by object and key. `on_change` is told the events of each change."""

    def __init__(self, key_property: str, on_change: Callable[[list[Json]], None]) -> None:
        self.records: dict[str, dict[str, CrmRecord]] = {name: {} for name in OBJECTS}
        self.associations: set[tuple[str, str, str]] = set()
        """Object, record and contact."""
        self._key_property = key_property
        self._on_change = on_change
        self._numbers = 0
        self._events = 0

    def unique(self, name: str) -> str:
        """The property that records of an object are known by."""
        return "email" if name == "contacts" else self._key_property

    def upsert(self, name: str, content: Json, refused: int = 0) -> tuple[int, Json]:
        """A batch upsert: status and answer. The last `refused` inputs are said to be invalid."""
        if name not in self.records:
            raise Refusal(400, "VALIDATION_ERROR", f"Unable to infer object type from: {name}")
        inputs: list[Json] = content["inputs"]
        if len({one["id"].lower() for one in inputs}) < len(inputs):
            raise Refusal(400, "VALIDATION_ERROR", "Duplicate IDs found in batch input")
        for one in inputs:
            if one.get("idProperty") != self.unique(name):
                raise Refusal(400, "VALIDATION_ERROR", f"{one.get('idProperty')} is not a unique property of {name}")
        bad = [one for one in inputs if not self._is_valid(name, one)] or inputs[len(inputs) - refused :]
        results = [self._write(name, one["id"], one["properties"], "INTEGRATION") for one in inputs if one not in bad]
        answer: Json = {"status": "COMPLETE", "results": results}
        if bad:
            errors = [_input_error(one) for one in bad]
            return 207, {**answer, "numErrors": len(errors), "errors": errors}
        return 200, answer

    def associate(self, name: str, content: Json) -> Json:
        """Associate records with contacts; again changes nothing."""
        contacts = {record.id for record in self.records["contacts"].values()}
        ids = {record.id for record in self.records.get(name, {}).values()}
        for pair in content["inputs"]:
            record, contact = pair["from"]["id"], pair["to"]["id"]
            if record not in ids or contact not in contacts:
                raise Refusal(404, "OBJECT_NOT_FOUND", f"No association between {record} and {contact} can be made")
            self.associations.add((name, record, contact))
        return {"status": "COMPLETE", "results": content["inputs"]}

    def change(self, name: str, key: str, properties: Mapping[str, str]) -> Json:
        """What a user does in HubSpot; creates the record if it is not there."""
        return self._write(name, key, properties, "CRM_UI")

    def _is_valid(self, name: str, one: Json) -> bool:
        return name != "contacts" or bool(_EMAIL.fullmatch(one["id"]))

    def _write(self, name: str, key: str, properties: Mapping[str, str], source: str) -> Json:
        records, now = self.records[name], datetime.now(UTC)
        index = key.lower()
        is_new = index not in records
        if is_new:
            self._numbers += 1
            records[index] = CrmRecord(str(9_000_000_000_000_000_000 + self._numbers))
        record = records[index]
        changed = {name: value for name, value in properties.items() if record.properties.get(name) != value}
        record.properties.update(changed)
        if is_new or changed:
            record.changes += 1
            self._tell(OBJECTS[name], record.id, {} if is_new else changed, source, now)
        return {"id": record.id, "properties": dict(record.properties), "new": is_new, "updatedAt": now.isoformat()}

    def _tell(self, kind: str, record: str, changed: Mapping[str, str], source: str, at: datetime) -> None:
        """One event for a creation, or one for each property changed."""
        common = {"portalId": PORTAL, "appId": 1, "occurredAt": int(at.timestamp() * 1000), "changeSource": source}
        named = [{"propertyName": name, "propertyValue": value} for name, value in changed.items()]
        what = f"{kind}.propertyChange" if named else f"{kind}.creation"
        self._on_change(
            [
                {**common, "eventId": self._next_event(), "subscriptionId": 25, "subscriptionType": what}
                | {"objectId": int(record), "attemptNumber": 0, **one}
                for one in named or [{}]
            ]
        )

    def _next_event(self) -> int:
        self._events += 1
        return self._events


def _input_error(one: Json) -> Json:
    error: Json = {
        "status": "error",
        "category": "VALIDATION_ERROR",
        "message": "Property values were not valid",
        "errors": [{"message": f"{one['id']} is invalid", "code": "INVALID_VALUE", "in": one["idProperty"]}],
    }
    if "objectWriteTraceId" in one:
        error["context"] = {"objectWriteTraceId": [one["objectWriteTraceId"]]}
    return error
