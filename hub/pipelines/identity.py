"""Identity: which subject a message is about, and which revision, read before any mapping.

What fails to map still has its lane, because these expressions see the decoded tree only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from hub.contract.connector import References
from hub.contract.documents import Intent
from hub.contract.errors import RejectedMessage
from hub.contract.values import fixed
from hub.pipelines.formula import Formula

MAX_NUMBER: Final = 80
"""Characters of a business number, as in canonical documents."""
MAX_VERSION: Final = 200


class NotIdentified(RejectedMessage):
    """A message does not say what it is about, or not in a usable way."""

    code = "not_identified"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a message is about.

    The subject is the one of kind `subject_kind` whose number of kind `reference_kind` in
    `system` is `value`. `version` is the object's version at the source, "" where it has
    none; times in it are written in UTC with microseconds, so that they sort as text.
    `references` are more numbers of it, kind to value, in the connection's own system.
    """

    subject_kind: str
    system: str
    reference_kind: str
    value: str
    version: str
    intent: Intent
    references: References = field(default_factory=dict)
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class IdentityRule:
    """The compiled `subject`, `references` and `occurred_at` of a pipeline."""

    pipeline: str
    subject_kind: str
    system: str
    reference_kind: str
    value: Formula
    version: Formula | None
    intent: Intent
    references: tuple[tuple[str, Formula], ...]
    occurred_at: Formula | None

    def read(self, variables: Mapping[str, Any]) -> Identity:
        """The identity of what `variables["source"]` holds; raises NotIdentified."""
        return Identity(
            self.subject_kind,
            self.system,
            self.reference_kind,
            self._value(variables),
            self._version(variables),
            self.intent,
            read_references(self.references, variables),
            self._moment(variables),
        )

    def _value(self, variables: Mapping[str, Any]) -> str:
        text = number_of(self.value, variables)
        if text is None:
            message = (
                f"The pipeline {self.pipeline!r} cannot tell which {self.subject_kind} this is: "
                f"the expression {self.value.text!r} found nothing."
            )
            raise NotIdentified(message, **self.value.where)
        return text

    def _version(self, variables: Mapping[str, Any]) -> str:
        if self.version is None:
            return ""
        text = number_of(self.version, variables, limit=MAX_VERSION)
        if text is None:
            message = (
                f"The pipeline {self.pipeline!r} cannot tell which revision of the {self.subject_kind} this is: "
                f"the expression {self.version.text!r} found nothing."
            )
            raise NotIdentified(message, **self.version.where)
        return text

    def _moment(self, variables: Mapping[str, Any]) -> datetime | None:
        if self.occurred_at is None:
            return None
        value = self.occurred_at.evaluate(variables)
        if value is None:
            return None
        if not isinstance(value, datetime) or value.tzinfo is None:
            message = (
                f"{self.occurred_at.text!r} gives {value!r}, which is no time with a zone; "
                "end the expression with | datetime."
            )
            raise NotIdentified(message, value=str(value), **self.occurred_at.where)
        return value


def read_references(references: tuple[tuple[str, Formula], ...], variables: Mapping[str, Any]) -> References:
    """The numbers that are there, kind to value, or to several of a list; those that are missing are left out."""
    found: dict[str, str | tuple[str, ...]] = {}
    for kind, formula in references:
        value = formula.evaluate(variables)
        if isinstance(value, list):
            texts = (_number(formula, item, MAX_NUMBER) for item in value)
            found[kind] = tuple(text for text in texts if text is not None)
        elif (text := _number(formula, value, MAX_NUMBER)) is not None:
            found[kind] = text
    return found


def number_of(formula: Formula, variables: Mapping[str, Any], *, limit: int = MAX_NUMBER) -> str | None:
    """What a formula gives as a business number; None if nothing or blank; NotIdentified if it is none."""
    return _number(formula, formula.evaluate(variables), limit)


def _number(formula: Formula, value: Any, limit: int) -> str | None:
    text = value.strip() if isinstance(value, str) else _as_text(value)
    if text is None:
        message = f"{formula.text!r} gives {_shown(value)}, which is no number or text to name something by."
        raise NotIdentified(message, **formula.where)
    if len(text) > limit:
        message = f"{formula.text!r} gives a text of {len(text)} characters; at most {limit} are taken."
        raise NotIdentified(message, value=text[:limit], **formula.where)
    return text or None


def _as_text(value: Any) -> str | None:
    """The text of a value; "" for nothing, None for what cannot name anything."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return fixed(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if value.tzinfo else None
    return value.isoformat() if isinstance(value, date) else None


def _shown(value: Any) -> str:
    names = {bool: "a truth value", dict: "an object", list: "a list", datetime: "a time without a zone"}
    return names.get(type(value), f"a {type(value).__name__}")
