"""Crosswalks: code tables, and rows added to and removed from them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Query

from hub.api.parameters import Actor, Asked, AtDesk, Word
from hub.api.threads import Router
from hub.operations.crosswalks import (
    AddedCrosswalkRow,
    CrosswalkLine,
    CrosswalkRow,
    RemovedCrosswalkRows,
    add_crosswalk_row,
    list_crosswalks,
    list_rows,
    remove_crosswalk_rows,
)

router = Router("crosswalks")


class RowAsked(Asked):
    """A row: `value` is called `target` on the other side, from the first day to the last, both included.

    A table that is not known is refused, unless `new` makes it.
    """

    value: Word
    target: Word
    valid_from: date | None = None
    valid_to: date | None = None
    new: bool = False


@router.get("", summary="List the code tables")
def list_(desk: AtDesk) -> list[CrosswalkLine]:
    """Those of files, and those that only have added rows."""
    return list_crosswalks(desk.store, desk.workspace)


@router.get("/{name:path}", summary="List the rows of one table")
def rows(
    desk: AtDesk,
    name: Word,
    value: Annotated[Word | None, Query(description="Only the rows for this value.")] = None,
) -> list[CrosswalkRow]:
    """They stand in the order in which they count."""
    return list_rows(desk.store, desk.workspace, name, value=value)


@router.post("/{name:path}", summary="Add a row to a table", status_code=201)
def add(desk: AtDesk, actor: Actor, name: Word, asked: RowAsked) -> AddedCrosswalkRow:
    """It counts from the next message on."""
    return add_crosswalk_row(
        desk.store,
        desk.workspace,
        name,
        asked.value,
        asked.target,
        actor=actor,
        clock=desk.clock,
        valid_from=asked.valid_from,
        valid_to=asked.valid_to,
        new=asked.new,
    )


@router.delete("/{name:path}", summary="Remove the row that was added last for a value")
def remove(
    desk: AtDesk,
    name: Word,
    value: Annotated[Word, Query(description="The value that is looked up.")],
    target: Annotated[Word | None, Query(description="Only a row with this code.")] = None,
    everything: Annotated[bool, Query(description="All rows that were added, not the last alone.")] = False,
) -> RemovedCrosswalkRows:
    """What was before counts again, from the next message on. Rows of files stay."""
    return remove_crosswalk_rows(
        desk.store, desk.workspace, name, value, clock=desk.clock, target=target, everything=everything
    )
