"""Text that would break the interchange it is written into: delimiters, control characters, other alphabets.

X12 has no way to escape them, so they are refused or replaced, as agreed with the partner.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from connectors.formats.x12.partner import Partner
from connectors.formats.x12.tokenizer import Delimiters
from hub.contract.errors import RejectedMessage

_MOST_NAMED: Final = 20


def clean(tree: Mapping[str, Any], partner: Partner, delimiters: Delimiters, *, forgiving: bool) -> dict[str, Any]:
    """A copy of the tree whose texts can all be written; RejectedMessage that names the places of others.

    A `forgiving` one replaces whatever it must: an acknowledgement quotes what was wrong with data,
    and has to be sent all the same.
    """
    cleaner = _Cleaner(partner, delimiters, forgiving)
    cleaned: dict[str, Any] = cleaner.value(tree, "")
    if cleaner.faults:
        raise RejectedMessage(
            f"The set cannot be written: {'; '.join(cleaner.faults[:_MOST_NAMED])}. "
            "Map other text, or set `delimiter_in_data: replace` or other delimiters in the connection's settings.",
            places=cleaner.places[:_MOST_NAMED],
        )
    return cleaned


class _Cleaner:
    """Goes through a tree; `faults` are the texts that cannot be written, `places` where they stand."""

    def __init__(self, partner: Partner, delimiters: Delimiters, forgiving: bool) -> None:
        taken = re.escape(b"".join(asdict(delimiters).values()).decode())
        self._breaking = re.compile(rf"[{taken}\x00-\x1f\x7f-\x9f]")
        self._charset = partner.charset
        self._forgiving = forgiving
        self._replaces = forgiving or partner.delimiter_in_data == "replace"
        self.faults: list[str] = []
        self.places: list[str] = []

    def value(self, value: Any, path: str) -> Any:
        """The value, its texts cleaned. Items of a list are counted from 1, as elsewhere in X12."""
        if isinstance(value, str):
            return self._text(value, path)
        if isinstance(value, Mapping):
            return {key: self.value(inner, f"{path}.{key}" if path else key) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner, f"{path}[{number}]") for number, inner in enumerate(value, start=1)]
        return value

    def _text(self, text: str, path: str) -> str:
        if found := self._breaking.search(text):
            if not self._replaces:
                self._fault(path, f"{text!r} holds {found[0]!r}, a delimiter or control character")
            text = self._breaking.sub(" ", text)
        try:
            text.encode(self._charset)
        except UnicodeEncodeError as error:
            if not self._forgiving:
                wrong = text[error.start : error.end]
                self._fault(path, f"{text!a} holds {wrong!a}, which the character set {self._charset} has not")
            text = text.encode(self._charset, "replace").decode(self._charset)
        return text

    def _fault(self, path: str, why: str) -> None:
        self.places.append(path)
        self.faults.append(f"{path}: {why}")
