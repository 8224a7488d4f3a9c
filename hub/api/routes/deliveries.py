"""Deliveries: what was sent, and each attempt."""

from __future__ import annotations

from fastapi.responses import StreamingResponse

from hub.api.bodies import BYTES, download_delivery
from hub.api.parameters import AtDesk, Word
from hub.api.threads import Router
from hub.operations.deliveries import Sent, show_delivery

router = Router("deliveries")


@router.get("/{id}", summary="Show one delivery")
def show(desk: AtDesk, id: Word) -> Sent:
    """What it waits for, each attempt, and the beginning of the bytes that were sent."""
    return show_delivery(desk.store, id, now=desk.now)


@router.get(
    "/{id}/body",
    summary="Download the bytes that carry a delivery",
    response_class=StreamingResponse,
    responses={200: {"content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}}},
)
def body(desk: AtDesk, id: Word) -> StreamingResponse:
    """They are the same at every attempt. 404 before they are made."""
    return download_delivery(desk.store, id)
