"""Between whom an interchange that is written goes, and in which versions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from connectors.formats.x12.partner import Partner, Party
from hub.contract.errors import RejectedMessage

_QUALIFIER: Final = re.compile(r"[A-Z0-9]{2}")
_IDENTIFIER: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,13}[\x21-\x7e])?")
_RULES: Final[Mapping[str, re.Pattern[str]]] = {
    "sender_qualifier": _QUALIFIER,
    "sender": _IDENTIFIER,
    "receiver_qualifier": _QUALIFIER,
    "receiver": _IDENTIFIER,
    "application_sender": _IDENTIFIER,
    "application_receiver": _IDENTIFIER,
    "version": re.compile(r"[0-9A-Z]{1,12}"),
    "interchange_version": re.compile(r"\d{5}"),
    "usage": re.compile(r"[A-Z]"),
}


@dataclass(frozen=True, slots=True)
class Address:
    """The ids of ISA and GS, GS08 (`version`), ISA12 and ISA15 of one interchange."""

    sender_qualifier: str
    sender: str
    receiver_qualifier: str
    receiver: str
    application_sender: str
    application_receiver: str
    version: str
    interchange_version: str
    usage: str


def address(given: Any, partner: Partner) -> Address:
    """The partner's address, with what the tree's `envelope` (None or a dict) names before it.

    Raises RejectedMessage where a part of it is missing or cannot stand in an envelope.
    """
    named = given if isinstance(given, Mapping) else {}
    chosen = {**_agreed(partner), **{name: str(named[name]) for name in _RULES if named.get(name)}}
    chosen["application_sender"] = chosen["application_sender"] or chosen["sender"]
    chosen["application_receiver"] = chosen["application_receiver"] or chosen["receiver"]
    chosen["interchange_version"] = chosen["interchange_version"] or f"{chosen['version']:0>6}"[:5]
    delimiters = partner.delimiters(chosen["interchange_version"])
    taken = b"".join(asdict(delimiters).values()).decode()
    for name, value in chosen.items():
        _check(name, value, taken)
    return Address(**chosen)


def _agreed(partner: Partner) -> dict[str, str]:
    us, them = partner.us, partner.them
    return {
        "sender_qualifier": us.qualifier if us else "",
        "sender": us.id if us else "",
        "receiver_qualifier": them.qualifier if them else "",
        "receiver": them.id if them else "",
        "application_sender": _group_id(us),
        "application_receiver": _group_id(them),
        "version": partner.version,
        "interchange_version": partner.interchange_version or "",
        "usage": partner.usage,
    }


def _group_id(party: Party | None) -> str:
    return party.group_id or "" if party else ""


def _check(name: str, value: str, delimiters: str) -> None:
    if not value:
        side = "us" if "sender" in name else "them"
        raise RejectedMessage(
            f"The interchange has no {name.replace('_', ' ')}: set `{side}` in the connection's settings.", field=name
        )
    if not _RULES[name].fullmatch(value) or any(delimiter in value for delimiter in delimiters):
        raise RejectedMessage(
            f"The {name.replace('_', ' ')} {value!r} cannot stand in an interchange's envelope.",
            field=name,
            value=value,
        )
