"""What to do about a failure, as commands and sentences a person can follow."""

from __future__ import annotations

import shlex
from typing import Any

from hub.operations.ids import short
from hub.operations.rows import AnyRow
from hub.store.states import DeliveryState, DocumentState, MessageState

_STOPPED = {MessageState.DEAD, DocumentState.QUARANTINED, DeliveryState.IN_DOUBT}


def remedies_of(row: AnyRow, place: dict[str, Any], state: str, alike: int) -> list[str]:
    """What to do about a failure: `row` of the table, its place, the state of what failed, and how many are like it."""
    if row.closed_at is not None or state not in _STOPPED:
        return []
    if state == DeliveryState.IN_DOUBT:
        return _settle(row)
    return [*_mend(row, place), _replay(row, alike)]


def _settle(row: AnyRow) -> list[str]:
    command = f"crossdock failures settle {short(row.id)}"
    return [
        f"Look at {row.connection} whether it arrived. If it did: `{command} delivered`.",
        f"If it did not, so that it is sent again: `{command} not-delivered`. If it shall never be: `{command} drop`.",
    ]


def _mend(row: AnyRow, place: dict[str, Any]) -> list[str]:
    if "crosswalk" in place:
        words = shlex.join(["crossdock", "crosswalk", "add", str(place["crosswalk"]), str(place.get("value", ""))])
        return [f"Add what is missing: `{words} CODE`."]
    if row.code in ("auth", "config"):
        return [f"See to the settings of {row.connection}, then `crossdock connections test {row.connection}`."]
    if row.code == "decode":
        return ["The bytes are not what they should be: let the sender send it again, corrected."]
    if "file" in place:
        where = f"{place['file']}:{place['line']}" if "line" in place else str(place["file"])
        return [f"Mend {where}, and put it in force with `crossdock config apply`; or correct it at the source."]
    if row.target_kind == "delivery":
        return [f"See at {row.connection} what it refuses, and correct it there or at the source."]
    return ["Correct it at the source, or mend the pipeline."]


def _replay(row: AnyRow, alike: int) -> str:
    if alike > 1:
        return f"Then send all {alike} of them again: `crossdock replay plan --group {short(row.id)}`."
    return f"Then send it again: `crossdock replay plan {short(row.id)}`."
