"""Failures: what stopped, why, and a person's decision on a delivery in doubt."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import Field

from hub.api.parameters import Actor, Asked, AtDesk, Limit, Word
from hub.api.threads import Router
from hub.operations.failures.listing import Failure, FailureGroup, FailureLine, list_failures, list_groups, show_failure
from hub.operations.failures.settling import Decision, Settled, settle

router = Router("failures")

_Connection = Annotated[Word | None, Query(description="Only those at this connection.")]


class DecisionAsked(Asked):
    """What a person found out; `numbers` (kind to value) are what the counterpart called it, if it arrived."""

    decision: Decision
    numbers: dict[Word, Word] = Field(default_factory=dict)


@router.get("", summary="List failures one by one, the latest first")
def list_(
    desk: AtDesk,
    group: Annotated[Word | None, Query(description="Only of one cause: its key, or the id of one of them.")] = None,
    connection: _Connection = None,
    closed: Annotated[bool, Query(description="Those that are settled, instead of the open ones.")] = False,
    limit: Limit = 50,
) -> list[FailureLine]:
    """The open ones, unless the settled ones are asked for."""
    return list_failures(desk.store, group=group, connection_name=connection, closed=closed, limit=limit)


@router.get("/groups", summary="List what is open by cause; the cause that struck last comes first")
def groups(desk: AtDesk, connection: _Connection = None, limit: Limit = 50) -> list[FailureGroup]:
    """Each with how many there are, and the latest as an example."""
    return list_groups(desk.store, connection_name=connection, limit=limit)


@router.get("/{name:path}", summary="Show one failure, by its id, the id of what failed, or a group's key")
def show(desk: AtDesk, name: Word) -> Failure:
    """What failed, where, why, and what to do."""
    return show_failure(desk.store, name)


@router.post("/{id}/settle", summary="Decide on a delivery that is in doubt or dead")
def settle_(desk: AtDesk, actor: Actor, id: Word, asked: DecisionAsked) -> Settled:
    """It is named by the failure's id or its own."""
    return settle(desk.store, id, asked.decision, numbers=asked.numbers, actor=actor, clock=desk.clock)
