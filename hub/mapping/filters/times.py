"""Dates and times: datetime, date, format_date, from_epoch, to_epoch.

Formats are those of strftime, of which the directives listed in `_DIRECTIVES` are taken.
Zones are names of the IANA time zone database.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.mapping.errors import ValueRefused
from hub.mapping.filters.filter import Filter
from hub.mapping.filters.numbers import to_decimal
from hub.mapping.values import shown

_DIRECTIVES: Final = "YymdHIMSfpjzbBaAGVu%"
_MAX_FORMAT: Final = 100
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROS: Final = {"s": 1_000_000, "ms": 1_000}


def to_datetime(value: Any, format: str | None = None, zone: str | None = None) -> datetime:
    """An aware datetime from text, in ISO 8601 or in `format`; `zone` is for text that names none."""
    if type(value) is str and format is None:
        moment = _iso_datetime(value)
    elif isinstance(value, str):
        moment = _parsed(value, str(format))
    elif isinstance(value, datetime):
        moment = value
    else:
        raise ValueRefused(f"{shown(value)} is no time", value)
    if moment.tzinfo is not None:
        return moment
    if zone is None:
        raise ValueRefused(f"{shown(value)} names no time zone; give one: datetime(zone='Europe/Berlin')", value)
    return _in_zone(moment, zone)


def to_date(value: Any, format: str | None = None, zone: str | None = None) -> date:
    """A date from text or from a time; with `zone`, the day it was there."""
    if isinstance(value, str):
        moment = _iso_datetime(value) if format is None else _parsed(value, format)
    elif isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        return value
    else:
        raise ValueRefused(f"{shown(value)} is no date", value)
    if zone is not None and moment.tzinfo is not None:
        moment = moment.astimezone(_zone(zone))
    return moment.date()


def format_date(value: Any, format: str, zone: str | None = None) -> str:
    """A time or date, or its ISO 8601 text, written as `format` says; with `zone`, as it is there."""
    moment = _iso_datetime(value) if isinstance(value, str) else value
    if not isinstance(moment, date):
        raise ValueRefused(f"{shown(value)} is no date or time", value)
    if zone is not None and isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise ValueRefused(f"{shown(value)} names no time zone", value)
        moment = moment.astimezone(_zone(zone))
    return moment.strftime(_checked(format))


def from_epoch(value: Any, unit: str = "s") -> datetime:
    """The time so many seconds (`s`) or milliseconds (`ms`) after 1970 began in UTC, to the microsecond."""
    micros = to_decimal(value) * _MICROS[_epoch_unit(unit)]
    try:
        return _EPOCH + timedelta(microseconds=int(micros))
    except OverflowError:
        raise ValueRefused(f"{shown(value)} is no time of the years 1 to 9999 in {unit!r}", value) from None


def to_epoch(value: Any, unit: str = "s") -> int:
    """Whole seconds (`s`) or milliseconds (`ms`) from the beginning of 1970 in UTC to a time that names its zone."""
    micros = (to_datetime(value) - _EPOCH) // timedelta(microseconds=1)
    return micros // _MICROS[_epoch_unit(unit)]


def _epoch_unit(unit: Any) -> str:
    if unit not in tuple(_MICROS):
        raise ValueRefused(f"time is counted in 's' or 'ms', not {shown(unit)}", unit)
    return str(unit)


def _iso_datetime(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueRefused(f"{shown(text)} is no time in ISO 8601; give its format", text) from None


def _parsed(text: str, format: str) -> datetime:
    try:
        return datetime.strptime(text, _checked(format))  # noqa: DTZ007 - the caller adds the zone
    except ValueRefused:
        raise
    except ValueError:
        raise ValueRefused(f"{shown(text)} is not written as {format!r}", text) from None


def _in_zone(moment: datetime, name: str) -> datetime:
    """A wall clock's time in a zone; of two the first, and one that was skipped is refused."""
    zone = _zone(name)
    local = moment.replace(tzinfo=zone)
    if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment:
        raise ValueRefused(f"{moment.isoformat()} does not exist in {name}: the clock was put forward", moment)
    return local


@lru_cache(256)
def _checked(format: str) -> str:
    """The format itself; refused if it holds a directive that is not taken."""
    if not isinstance(format, str) or len(format) > _MAX_FORMAT:
        raise ValueRefused(f"{shown(format)} is no format of at most {_MAX_FORMAT} characters", format)
    for directive in re.findall(r"%(.?)", format, re.DOTALL):
        if not directive or directive not in _DIRECTIVES:
            raise ValueRefused(
                f"the format {format!r} holds %{directive}, which is not one of %{', %'.join(_DIRECTIVES)}"
            )
    return format


@lru_cache(256)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise ValueRefused(f"{shown(name)} is no time zone, such as 'Europe/Berlin'", name) from None


def _check(format: str | None = None, zone: str | None = None) -> None:
    if format is not None:
        _checked(format)
    if zone is not None:
        _zone(zone)


def _check_epoch(unit: str = "s") -> None:
    _epoch_unit(unit)


FILTERS: Final = (
    Filter("datetime", to_datetime, check=_check, short=True),
    Filter("date", to_date, check=_check, short=True),
    Filter("format_date", format_date, check=_check, short=True),
    Filter("from_epoch", from_epoch, check=_check_epoch, short=True),
    Filter("to_epoch", to_epoch, check=_check_epoch, short=True),
)
