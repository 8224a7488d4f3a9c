"""An interchange as parts: its sets as trees or rejects, in their order, then what its sender is told.

What is refused is refused at the level that is at fault: a set for itself; a group whose trailer
is missing or says otherwise, whole; an interchange likewise, or one between other parties. The
others are taken, and the 997 of a group tells the sender which.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, Final

from connectors.formats.x12.acknowledge import GroupAnswer, Verdict, acknowledge_interchange, judge
from connectors.formats.x12.envelope import (
    ACKNOWLEDGEMENTS,
    INTERCHANGE_ACKNOWLEDGEMENT,
    PREFIX,
    EnvelopeFault,
    Group,
    InterchangeHeader,
    map_version,
)
from connectors.formats.x12.partner import Partner
from connectors.formats.x12.reader import read_set
from connectors.formats.x12.received import ReceivedSet, received_sets, set_faults
from connectors.formats.x12.segments import Fault, Segment
from connectors.formats.x12.sets import UnknownSet
from connectors.formats.x12.spool import Interchange
from hub.contract.format import Envelope, Reject, Reply, Tree

MOST_FAULTS: Final = 20
"""Faults that are spelt out for people; more are counted."""

_TA1: Final = PREFIX + INTERCHANGE_ACKNOWLEDGEMENT
_FUNCTIONAL_ACKNOWLEDGEMENT: Final = PREFIX + "997"

MOST_HELD: Final = 100
"""Parts that are held back until a set is accepted; with more, the interchange is read once more instead."""

_LEGIBLE: Final = frozenset({"3", "4", "7"})
"""AK502 codes of a set that came whole and is of a known kind, so that its content can be looked at too."""

_NUMBERS: Final = {
    "850": ("BEG", 3),
    "855": ("BAK", 3),
    "856": ("BSN", 2),
    "810": ("BIG", 2),
    "860": ("BCH", 3),
    "865": ("BCA", 3),
    "940": ("W05", 2),
    "945": ("W06", 2),
    "846": ("BIA", 3),
}
"""Segment and element of the number that a set's people know it by: an order's, a shipment's, an invoice's."""


def read_interchange(interchange: Interchange, partner: Partner) -> Iterator[Tree | Reject | Reply]:
    """The parts of an interchange. They carry its Envelope if any set of it is accepted; else none does.

    Only a receipt that succeeded may stand in the way of a corrected one with the same number.
    """
    parts, held, accepted = _parts(interchange, partner), [], False
    for part in parts:
        held.append(part)
        if accepted := _is_taken(part, interchange):
            break
        if len(held) == MOST_HELD:
            accepted = any(_is_taken(later, interchange) for later in parts)
            parts, held = _parts(interchange, partner), []
            break
    envelope = Envelope(interchange.header.key, interchange.digest) if accepted else None
    for part in chain(held, parts):
        yield replace(part, envelope=envelope)


def _is_taken(part: Tree | Reject | Reply, interchange: Interchange) -> bool:
    """Whether a part is an accepted set; beside groups, a TA1 alone does not make a receipt succeed."""
    return isinstance(part, Tree) and (part.type != _TA1 or not interchange.survey.groups)


def _parts(interchange: Interchange, partner: Partner) -> Iterator[Tree | Reject | Reply]:
    header, survey = interchange.header, interchange.survey
    if stranger := _stranger(header, partner):
        yield _refused_interchange(header, [stranger])
        return
    answers: list[GroupAnswer] = []
    if survey.faults:
        yield _refused_interchange(header, survey.faults, survey.groups)
    else:
        answers = yield from _sets(interchange, partner)
    if partner.acknowledge and not survey.acknowledgements_only:
        if survey.faults or header.ack_requested:
            yield Reply(
                acknowledge_interchange(header, survey.faults),
                _TA1,
                header.number,
                _position(header),
            )
        for answer in answers:
            yield Reply(
                answer.tree(header), _FUNCTIONAL_ACKNOWLEDGEMENT, header.number, _position(header, answer.group)
            )


def _sets(interchange: Interchange, partner: Partner) -> Generator[Tree | Reject, None, list[GroupAnswer]]:
    """The sets of a sound interchange; returned are the answers to its groups, acknowledgements aside."""
    header, groups = interchange.header, iter(interchange.survey.groups)
    answers: list[GroupAnswer] = []
    answer: GroupAnswer | None = None
    for received in received_sets(interchange, partner.charset):
        if isinstance(received, ReceivedSet):
            assert answer is not None  # else the survey would have found a fault
            if not answer.group.refused:
                part, verdict = _read(header, answer.group, received, partner)
                answer.add(verdict)
                yield part
        elif received.id == "TA1":
            yield _interchange_acknowledgement(header, received)
        else:
            answer = GroupAnswer(next(groups))
            if answer.group.refused:
                yield _refused_group(header, answer.group)
            if answer.group.header.code != ACKNOWLEDGEMENTS:
                answers.append(answer)
    return answers


def _read(
    header: InterchangeHeader, group: Group, received: ReceivedSet, partner: Partner
) -> tuple[Tree | Reject, Verdict]:
    """One set as a tree, or refused, and the verdict that goes into its group's 997."""
    envelope = set_faults(received, group.header.code)
    tree: dict[str, Any] = {}
    faults: Sequence[Fault] = received.garbled
    if not faults and {fault.code for fault in envelope} <= _LEGIBLE:
        try:
            version = map_version(group.header.version, received.transaction)
            reading = read_set(received.segments, version, received.transaction)
        except UnknownSet as error:
            envelope.append(EnvelopeFault("1", error.message.rstrip(".")))
        else:
            tree, faults = reading.tree, reading.faults
    tolerant = partner.on_fault == "accept" and not received.garbled
    verdict = judge(received, envelope, faults, tolerant=tolerant)
    messages = [*(fault.message for fault in envelope), *(fault.message.rstrip(".") for fault in faults)]
    position = f"{_position(header, group)}, set {received.number}"
    if not verdict.accepted:
        where = {**_where(header, group, received), **_number_of(received)}
        return _refused_set(position, where, verdict, messages), verdict
    about = _envelope(header, group, received.number, messages)
    return Tree({"envelope": about, **tree}, position, PREFIX + received.transaction), verdict


