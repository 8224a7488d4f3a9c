"""Numbers and names on their way into events: what the tables of the ledger can hold, or a refusal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final

from hub.contract.clock import to_micros
from hub.contract.errors import RejectedMessage
from hub.contract.values import to_scaled
from hub.store.texts import misfit, shown

_SHOWN: Final = 60
"""Characters of a refused value that an error repeats."""


def scaled(number: Decimal, field_: str) -> int:
    """The number times 10**6; ArithmeticError is what Decimal raises for exponents beyond its own."""
    try:
        return to_scaled(number)
    except (ValueError, ArithmeticError):
        value = shown(str(number), _SHOWN)
        message = f"{field_} is {value}: the ledger keeps six decimals and at most twelve digits before the point."
        raise RejectedMessage(message, field=field_, value=value) from None


def name(text: str, field_: str) -> str:
    """The text, if tables can hold it."""
    why = misfit(text)
    if why is not None:
        raise RejectedMessage(f"{field_} {why}.", field=field_, value=shown(text, _SHOWN))
    return text


def micros(moment: datetime | None) -> int | None:
    """Microseconds since 1970, or None."""
    return None if moment is None else to_micros(moment)


def summed(amounts: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The sum by line of (line, quantity)."""
    found: dict[str, int] = {}
    for line, quantity in amounts:
        found[line] = found.get(line, 0) + quantity
    return found
