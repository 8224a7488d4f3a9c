"""Values with a unit, as configuration files write them: `30s`, `1h`, `10MiB`, `127.0.0.1:8400`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Final, NamedTuple

from pydantic import BeforeValidator, ByteSize, Field

_DURATION: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|m|h|d)")
_UNITS: Final = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST: Final = timedelta(days=366)
_ADDRESS: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:\[\]/]+):([0-9]{1,5})")


def parse_duration(value: Any) -> timedelta:
    """The time that a text such as `30s` or `1.5h` names; ValueError for anything else.

    Units are ms, s, m, h and d; there is exactly one. A number without unit is refused, since
    the reader could not tell seconds from minutes. It is above zero and at most 366 days.
    """
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(str(value).strip())
    if match is None:
        raise ValueError(f"{value} is not a time span; write a number and one of the units ms, s, m, h, d: 30s")
    number, unit = match.groups()
    duration = timedelta(**{_UNITS[unit]: float(number)})
    if not timedelta(0) < duration <= _LONGEST:
        raise ValueError(f"{value} is out of range; it is above zero and at most 366d")
    return duration


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
"""A time span with its unit."""

Size = Annotated[ByteSize, Field(gt=0)]
"""A number of bytes with its unit: `10MB` (10**6) or `10MiB` (2**20)."""


class Address(NamedTuple):
    """Where to listen: a host name or address, and a port."""

    host: str
    port: int


def parse_address(value: Any) -> Address:
    """The address that a text such as `127.0.0.1:8400` or `[::1]:8400` names, or ValueError."""
    if isinstance(value, Address):
        return value
    match = _ADDRESS.fullmatch(str(value).strip())
    if match is None or int(match[2]) > 65535:
        raise ValueError(f"{value} is not an address; write host:port, such as 127.0.0.1:8400")
    return Address(match[1].strip("[]"), int(match[2]))


ListenAddress = Annotated[Address, BeforeValidator(parse_address)]
"""`host:port`; port 0 lets the system choose one."""
