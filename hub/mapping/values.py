"""How expressions work on values. The generated code calls these; null is None everywhere.

Numbers are int and Decimal, never bool. Sums, differences and products are exact or refused;
a quotient has 34 digits, rounded half to even (IEEE 754-2008's decimal128).
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import (
    ROUND_HALF_EVEN,
    Clamped,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    Subnormal,
)
from typing import Any, Final

from hub.mapping.errors import Missing, ValueRefused
from hub.mapping.limits import MAX_CHARACTERS, MAX_DIGITS, MAX_ITEMS, MAX_STEPS, MAX_VALUES

EXACT: Final = Context(
    prec=2 * MAX_DIGITS,
    rounding=ROUND_HALF_EVEN,
    traps=[InvalidOperation, DivisionByZero, Overflow, Inexact, Subnormal, Clamped],
)
SHORT: Final = 10**18
"""Whole numbers below are bounded, without a look at their digits."""
QUOTIENT: Final = Context(prec=34, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])


class Budget:
    """What one run may still use: items of loops, characters and values it makes, items it looks through."""

    __slots__ = ("characters", "items", "steps", "values")

    def __init__(self) -> None:
        self.items = MAX_ITEMS
        self.characters = MAX_CHARACTERS
        self.values = MAX_VALUES
        self.steps = MAX_STEPS

    def take_items(self, count: int) -> None:
        """Count the items of one loop."""
        self.items -= count
        if self.items < 0:
            raise ValueRefused(f"the loops of this mapping run over more than {MAX_ITEMS} items")

    def take(self, value: Any) -> Any:
        """Count a value that was made, or is repeated in a loop; the value itself."""
        if type(value) is str:
            self.characters -= len(value)
            if self.characters < 0:
                raise ValueRefused(f"this mapping makes more than {MAX_CHARACTERS} characters of text")
        elif isinstance(value, dict | list):
            self.values -= len(value)
            if self.values < 0:
                raise ValueRefused(f"this mapping repeats more than {MAX_VALUES} values")
            for item in value.values() if isinstance(value, dict) else value:
                self.take(item)
        return value

    def look_into(self, value: Any) -> Any:
        """Count all that is about to be compared, however deep it lies; the value itself."""
        self.look_through(value)
        if isinstance(value, dict | list):
            for item in value.values() if isinstance(value, dict) else value:
                if isinstance(item, str | list | dict):
                    self.look_into(item)
        return value

    def look_through(self, value: Any) -> Any:
        """Count what is about to be looked through; the value itself."""
        if isinstance(value, list | str | dict):
            self.steps -= len(value)
            if self.steps < 0:
                raise ValueRefused(f"this mapping looks through more than {MAX_STEPS} items")
        return value


def read(value: Any, keys: tuple[str | int, ...], root: str) -> Any:
    """The value at a path, or None if there is none; `root` is the name it begins with.

    A list on the way is passed through if it has one element. An index of a value that is no
    list treats it as a list of one.
    """
    for position, key in enumerate(keys):
        if value is None:
            return None
        if isinstance(key, int):
            value = item(value, key)
            continue
        while isinstance(value, list):
            value = _only(value, root, keys[:position], key)
        value = value.get(key) if isinstance(value, dict) else None
    return value


def read_item(value: Any, key: Any) -> Any:
    """The value under a computed key or index, or None."""
    if not isinstance(key, str | int) or isinstance(key, bool):
        raise ValueRefused(f"{shown(key)} is no key", key)
    return read(value, (key,), "it")


def item(value: Any, index: int) -> Any:
    """What is at an index, or None; a value that is no list is a list of one."""
    items = value if isinstance(value, list) else [value]
    return items[index] if -len(items) <= index < len(items) else None


def _only(items: list[Any], root: str, keys: tuple[str | int, ...], key: str) -> Any:
    if len(items) > 1:
        path = path_text(root, keys)
        raise ValueRefused(f"{path} has {len(items)} elements, so that {path}.{key} is not clear", items)
    return items[0] if items else None


def path_text(root: str, keys: tuple[str | int, ...]) -> str:
    """A path as one writes it: `source.lines[0]['odd key']`."""
    return root + "".join(f".{key}" if isinstance(key, str) and key.isidentifier() else f"[{key!r}]" for key in keys)


def needed(value: Any) -> Any:
    """The value; raises Missing if it is null."""
    if value is None:
        raise Missing
    return value


def as_list(value: Any) -> list[Any]:
    """A list as it is, one value as a list of one, null as an empty list."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def without_null(value: Any) -> Any:
    """A list or an object without its null items."""
    if isinstance(value, list):
        return [item for item in value if item is not None]
    return {key: item for key, item in value.items() if item is not None}


