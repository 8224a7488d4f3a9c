"""Replays: what failed is sent again, once its cause is mended: first planned, then run."""

from __future__ import annotations

from hub.api.parameters import Actor, Asked, AtDesk, Limit, Word, Words
from hub.api.threads import Router
from hub.operations.failures.replays import (
    Plan,
    PlanLine,
    Selection,
    cancel_replay,
    list_replays,
    plan_replay,
    run_replay,
    show_replay,
)
from hub.runtime.replay import Mode

router = Router("replays")


class PlanAsked(Asked):
    """What to replay, said in one way: `failures` by their ids, or one of the others.

    `group` is a key or a failure's id, `order` any of its numbers.
    """

    failures: Words
    group: Word | None = None
    order: Word | None = None
    connection: Word | None = None
    everything: bool = False
    mode: Mode = Mode.REPROCESS


@router.get("", summary="List plans, the latest first")
def list_(desk: AtDesk, limit: Limit = 50) -> list[PlanLine]:
    """Who replayed what, when, and what came of it."""
    return list_replays(desk.store, limit=limit)


@router.post("", summary="Plan a replay", status_code=201)
def plan(desk: AtDesk, actor: Actor, asked: PlanAsked) -> Plan:
    """Nothing is done yet: the plan says what would happen to each item."""
    selection = Selection(tuple(asked.failures), asked.group, asked.order, asked.connection, asked.everything)
    return plan_replay(desk.store, selection, asked.mode, actor=actor, clock=desk.clock)


@router.get("/{id}", summary="Show a plan, and what became of each item")
def show(desk: AtDesk, id: Word) -> Plan:
    """The first five hundred items."""
    return show_replay(desk.store, id)


@router.post("/{id}/run", summary="Run a plan, or what a killed run left of it")
def run(desk: AtDesk, actor: Actor, id: Word) -> Plan:
    """Deliveries go out as soon as workers take them up. 409 for a plan that is done, cancelled or being run."""
    return run_replay(desk.store, desk.workspace, id, actor=actor, owner=desk.owner(), clock=desk.clock)


@router.post("/{id}/cancel", summary="Cancel a plan")
def cancel(desk: AtDesk, id: Word) -> Plan:
    """One that is running stops after what it has under way."""
    return cancel_replay(desk.store, id)
