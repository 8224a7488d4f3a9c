"""The numbers in the bytes of an interchange that is to be sent, and the name of its file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from connectors.formats.x12.tokenizer import Tokenizer
from hub.contract.connector import Outbound
from hub.contract.errors import RejectedMessage

PLACEHOLDERS: Final = ("{type}", "{transmission}", "{interchange}", "{group}")
_UNIQUE: Final = {"{transmission}", "{interchange}", "{group}"}
_PLACEHOLDER: Final = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class Numbers:
    """ISA13 as it stands, and GS06 without leading zeros, as a 997 repeats it in AK102; "" without a group."""

    interchange: str
    group: str


def numbers_of(body: bytes) -> Numbers:
    """The numbers of the interchange that `body` is; RejectedMessage if it is none."""
    tokenizer = Tokenizer([body])
    opening = tokenizer.open()
    if opening is None:
        raise RejectedMessage("There is nothing to send: the transmission is empty.")
    first = next(tokenizer.segments(), None)
    header = first.data.split(opening.delimiters.element) if first is not None else []
    group = header[6].decode("ascii", "replace") if header[:1] == [b"GS"] and len(header) > 6 else ""
    return Numbers(opening.elements[12].decode("ascii", "replace").strip(), group.lstrip("0"))


def is_template(name: str) -> bool:
    """Whether a file name is made of known placeholders, of them one that differs each time, and no path."""
    found = set(_PLACEHOLDER.findall(name))
    rest = _PLACEHOLDER.sub("", name)
    return found <= set(PLACEHOLDERS) and bool(found & _UNIQUE) and not set(rest) & set("/{}") and name[:1] != "."


def file_name(template: str, out: Outbound, numbers: Numbers) -> str:
    """The name of a transmission's file: the same at every attempt, and no other transmission's."""
    values = {
        "{type}": out.type.rpartition(".")[2],
        "{transmission}": out.transmission,
        "{interchange}": numbers.interchange,
        "{group}": numbers.group or numbers.interchange,
    }
    return _PLACEHOLDER.sub(lambda found: values[found[0]], template)
