"""JSON (RFC 8259), with every digit kept.

Decoding: jiter, decimals as Decimal, integers as int whatever their length (up to 4,300 digits),
never a float. NaN and Infinity, a key twice in one object, and nesting deeper than 200 are
refused; a byte order mark is tolerated. One document is one tree, also where it is an array;
lines of JSON (NDJSON) are not JSON.

Encoding: compact UTF-8, keys in the order of the tree. A Decimal becomes a number in fixed
notation with its own digits (1.10 stays 1.10); text stays text, so that a mapping decides
between "19.90" and 19.90.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from json.encoder import encode_basestring as quote
from typing import Any, ClassVar

import jiter

from connectors.formats._stream import bounded
from hub.contract.errors import DecodeError, RejectedMessage
from hub.contract.format import UNNUMBERED, Format, Numbers, Tree
from hub.contract.values import fixed

MAX_EXPONENT = 400
"""Powers of ten a number may have; more would be written as so many zeros."""

_BOM = b"\xef\xbb\xbf"
_PLACE = re.compile(r" at line (\d+) column (\d+)$")
_LONG_EXPONENT = re.compile(rb"\d[eE][+-]?\d{3}")
_CACHED_KEYS = 4096


class JsonFormat(Format):
    """JSON text to one tree and back."""

    name: ClassVar[str] = "json"
    content_type: ClassVar[str] = "application/json"
    suffix: ClassVar[str] = ".json"

    def decode(self, stream: Iterable[bytes]) -> Iterator[Tree]:
        """Yield the one tree; DecodeError with position "line:column" if it is not JSON."""
        body = b"".join(bounded(stream, "JSON")).removeprefix(_BOM)
        try:
            data = jiter.from_json(
                body, float_mode="decimal", allow_inf_nan=False, catch_duplicate_keys=True, cache_mode="keys"
            )
        except ValueError as error:
            raise _unreadable(str(error)) from None
        if _LONG_EXPONENT.search(body):
            _refuse_huge(data, "$")
        yield Tree(data)

    def encode(self, tree: Any, type: str, numbers: Numbers = UNNUMBERED) -> bytes:
        """Compact UTF-8; RejectedMessage naming the path of what JSON cannot hold."""
        parts: list[str] = []
        try:
            _write(tree, parts.append)
            return "".join(parts).encode()
        except RecursionError:
            raise RejectedMessage("The document is nested too deeply to be written as JSON.") from None
        except (TypeError, ValueError) as error:
            raise _unwritable(tree, str(error)) from error


def _unreadable(reason: str) -> DecodeError:
    place = _PLACE.search(reason)
    line, column = place.groups() if place else ("1", "0")
    what = _PLACE.sub("", reason)
    return DecodeError(
        f"This is not valid JSON: {what} at line {line}, column {column}.", position=f"{line}:{column}", reason=what
    )


def _refuse_huge(value: Any, path: str) -> None:
    if isinstance(value, Decimal) and abs(value.adjusted()) > MAX_EXPONENT:
        raise DecodeError(
            f"The number {value} at {path} is out of range: at most {MAX_EXPONENT} powers of ten are taken.",
            position=path,
            value=str(value),
        )
    for step, inner in _children(value):
        _refuse_huge(inner, path + step)


def _children(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((f".{name}", inner) for name, inner in value.items())
    elif isinstance(value, list):
        yield from ((f"[{number}]", inner) for number, inner in enumerate(value))


class _Keys(dict[str, str]):
    """Object keys as they are written, `"name":`; a mapping writes the same few again and again."""

    def __missing__(self, name: str) -> str:
        written = quote(name) + ":"
        if len(self) < _CACHED_KEYS:
            self[name] = written
        return written


_keys = _Keys()


def _write(value: Any, out: Callable[[str], object]) -> None:
    kind = type(value)
    if kind is str:
        out(quote(value))
    elif kind is dict:
        _write_object(value, out)
    elif kind is list:
        _write_array(value, out)
    else:
        out(_scalar(value))


def _write_object(value: dict[str, Any], out: Callable[[str], object]) -> None:
    separator = "{"
    for name, inner in value.items():
        out(separator)
        out(_keys[name])
        separator = ","
        kind = type(inner)  # most values are of these four, and a call costs as much as writing them
        if kind is str:
            out(quote(inner))
        elif kind is int:
            out(str(inner))
        elif kind is Decimal:
            out(_number(inner))
        elif kind is dict:
            _write_object(inner, out)
        else:
            _write(inner, out)
    out("}" if value else "{}")


def _write_array(value: list[Any], out: Callable[[str], object]) -> None:
    separator = "["
    for inner in value:
        out(separator)
        separator = ","
        _write(inner, out)
    out("]" if value else "[]")


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if type(value) is int:
        return str(value)
    if type(value) is Decimal:
        return _number(value)
    if isinstance(value, date):
        raise TypeError("JSON has no times; make it text by the filter format_date")
    raise TypeError(f"a {type(value).__name__} is not part of JSON here")


def _number(value: Decimal) -> str:
    written = str(value)
    if "E" not in written and written[-1] <= "9":
        return written
    if not value.is_finite():
        raise ValueError(f"{value} is not a number in JSON")
    if abs(value.adjusted()) > MAX_EXPONENT:
        raise ValueError(f"{value} has more than {MAX_EXPONENT} powers of ten")
    return fixed(value)


def _unwritable(tree: Any, reason: str) -> RejectedMessage:
    path, value, why = next(_faults(tree, "$"), ("$", tree, reason))
    return RejectedMessage(f"{path} cannot be written as JSON: {why}.", field=path, value=ascii(value)[:200])


def _faults(value: Any, path: str) -> Iterator[tuple[str, Any, str]]:
    """The places that cannot be written, each with its value and the reason."""
    if isinstance(value, dict):
        yield from ((path, name, why) for name in value if (why := _key_fault(name)))
    if isinstance(value, (dict, list)):
        for step, inner in _children(value):
            yield from _faults(inner, path + step)
    elif why := _fault(value):
        yield path, value, why


def _key_fault(name: Any) -> str:
    return _fault(name) if isinstance(name, str) else f"the key {name!r} is not text"


def _fault(value: Any) -> str:
    try:
        (quote(value) if isinstance(value, str) else _scalar(value)).encode()
    except UnicodeEncodeError:
        return "it holds half of a surrogate pair"
    except (TypeError, ValueError) as error:
        return str(error)
    return ""
