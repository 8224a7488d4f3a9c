"""Says of an error in a field what happened, where, with which value, and what would help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.contract.registry import nearest
from hub.mapping.errors import ConditionUnmet, CrosswalkMissing, FieldError, Missing, ValueRefused
from hub.mapping.plan import Source
from hub.mapping.values import read, shown


@dataclass(frozen=True, slots=True)
class Read:
    """A path in the input, and what was found there (None if nothing)."""

    path: str
    value: Any


def describe(error: Exception, source: Source, path: str, cause: Read | None, hint: str) -> FieldError:
    """What happened, for a person. `cause` is the read that led to it, `hint` the name of a similar key."""
    message, fix, crosswalk = str(error), hint, None
    value = cause.value if cause else getattr(error, "value", None)
    if isinstance(error, Missing):
        message = f"{cause.path} found nothing" if cause else "the expression yields nothing"
        fix = hint or "correct it, or write {$value: …, $optional: true} or $default"
    elif isinstance(error, CrosswalkMissing):
        message = f"the crosswalk {error.table!r} has no entry for {error.value!r}"
        fix = f"add it with `crossdock crosswalk add {error.table} {error.value} CODE`, then replay"
        crosswalk, value = error.table, error.value
    elif not isinstance(error, ValueRefused):
        message = f"{source.text!r} cannot work with these values ({error})"
    elif cause and not isinstance(error, ConditionUnmet):
        message = f"{cause.path}: {message}"
    return FieldError(
        field=path or "the output",
        location=source.location,
        expression=source.text,
        message=message,
        source=cause.path if cause else "",
        value=_value_text(value),
        fix=fix,
        crosswalk=crosswalk,
    )


def cause_of(error: Exception, reads: list[Read]) -> Read | None:
    """The read that an error is about: for a missing value the last that found nothing."""
    if isinstance(error, Missing):
        return next((found for found in reversed(reads) if found.value is None), None)
    wanted = getattr(error, "value", None)
    exact = (found for found in reversed(reads) if wanted is not None and found.value == wanted)
    return next(exact, reads[-1] if len(reads) == 1 else None)


def closest(value: Any, keys: tuple[str | int, ...]) -> str:
    """`did you mean 'x'` if, where a path ends, there is a key of a similar name."""
    for key in keys:
        if isinstance(value, dict) and isinstance(key, str) and key not in value:
            return nearest(key, value).removeprefix("; ").removesuffix("?")
        value = read(value, (key,), "it")
    return ""


def _value_text(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else shown(value)
    return text if len(text) <= 200 else text[:200] + "…"
