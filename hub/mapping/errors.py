"""What can go wrong when a mapping runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hub.contract.errors import RejectedMessage
from hub.source import Location


class ValueRefused(ValueError):
    """A filter, operator or construct cannot work with a value. `value` is the one it met."""

    def __init__(self, message: str, value: Any = None) -> None:
        super().__init__(message)
        self.value = value


class ConditionUnmet(ValueRefused):
    """A condition of `$require` or `$assert` does not hold. The message is the mapping's own, word for word."""


class Missing(Exception):
    """A path that must lead somewhere found nothing."""


class CrosswalkMissing(RejectedMessage):
    """A code table has no entry for a value. `where`: crosswalk, value."""

    code = "crosswalk_missing"

    def __init__(self, table: str, value: str) -> None:
        message = (
            f"The crosswalk {table!r} has no entry for {value!r}; add one with `crossdock crosswalk add`, then replay."
        )
        super().__init__(message, crosswalk=table, value=value)
        self.table = table
        self.value = value


RUN_ERRORS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, Missing, CrosswalkMissing)
"""What an expression may raise on bad data. Anything else is a fault of the program."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that could not be made.

    `field` is its path in the output (`lines[2].sku`), `source` the path in the input that was
    read and `value` what was found there, as text; `fix` says what would help.
    """

    field: str
    location: Location
    expression: str
    message: str
    source: str = ""
    value: str | None = None
    fix: str = ""
    crosswalk: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-able; what does not apply is left out."""
        pairs: dict[str, Any] = {
            "field": self.field,
            "file": self.location.file,
            "line": self.location.line,
            "expression": self.expression,
            "message": self.message,
            "source": self.source,
            "value": self.value,
            "fix": self.fix,
            "crosswalk": self.crosswalk,
        }
        return {key: value for key, value in pairs.items() if value not in (None, "")}


class MappingFailed(RejectedMessage):
    """A mapping could not make its output; `errors` holds every field that failed.

    `where`: mapping, and of the first error field, expression, value, crosswalk, file, line;
    `errors` is the JSON-able list of all.
    """

    code = "mapping"

    def __init__(self, mapping: str, errors: Sequence[FieldError]) -> None:
        self.mapping = mapping
        self.errors = list(errors)
        first = self.errors[0]
        where = {key: value for key, value in first.as_dict().items() if key not in ("message", "source", "fix")}
        detail = "\n".join(f"{error.location}: {error.field}: {error.message}" for error in self.errors)
        super().__init__(_sentence(mapping, self.errors), detail=detail, mapping=mapping, **where)
        self.where["errors"] = [error.as_dict() for error in self.errors]


def _sentence(mapping: str, errors: Sequence[FieldError]) -> str:
    first = errors[0]
    reason = f"{first.message}; {first.fix}" if first.fix else first.message.removesuffix(".")
    if len(errors) == 1:
        return f"The mapping {mapping} cannot make {first.field}: {reason}."
    others = ", ".join(error.field for error in errors[1:4])
    more = f" and {len(errors) - 4} more" if len(errors) > 4 else ""
    return f"The mapping {mapping} cannot make {len(errors)} fields: {first.field}: {reason}; also {others}{more}."


class ExpressionFailed(RejectedMessage):
    """An expression outside a mapping failed. `where`: expression, file, line, source, value."""

    code = "expression"

    def __init__(self, error: FieldError) -> None:
        self.error = error
        reason = f"{error.message}; {error.fix}" if error.fix else error.message
        where = {key: value for key, value in error.as_dict().items() if key not in ("message", "fix", "field")}
        super().__init__(f"The expression {error.expression} at {error.location} fails: {reason}.", **where)
