"""What is written to HubSpot, and what its answers mean.

Sources: developers.hubspot.com/docs/api-reference/crm-contacts-v3 (batch upsert),
developers.hubspot.com/docs/api-reference/crm-associations-v4 (default associations) and
developers.hubspot.com/docs/api-reference/error-handling (errors, 207, 423, 429, 477).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

import jiter
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from hub.contract.errors import InDoubt, RejectedMessage, TransientError
from hub.contract.payload import read_payload
from hub.contract.values import fixed

OBJECTS: Mapping[str, str] = {
    "hubspot.contact": "contacts",
    "hubspot.deal": "deals",
    "hubspot.order": "orders",
    "hubspot.ticket": "tickets",
}
"""Payload types and the objects they are written as."""

MAX_CONTACTS = 100
"""Records in one batch."""

_LONGEST_TEXT = 500
_LONGEST_WAIT = 86_400.0
_WAITS = {"DAILY": 3600.0}
_DEFAULT_WAIT = 10.0
"""Seconds until a limit of HubSpot's is tried again: its shorter ones count over ten seconds."""


def _property(value: Any) -> str:
    """Properties travel as text, several values with semicolons between them; null clears one."""
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ";".join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return fixed(value)
    if isinstance(value, str | int):
        return str(value)
    raise ValueError(f"a property is a text, several texts, a number, true, false or null, not {type(value).__name__}")


Properties = dict[str, Annotated[str, BeforeValidator(_property)]]
Key = Annotated[str, Field(min_length=1, max_length=255, pattern=r"\S")]


class Contact(BaseModel):
    """A `hubspot.contact`: a person, known by an email address."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    email: Key
    properties: Properties = Field(default_factory=dict)


class Record(BaseModel):
    """A `hubspot.deal`, `hubspot.order` or `hubspot.ticket`.

    `key` is the value of the unique property by which the record is known; `contacts` are
    written first and associated with it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Key
    properties: Properties = Field(default_factory=dict)
    contacts: list[Contact] = Field(default_factory=list, max_length=MAX_CONTACTS)


PAYLOADS: Mapping[str, type[BaseModel]] = {**dict.fromkeys(OBJECTS, Record), "hubspot.contact": Contact}
"""The models of the payload types."""


@dataclass(frozen=True, slots=True)
class Written:
    """A record as HubSpot has it now."""

    id: str
    is_new: bool


class _Result(BaseModel):
    id: str = Field(min_length=1)
    new: bool = False


class _Answer(BaseModel):
    results: list[_Result] = Field(default_factory=list)
    errors: list[dict[str, Any]] = Field(default_factory=list)


def read_contact(tree: Any) -> Contact:
    """The contact in a transmission's body, decoded; RejectedMessage naming each wrong field."""
    return read_payload(Contact, tree, "hubspot.contact")


def read_record(tree: Any, type_name: str) -> Record:
    """The record in a transmission's body, decoded; RejectedMessage naming each wrong field."""
    record = read_payload(Record, tree, type_name)
    emails = [contact.email.lower() for contact in record.contacts]
    if len(set(emails)) < len(emails):
        raise RejectedMessage("A contact is given twice; HubSpot refuses that.", field="contacts")
    return record


def upsert(id_property: str, records: Sequence[tuple[str, Mapping[str, str]]]) -> dict[str, Any]:
    """The request that creates or updates records by a unique property: key and properties of each.

    With a trace id for each, HubSpot takes the good ones and names the others in an answer 207.
    """
    return {
        "inputs": [
            {
                "idProperty": id_property,
                "id": key,
                "objectWriteTraceId": str(number),
                "properties": {**properties, id_property: key},
            }
            for number, (key, properties) in enumerate(records)
        ]
    }


