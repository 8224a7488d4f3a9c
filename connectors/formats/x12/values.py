"""Simple elements: the text of an interchange to plain values and back, by the type of the element.

| type | in a tree | in an interchange |
|---|---|---|
| AN, ID, B | text | the same |
| DT | text, CCYYMMDD or YYMMDD | the same |
| TM | text, HHMM, HHMMSS or with tenths or hundredths of a second | the same |
| R | Decimal | digits with a point where one is needed |
| N0 | int | digits |
| N1, N2 … | Decimal, 12.50 | digits without the point, 1250 |

The length of a number is that of its digits: a minus and a point do not count (X12.6).
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from connectors.formats.x12.nodes import ElementNode

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_WHOLE: Final = re.compile(r"-?[0-9]+")
_DECIMAL: Final = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
_TIME: Final = re.compile(r"(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9][0-9]{0,2})?")
_DATE: Final = re.compile(r"(?:[0-9]{2})?[0-9]{6}")
_MOST_DIGITS: Final = 100  # more than any element takes; keeps 1E+999999 from being spelt out


class Defect(NamedTuple):
    """What is wrong with a value: the AK403 code, and what to say of it."""

    code: str
    text: str


class Unwritable(ValueError):
    """A value of a tree that an element of this type cannot hold; the text says why."""


def parse(node: ElementNode, text: str) -> tuple[str | int | Decimal, Defect | None]:
    """The value of a text that is not empty. With a Defect it is the text as it came."""
    defect = _bad_character(node.kind, text) or _bad_length(node, text) or _bad_moment(node.kind, text)
    if defect is not None or node.kind[0] not in "NR":
        return text, defect
    if node.kind == "N0":
        return int(text), None
    return (Decimal(text) if node.kind == "R" else Decimal(f"{text}E-{node.kind[1:]}")), None


def spell(node: ElementNode, value: Any) -> str:
    """The text of a value, "" for None; raises Unwritable. Its length is not checked."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise Unwritable(f"takes text or a number, not {value!r}")
    if node.kind[0] in "NR" and value != "":
        return _spell_number(node, _number(value))
    return _plain(value) if isinstance(value, Decimal) else str(value)


def _bad_character(kind: str, text: str) -> Defect | None:
    if kind == "R":
        return None if _DECIMAL.fullmatch(text) else Defect("6", f"takes a number, not {text!r}")
    if kind[0] == "N":
        return None if _WHOLE.fullmatch(text) else Defect("6", f"takes digits only, not {text!r}")
    if kind != "B" and not text.isprintable() and _CONTROL.search(text):
        return Defect("6", f"holds a control character: {text!r}")
    return None


def _bad_length(node: ElementNode, text: str) -> Defect | None:
    numeric = node.kind[0] in "NR"
    length = len(text.replace("-", "").replace(".", "")) if numeric else len(text)
    if node.least <= length <= node.most:
        return None
    unit = "digits" if numeric else "characters"
    if length < node.least:
        return Defect("4", f"takes at least {node.least} {unit}, not {length} ({text!r})")
    return Defect("5", f"takes at most {node.most} {unit}, not {length} ({text[:99]!r})")


def _bad_moment(kind: str, text: str) -> Defect | None:
    if kind == "DT" and not _is_date(text):
        return Defect("8", f"takes a date as CCYYMMDD or YYMMDD, not {text!r}")
    if kind == "TM" and not _TIME.fullmatch(text):
        return Defect("9", f"takes a time as HHMM, HHMMSS or HHMMSSDD, not {text!r}")
    return None


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        year = int(text[:-4]) if len(text) == 8 else 2000 + int(text[:2])
        date(year, int(text[-4:-2]), int(text[-2:]))
    except ValueError:
        return False
    return True


def _number(value: str | int | Decimal) -> Decimal:
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise Unwritable(f"takes a number, not {value!r}")
    number = Decimal(value)
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS:
        raise Unwritable(f"takes a number of at most {_MOST_DIGITS} digits, not {value!r}")
    return number


def _spell_number(node: ElementNode, number: Decimal) -> str:
    text = _plain(number)
    if node.kind == "R":
        return _spell_decimal(text, node)
    decimals = int(node.kind[1:] or 0)
    whole, _, fraction = text.partition(".")
    if len(fraction) > decimals:
        raise Unwritable(f"takes a number of at most {decimals} decimals, not {text}")
    sign = "-" if text.startswith("-") else ""
    digits = (whole.removeprefix("-") + fraction.ljust(decimals, "0")).lstrip("0")
    return sign + digits.zfill(max(node.least, 1))


def _spell_decimal(text: str, node: ElementNode) -> str:
    """A leading zero is for the reader's eye; it goes where it would make the number too long."""
    digits = sum(character.isdigit() for character in text)
    if digits > node.most:
        return re.sub(r"^(-?)0\.", r"\1.", text)
    padding = "0" * (node.least - digits)
    return text + padding if "." in text or not padding else f"{text}.{padding}"


def _plain(number: Decimal) -> str:
    """Digits without an exponent and without zeros that say nothing."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
