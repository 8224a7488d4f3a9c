"""Lineage: where each field of a document, or of what was sent, came from."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from hub.api.parameters import AtDesk, Word
from hub.api.threads import Router
from hub.operations.lineage.tracing import Lineage, trace_message

router = Router("messages")


@router.get("/{id}/lineage", summary="Tell where each field came from")
def lineage(
    desk: AtDesk,
    id: Word,
    field: Annotated[Word | None, Query(description="Only what is at or below this path: `buyer.email`.")] = None,
    delivery: Annotated[Word | None, Query(description="What this delivery carries, not the documents.")] = None,
) -> Lineage:
    """Expression, place in the configuration's version, what was read and looked up, for the first 20 documents."""
    return trace_message(desk.store, id, field=field, delivery=delivery)