def is_number(value: Any) -> bool:
    """Whether a value is a number; true and false are none."""
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def to_text(value: Any) -> str:
    """The text of a single value: numbers in fixed notation, times in ISO 8601."""
    if isinstance(value, str):
        return value
    if type(value) is int and -SHORT < value < SHORT:
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if is_number(value):
        return format(bounded(Decimal(value)), "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if value is None:
        raise Missing
    raise ValueRefused(f"{shown(value)} cannot be made text", value)


def bounded(number: Decimal) -> Decimal:
    """A finite number that can be written out without an endless row of zeros; anything else is refused."""
    if not number.is_finite():
        raise ValueRefused(f"{number} is not a finite number", number)
    if not -MAX_DIGITS < number.adjusted() < MAX_DIGITS:
        raise ValueRefused(f"{number:.3e} has more than {MAX_DIGITS} digits before or after its point")
    return number


def concatenate(budget: Budget, *parts: Any) -> str:
    """The texts of several values, one after the other."""
    text = "".join([part if type(part) is str else to_text(part) for part in parts])
    budget.take(text)
    return text


def add(left: Any, right: Any) -> Decimal | int:
    """Exact sum."""
    return _exact(EXACT.add, left, "+", right)


def subtract(left: Any, right: Any) -> Decimal | int:
    """Exact difference."""
    return _exact(EXACT.subtract, left, "-", right)


def multiply(left: Any, right: Any) -> Decimal | int:
    """Exact product."""
    return _exact(EXACT.multiply, left, "*", right)


def _exact(operation: Any, left: Any, sign: str, right: Any) -> Decimal | int:
    first, second = number(left, sign), number(right, sign)
    try:
        result: Decimal = bounded(operation(first, second))
    except (ArithmeticError, ValueRefused):
        raise ValueRefused(f"{shown(left)} {sign} {shown(right)} has more than {MAX_DIGITS} digits") from None
    return int(result) if isinstance(left, int) and isinstance(right, int) else result


def divide(left: Any, right: Any) -> Decimal:
    """Quotient of 34 digits."""
    dividend, divisor = number(left, "/"), number(right, "/")
    if not divisor:
        raise ValueRefused(f"{shown(left)} cannot be divided by zero", right)
    return QUOTIENT.divide(dividend, divisor)


def negate(value: Any) -> Decimal | int:
    """The number with its sign turned."""
    return subtract(0, value)


def number(value: Any, sign: str) -> Decimal:
    """An operand of `sign` as a bounded Decimal; text is refused, since `|decimal` says what it means."""
    if not is_number(value):
        advice = "; write it as (… | decimal)" if isinstance(value, str) else ""
        raise ValueRefused(f"{shown(value)} is no number for {sign}{advice}", value)
    return bounded(Decimal(value))


def shown(value: Any) -> str:
    """A value for people: its kind, and what it is if that is short."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return f"an object with {', '.join(map(str, list(value)[:5]))}" if value else "an empty object"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, str):
        return f"the text {value!r}" if len(value) <= 60 else f"the text {value[:60]!r}…"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if not isinstance(value, int) or abs(value) < 10**60 else "a huge number"
