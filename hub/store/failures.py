"""Failure rows: what failed, why, where, since when; opened and closed with what they are about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, update

from hub.contract.ids import new_id
from hub.store.statements import Row, dumps
from hub.store.tables import failure


@dataclass(frozen=True, slots=True)
class FailureNote:
    """Why something failed, in words for support (`text`) and for whoever debugs it (`detail`).

    `place` holds plain values (field, value, crosswalk, file, line …). `group_key` is shared by
    failures with one cause.
    """

    code: str
    text: str
    group_key: str
    detail: str | None = None
    place: dict[str, Any] = field(default_factory=dict)


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
        "group_key": note.group_key[:200],
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
