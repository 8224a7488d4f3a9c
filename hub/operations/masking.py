"""Masks what names or reaches a person, or opens a door, by invented text of the same form.

Letters become letters of the same case and kind, digits become digits, zeros stay zeros, and
everything else stays: a postcode still looks like one. The same word becomes the same word
wherever it stands, so that what a mapping compares or joins still fits. Business numbers stay.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

_PRIVATE: Final = re.compile(
    r"""(?:
    # People and how they are reached.
    email|e_mail|mail|phone|telephone|tel|mobile|fax|first_name|last_name|firstname|lastname|surname|fullname
    |company|recipient|consignee|birthday|ip|iban
    # Where they live.
    |street|address|addr|zip|zip_code|zipcode|postal_code|postcode|city|town|latitude|longitude
    # What opens a door, and what people write freely.
    |token|secret|password|signature|hmac|hmac_sha|authorization|api_key|card_number
    |note|notes|comment|comments|remark|remarks|instructions|gift_message
    # IDoc segments (E1EDKA1, E1EDKT2) and X12 segments (N1, N2, N3, N4, PER).
    |stras|strs|pstlz|pstl|ort|telf|telfx|telbx|bname|smtp_addr|tdline
    |n102|n201|n202|n301|n302|n401|n403|per02|per04|per06|per08
    )\d*""",
    re.VERBOSE,
)
"""The last word of a key, or its last two, in small letters and joined by `_`."""

_PERSON: Final = re.compile(
    "customer|buyer|seller|contact|recipient|consignee|receiver|sender|person|user|account|party"
    "|ship|shipping|bill|billing|address|to|from|first|last|full|e1edka1"
)
"""Words of a key, or of the key around it, that make a `name` that of a person."""

_EMAIL: Final = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)*")
_PHONE: Final = re.compile(r"\+\d[\d ()/.-]{6,}\d")
_ADDRESS_4: Final = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")
_KEY: Final = re.compile(
    r"\b(?:shp(?:at|ss|ca|pa)_|sk_(?:live|test)_|Bearer )[\w.~+/-]+|\beyJ[\w-]+\.[\w-]+\.[\w-]*"
    r"|(?<=[?&]key=)[^&\s#]+|(?<=[?&]token=)[^&\s#]+|(?<=[?&]signature=)[^&\s#]+"
)
_WORD: Final = re.compile(r"[^\W_]+")
_SPLIT: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")
_SHORTEST: Final = 6
"""Characters of what is also looked for inside other texts."""

_VOWELS, _CONSONANTS, _OTHERS, _DIGITS = "aeiou", "bcdfghjklmnpqrstvwxyz", "äöüéèå", "123456789"


class Masker:
    """Masks trees of one message with one random key, so that nobody can guess back by trying names.

    Several messages that are to be masked alike share a `key`.
    """

    def __init__(self, key: bytes = b"") -> None:
        self._key = key or secrets.token_bytes(32)
        self._known: set[str] = set()

    def mask(self, tree: Any) -> Any:
        """The tree, masked.

        What was found by its key is then also masked where it stands inside other texts, in capitals or not.
        """
        masked = self._walk(tree, "", is_person=False)
        phrases = sorted((text for text in self._known if len(text) >= _SHORTEST), key=len, reverse=True)
        if not phrases:
            return masked
        inside = re.compile("|".join(rf"(?<!\w){re.escape(text)}(?!\w)" for text in phrases), re.IGNORECASE)
        return _each_text(masked, lambda text: inside.sub(lambda found: self._hidden_text(found[0]), text))

    def _walk(self, value: Any, key: str, *, is_person: bool) -> Any:
        if isinstance(value, dict):
            is_person = _is_of_person(key) or any(_is_private(name) for name in value)
            return {name: self._walk(item, name, is_person=is_person) for name, item in value.items()}
        if isinstance(value, list):
            return [self._walk(item, key, is_person=is_person) for item in value]
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            return value
        if _is_private(key) or (_is_name(key, is_person=is_person) and not _has_digit(value)):
            return self._hidden(value)
        return self._patterns(value) if isinstance(value, str) else value

    def _hidden(self, value: str | int | Decimal) -> Any:
        if isinstance(value, Decimal):
            return _with_digits(value, self._invented(_digits(value)))
        if isinstance(value, int):
            return int(self._invented(str(value)))
        self._known.add(value)
        return self._hidden_text(value)

    def _hidden_text(self, text: str) -> str:
        return self._email(text) if "@" in text else self._invented(text)

    def _patterns(self, text: str) -> str:
        """A text whose key says nothing: what looks like an address of some kind, or like a secret."""
        text = _EMAIL.sub(lambda found: self._email(found[0]), text)
        for pattern in (_PHONE, _ADDRESS_4, _KEY):
            text = pattern.sub(lambda found: self._invented(found[0]), text)
        return text

    def _email(self, text: str) -> str:
        """Its domain ends in `.example`, which nobody has (RFC 2606)."""
        local, _, domain = text.rpartition("@")
        return f"{self._invented(local)}@{self._invented(domain.rpartition('.')[0] or domain)}.example"

    def _invented(self, text: str) -> str:
        return _WORD.sub(lambda found: self._word(found[0]), text)

    def _word(self, word: str) -> str:
        seed = hmac.new(self._key, word.lower().encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
        return "".join(_char(char, seed[place % len(seed)] + place // len(seed)) for place, char in enumerate(word))


def _char(char: str, number: int) -> str:
    """Another character of the same kind, never the same one."""
    if char.isdigit():
        kind = _DIGITS if char != "0" else "0"
    elif char.lower() in _VOWELS:
        kind = _VOWELS
    else:
        kind = _CONSONANTS if char.isascii() else _OTHERS
    others = kind.replace(char.lower(), "") or kind
    found = others[number % len(others)]
    return found.upper() if char.isupper() else found


def _digits(number: Decimal) -> str:
    return "".join(map(str, number.as_tuple().digits))


def _with_digits(number: Decimal, digits: str) -> Decimal:
    sign, _, exponent = number.as_tuple()
    return Decimal((sign, tuple(map(int, digits)), int(exponent)))


def _words(key: str) -> list[str]:
    return [word.lower() for word in _SPLIT.split(key) if word]


def _is_private(key: str) -> bool:
    words = _words(key)
    ends = ("_".join(words[-2:]), *words[-1:])
    return any(_PRIVATE.fullmatch(end) for end in ends)


def _is_of_person(key: str) -> bool:
    return any(_PERSON.fullmatch(word) for word in _words(key))


def _is_name(key: str, *, is_person: bool) -> bool:
    words = [word.rstrip("0123456789") for word in _words(key)]
    return words[-1:] == ["name"] and (is_person if len(words) == 1 else _is_of_person(key))


def _has_digit(value: str | int | Decimal) -> bool:
    """A name with a digit is a number by which something is found again: `#1001`."""
    return any(char.isdigit() for char in str(value))


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {name: _each_text(item, change) for name, item in value.items()}
    if isinstance(value, list):
        return [_each_text(item, change) for item in value]
    return change(value) if isinstance(value, str) else value