def read_written(body: bytes, keys: Sequence[str], what: str) -> list[Written]:
    """The records of an answer to `upsert`, in any order.

    RejectedMessage naming by its key each that was refused; InDoubt where some are missing.
    """
    answer = _read_answer(body, what)
    if answer.errors:
        said = "; ".join(f"{_culprit(error, keys)}: {_spoken(error)}" for error in answer.errors)
        raise RejectedMessage(f"HubSpot refused {what}: {said}", refused=len(answer.errors))
    if len(answer.results) < len(keys):
        raise InDoubt(f"HubSpot's answer to {what} holds {len(answer.results)} of {len(keys)} records.")
    return [Written(result.id, result.new) for result in answer.results]


def read_associated(body: bytes, what: str) -> None:
    """InDoubt where an association was not made: the records themselves are there."""
    try:
        errors = jiter.from_json(body).get("errors") or []
    except (ValueError, AttributeError):
        raise _unreadable(body, what) from None
    if not isinstance(errors, list):
        raise _unreadable(body, what)
    if errors:
        raise InDoubt(f"HubSpot refused {what}: {'; '.join(_spoken(error) for error in errors)}")


def refusal(status: int, body: bytes, what: str) -> RejectedMessage:
    """What an answer 4xx means, in HubSpot's own words."""
    try:
        error = jiter.from_json(body)
    except ValueError:
        error = None
    if not isinstance(error, dict):
        error = {"message": body[:_LONGEST_TEXT].decode(errors="replace")}
    category = _text(error.get("category")) or str(status)
    return RejectedMessage(f"HubSpot refused {what}: {category}: {_spoken(error)}", status=status, category=category)


def limited(status: int, body: bytes, retry_after: str | None) -> TransientError:
    """The error of 423 (locked), 429 (a limit) and 477 (the account is moved)."""
    try:
        error = jiter.from_json(body)
        policy, message = _text(error.get("policyName")), _text(error.get("message"))
    except (ValueError, AttributeError):
        policy, message = "", ""
    wait = _seconds(retry_after) or _WAITS.get(policy, _DEFAULT_WAIT)
    said = message or "try again later"
    return TransientError(f"HubSpot did nothing, status {status}: {said}", retry_after=wait, policy=policy)


def _seconds(text: str | None) -> float | None:
    try:
        seconds = float(text or "")
    except ValueError:
        return None
    return min(seconds, _LONGEST_WAIT) if math.isfinite(seconds) and seconds > 0 else None


def _read_answer(body: bytes, what: str) -> _Answer:
    try:
        return _Answer.model_validate(jiter.from_json(body))
    except ValueError:
        raise _unreadable(body, what) from None


def _unreadable(body: bytes, what: str) -> InDoubt:
    detail = body[:_LONGEST_TEXT].decode(errors="replace")
    return InDoubt(f"HubSpot's answer to {what} could not be read.", detail=detail)


def _culprit(error: Mapping[str, Any], keys: Sequence[str]) -> str:
    """The key of the record that an error of a 207 is about, by its trace id."""
    context = error.get("context")
    traces = context.get("objectWriteTraceId") if isinstance(context, dict) else None
    numbers = [int(trace) for trace in traces or () if isinstance(trace, str) and trace.isdecimal()]
    return ", ".join(keys[number] for number in numbers if number < len(keys)) or "a record"


def _spoken(error: Any) -> str:
    """Message and inner messages of an error object, all of whose fields are optional."""
    if not isinstance(error, dict):
        return _text(error)
    return "; ".join(dict.fromkeys(filter(None, _messages(error)))) or "no reason given"


def _messages(error: Mapping[str, Any]) -> Iterator[str]:
    yield _text(error.get("message"))
    inner = error.get("errors")
    for one in inner if isinstance(inner, list) else []:
        if isinstance(one, dict):
            place = _text(one.get("in")) or _text(one.get("code"))
            yield ": ".join(filter(None, (place, _text(one.get("message")))))


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else "" if value is None else str(value)
    return "".join(c if c.isprintable() else " " for c in text)[:_LONGEST_TEXT].strip()
