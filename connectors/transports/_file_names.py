"""Names of files as they are shown, checked, claimed and archived.

Paths are text with bytes that are not UTF-8 as lone surrogates (PEP 383), which no database
takes: what leaves the transport is `shown` or `quoted`.
"""

from __future__ import annotations

import re
from secrets import token_hex
from urllib.parse import quote, unquote

from hub.contract.errors import RejectedMessage

_LONGEST_NAME = 200
"""Bytes kept of a name: file systems take 255, and a claim puts some before it."""

_CLAIM = re.compile(r"([0-9a-f]{12})~(.+)", re.DOTALL)


def joined(directory: str, name: str) -> str:
    """The path of a name in a directory; "" is where the session starts."""
    return f"{directory.rstrip('/')}/{name}" if directory.rstrip("/") else f"{directory[:1]}{name}"


def shown(name: str) -> str:
    """The name as printable text: control characters and broken bytes as escapes."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def quoted(path: str) -> str:
    """The path as plain ASCII, to be kept as text and undone by `unquoted`."""
    return quote(path, errors="surrogateescape")


def unquoted(text: str) -> str:
    """The path behind `quoted`."""
    return unquote(text, errors="surrogateescape")


def checked(name: str) -> str:
    """The name, if a file may be left under it; RejectedMessage if it could lead elsewhere."""
    if not name or name.startswith(".") or "/" in name or not name.isprintable():
        raise RejectedMessage(
            f"{shown(name)!r} cannot be the name of a file to leave: it must be printable, without '/' "
            "and without a dot at its start.",
            value=shown(name),
        )
    if len(name.encode()) > _LONGEST_NAME:
        raise RejectedMessage(f"The file name {name!r} is longer than {_LONGEST_NAME} bytes.", value=name)
    return name


def claimed_name(name: str) -> str:
    """A new unique name that keeps the original one, or the end of a very long one."""
    tail = name.encode("utf-8", "surrogateescape")[-_LONGEST_NAME:].decode("utf-8", "surrogateescape")
    return f"{token_hex(6)}~{tail}"


def original_name(claimed: str) -> str | None:
    """The name behind a claimed one; None for a file that is no claim."""
    match = _CLAIM.fullmatch(claimed)
    return match[2] if match else None


def free_name(claimed: str) -> str:
    """The original name made unique by its claim: `orders.csv` as `orders.1f0c….csv`."""
    tag, _, name = claimed.partition("~")
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}.{tag}.{suffix}" if dot else f"{name}.{tag}"