def _envelope(header: InterchangeHeader, group: Group, number: str, faults: Sequence[str]) -> dict[str, Any]:
    """What a tree says of the envelope it came in; `warnings` and `faults` only where there are any."""
    envelope: dict[str, Any] = {
        **_interchange_envelope(header),
        "group": group.header.number,
        "set": number,
        "application_sender": group.header.sender,
        "application_receiver": group.header.receiver,
        "version": group.header.version,
        "date": group.header.date,
        "time": group.header.time,
    }
    if faults:
        envelope["faults"] = list(faults[:MOST_FAULTS])
    return envelope


def _interchange_envelope(header: InterchangeHeader) -> dict[str, Any]:
    envelope: dict[str, Any] = {
        "interchange": header.number,
        "sender": header.sender,
        "sender_qualifier": header.sender_qualifier,
        "receiver": header.receiver,
        "receiver_qualifier": header.receiver_qualifier,
        "usage": header.usage,
        "date": header.date,
        "time": header.time,
    }
    return {**envelope, "warnings": list(header.warnings)} if header.warnings else envelope


def _interchange_acknowledgement(header: InterchangeHeader, segment: Segment) -> Tree:
    """A TA1 that came: TA101 as a number, as a set's N0 would be."""
    fields: dict[str, Any] = {f"TA1{place:02d}": text for place in range(1, 6) if (text := segment.text(place).strip())}
    if fields.get("TA101", "").isdecimal():
        fields["TA101"] = int(fields["TA101"])
    return Tree({"envelope": _interchange_envelope(header), "TA1": fields}, _position(header), _TA1)


def _stranger(header: InterchangeHeader, partner: Partner) -> EnvelopeFault | None:
    """Why an interchange is not one between us and this partner, None if it is."""
    sides = (
        ("006", "is from", "comes from", header.sender_qualifier, header.sender, partner.them),
        ("008", "is for", "is for", header.receiver_qualifier, header.receiver, partner.us),
    )
    for code, says, expects, qualifier, identifier, party in sides:
        if party is not None and (qualifier, identifier) != (party.qualifier, party.id):
            message = (
                f"it {says} {qualifier}:{identifier}, while what this connection takes {expects} "
                f"{party.qualifier}:{party.id}; see the ids in its settings"
            )
            return EnvelopeFault(code, message)
    return None


def _refused_interchange(
    header: InterchangeHeader, faults: Sequence[EnvelopeFault], groups: Sequence[Group] = ()
) -> Reject:
    messages = [fault.message for fault in faults]
    messages += [f"in group {group.header.number}, {fault.message}" for group in groups for fault in group.faults]
    where = {**_where(header), "codes": [fault.code for fault in faults]}
    return Reject(f"Interchange {header.number} is refused: {_listed(messages)}.", _position(header), where)


def _refused_group(header: InterchangeHeader, group: Group) -> Reject:
    why = _listed([fault.message for fault in group.faults])
    message = f"Group {group.header.number} ({group.header.code}) is refused, its {group.sets} sets with it: {why}."
    codes = [fault.code for fault in group.faults]
    return Reject(message, _position(header, group), {**_where(header, group), "codes": codes})


def _refused_set(position: str, where: dict[str, Any], verdict: Verdict, messages: Sequence[str]) -> Reject:
    about = f"{verdict.transaction}, {where['number']}" if "number" in where else verdict.transaction
    message = f"Set {verdict.number} ({about}) is refused: {_listed(messages)}."
    return Reject(message, position, {**where, "codes": list(verdict.codes)})


def _number_of(received: ReceivedSet) -> dict[str, str]:
    """The business number by which people know a set, where it can be read: `{"number": "4500019"}`."""
    wanted, place = _NUMBERS.get(received.transaction, ("", 0))
    for segment in received.segments[:3]:
        if segment.id == wanted and len(segment.elements) >= place:
            number = segment.elements[place - 1]
            return {"number": number} if isinstance(number, str) and number else {}
    return {}


def _position(header: InterchangeHeader, group: Group | None = None) -> str:
    return f"interchange {header.number}" + (f", group {group.header.number}" if group else "")


def _where(
    header: InterchangeHeader, group: Group | None = None, received: ReceivedSet | None = None
) -> dict[str, Any]:
    """The place of a refusal as plain values."""
    where = {"interchange": header.number, "sender": header.sender, "receiver": header.receiver}
    if group is not None:
        where["group"] = group.header.number
    if received is not None:
        where |= {"set": received.number, "transaction": received.transaction}
    return where


def _listed(messages: Sequence[str]) -> str:
    """Messages in one sentence; those beyond MOST_FAULTS are only counted."""
    more = len(messages) - MOST_FAULTS
    return "; ".join(messages[:MOST_FAULTS]) + (f"; and {more} more" if more > 0 else "")
