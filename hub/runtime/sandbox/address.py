"""Addresses: how a story names a place in JSON.

Three ways to write one: `documents.orders.0` with dots; `/documents/acme.example/orders` as a
JSON pointer (RFC 6901: `~1` is `/`, `~0` is `~`) where a key holds a dot; or a list of parts,
`[documents, acme.example, 0]`. In a list a part is an index (negative ones count from the
end), in an object a key. The empty address is the whole.
"""

from __future__ import annotations

import re
from typing import Any, Final

Part = str | int
Address = tuple[Part, ...]

_INDEX: Final = re.compile(r"-?\d+")


class Missing:
    """What is found where there is nothing."""

    def __repr__(self) -> str:
        return "nothing"


MISSING: Final = Missing()


def parse_address(written: str | list[Part]) -> Address:
    """The parts of an address as written; an empty part is a ValueError."""
    if isinstance(written, list):
        return tuple(written)
    if not written:
        return ()
    if written.startswith("/"):
        return tuple(part.replace("~1", "/").replace("~0", "~") for part in written[1:].split("/"))
    parts = written.split(".")
    if not all(parts):
        raise ValueError(f"{written!r} has an empty part; write a key that holds a dot as a pointer: /a/b.c")
    return tuple(parts)


def look_up(document: Any, address: Address) -> Any:
    """What stands at an address, or MISSING."""
    found = document
    for part in address:
        found = _step(found, part)
    return found


def _step(found: Any, part: Part) -> Any:
    if isinstance(found, dict):
        return found.get(str(part), MISSING)
    if isinstance(found, list) and _INDEX.fullmatch(str(part)):
        index = int(part)
        return found[index] if -len(found) <= index < len(found) else MISSING
    return MISSING
