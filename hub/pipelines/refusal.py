"""Turns what a canonical document's model refuses into the errors of the mapping that made it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hub.contract.values import fixed
from hub.mapping import FieldError, Mapping, MappingFailed

_MOST: Final = 100
"""Errors that are reported; a document may have thousands of wrong lines."""
_SHOWN: Final = 200


def refusal(mapping: Mapping, error: ValidationError) -> MappingFailed:
    """The failure that names every refused field, each at the place in the mapping that made it."""
    details = error.errors(include_url=False, include_context=True)[:_MOST]
    return MappingFailed(mapping.name, [_field_error(mapping, one) for one in details])


def _field_error(mapping: Mapping, details: ErrorDetails) -> FieldError:
    path = details["loc"]
    message, fix = _in_words(mapping.target_type, details)
    value = None if details["type"] == "missing" else _shown(details["input"])
    return FieldError(_name(path), mapping.locate(path), "", message, value=value, fix=fix)


def _in_words(kind: str, details: ErrorDetails) -> tuple[str, str]:
    """What is wrong, and what would help."""
    if details["type"] == "missing":
        return f"every {kind} has {_name(details['loc'])}", "add it to the mapping"
    if details["type"] == "extra_forbidden":
        return f"no {kind} has {_name(details['loc'])}", "put what a partner adds under extensions"
    if details["type"] in ("value_error", "assertion_error"):
        return str(details.get("ctx", {}).get("error", details["msg"])), ""
    message = details["msg"][:1].lower() + details["msg"][1:]
    return f"{message}, and this is {_shown(details['input']) or 'empty'}", ""


def _name(path: tuple[int | str, ...]) -> str:
    """`lines[2].sku`, as the errors of a mapping write it."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".") or "the document"


def _shown(value: Any) -> str:
    """A value as text, cut; a structure by its kind only."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else f"a list of {len(value)}"
    if isinstance(value, date):
        return value.isoformat()
    text = fixed(value) if isinstance(value, Decimal) else "" if value is None else str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
