"""A report in words: what each kind of difference is called, and what it means for whoever decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hub.operations.gate.report import Group, Kind

HEADINGS: Final[Mapping[Kind, str]] = {
    Kind.UNREAD: "Could not be read any more",
    Kind.UNTAKEN: "Taken by no pipeline any more",
    Kind.IDENTITY: "Another identity",
    Kind.FAILS: "Would fail",
    Kind.LOST: "Documents that would not be made any more",
    Kind.FILTERED: "Would be filtered",
    Kind.DROPPED: "Deliveries that would not be planned any more",
    Kind.ADDED: "Deliveries that would be planned besides",
    Kind.CHANGES: "Values that would change",
    Kind.VANISHES: "Values that would vanish",
    Kind.APPEARS: "Values that would appear",
    Kind.GAINED: "Documents that would be made besides",
    Kind.UNFILTERED: "Would no longer be filtered",
    Kind.SUCCEEDS: "Would succeed newly",
    Kind.AS_BEFORE: "Fail under both configurations",
}

REMARKS: Final[Mapping[Kind, str]] = {
    Kind.IDENTITY: (
        "Dangerous: the hub tells by it what is the same thing again. What it has already would come as something "
        "new, be created twice in the targets, or be taken for old and passed over; answers would find no order."
    ),
    Kind.UNTAKEN: "Each such message would be a dead letter.",
    Kind.UNREAD: "Each such message would be a dead letter.",
    Kind.ADDED: "Only what comes from now on: nothing is delivered again by itself.",
    Kind.AS_BEFORE: "No difference, but nothing of it could be compared.",
}
"""What a kind means, where its heading does not say it all."""


def place_words(group: Group) -> str:
    """`erp, orders, sap/orders05`: connection, pipeline, mapping."""
    place = group.place
    return ", ".join(part for part in (place.connection, place.pipeline, place.mapping) if part)
