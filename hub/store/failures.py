"""Failure rows: what failed, why, where, since when; opened and closed with what they are about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, update

from hub.contract.ids import new_id
from hub.store.statements import Row, dumps
from hub.store.tables import failure
from hub.store.texts import NUMBER, shown, shown_tree

_CODE = 40


@dataclass(frozen=True, slots=True)
class FailureNote:
    """Why something failed, in words for support (`text`) and for whoever debugs it (`detail`).

    `place` holds plain values (field, value, crosswalk, file, line …). `group_key` is shared by
    failures with one cause. Texts may quote what came from outside: they are made fit to be kept.
    """

    code: str
    text: str
    group_key: str
    detail: str | None = None
    place: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        fit = {
            "code": shown(self.code, _CODE),
            "text": shown(self.text),
            "group_key": shown(self.group_key, NUMBER),
            "detail": None if self.detail is None else shown(self.detail),
            "place": shown_tree(self.place),
        }
        for name, value in fit.items():
            object.__setattr__(self, name, value)


def failure_row(
    note: FailureNote, *, kind: str, target: str, message: str, subject: str | None, connection: str, at: int
) -> Row:
    """The row that opens a failure of a message, document or delivery."""
    return {
        "id": new_id(),
        "target_kind": kind,
        "target": target,
        "message": message,
        "subject": subject,
        "connection": connection,
        "group_key": note.group_key,
        "code": note.code,
        "text": note.text,
        "detail": note.detail,
        "place": dumps(note.place),
        "opened_at": at,
        "closed_at": None,
        "closed_by": None,
    }


def close_failures(connection: Connection, targets: list[str], *, by: str, at: int) -> None:
    """Close what is open for these targets."""
    if targets:
        connection.execute(
            update(failure)
            .where(failure.c.target.in_(targets), failure.c.closed_at.is_(None))
            .values(closed_at=at, closed_by=by)
        )
