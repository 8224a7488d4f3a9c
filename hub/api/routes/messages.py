"""Messages: what arrived, what became of it, and a plan to send again what failed of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from hub.api.bodies import BYTES, download_message
from hub.api.parameters import Actor, Asked, AtDesk, Limit, Word
from hub.api.threads import Router
from hub.operations.errors import NotFound
from hub.operations.failures.replays import Plan, Selection, plan_replay
from hub.operations.messages import Message, MessageFilter, MessagePage, list_messages, show_message
from hub.runtime.replay import Mode

router = Router("messages")


class ReplayOfMessage(Asked):
    """How to send again."""

    mode: Mode = Mode.REPROCESS


@router.get("", summary="List what arrived, the latest first")
def list_(
    *,
    desk: AtDesk,
    find: Annotated[Word | None, Query(description="Any business number, SKU, file name, webhook id or id.")] = None,
    connection: Annotated[Word | None, Query(description="Only from this connection.")] = None,
    state: Annotated[Word | None, Query(description="Only those whose worst state is this one.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Only those that came since then.")] = None,
    limit: Limit = 50,
    after: Annotated[Word | None, Query(description="The page behind this one: its `next`.")] = None,
) -> MessagePage:
    """Each has the worst state of everything that was made of it."""
    which = MessageFilter(connection=connection, state=state, find=find, since=since)
    return list_messages(desk.store, which, limit=limit, after=after)


@router.get("/{id}", summary="Show one message")
def show(desk: AtDesk, id: Word) -> Message:
    """Its headers, the beginning of its body, its documents and their deliveries."""
    return show_message(desk.store, id, now=desk.now)


@router.get(
    "/{id}/body",
    summary="Download the bytes of a message",
    response_class=StreamingResponse,
    responses={200: {"content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}}},
)
def body(desk: AtDesk, id: Word) -> StreamingResponse:
    """They are as they came."""
    return download_message(desk.store, id)


@router.post("/{id}/replay", summary="Plan to send again what failed of a message", status_code=201)
def replay(desk: AtDesk, actor: Actor, id: Word, asked: ReplayOfMessage) -> Plan:
    """Nothing is done yet: the plan says what would happen, and is run by its own id."""
    failures = _failures(show_message(desk.store, id, now=desk.now))
    if not failures:
        raise NotFound("Nothing that failed of this message is open.", value=id)
    return plan_replay(desk.store, Selection(failures), asked.mode, actor=actor, clock=desk.clock)


def _failures(message: Message) -> tuple[str, ...]:
    """What is open of a message, its documents, and their deliveries."""
    of_deliveries = (one.failure for document in message.documents for one in document.deliveries)
    found = (message.failure, *(document.failure for document in message.documents), *of_deliveries)
    return tuple(failure for failure in found if failure is not None)
