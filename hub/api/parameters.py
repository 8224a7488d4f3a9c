"""What comes with a request: the desk, who asks, and values as they must be before an operation sees them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from hub.api.desk import Desk
from hub.store.texts import misfit

LONGEST = 1100
"""Characters of the longest text that names something."""

MOST = 500
"""Rows of one answer, and names in one request, at most."""


# Coroutines, since FastAPI would run plain functions in threads of its own.
async def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


async def _actor(request: Request) -> str:
    name: str = request.state.caller.name
    return name


def _fit(text: str) -> str:
    trouble = misfit(text, LONGEST)
    if trouble is not None:
        raise ValueError(f"the text {trouble}")
    return text


AtDesk = Annotated[Desk, Depends(_desk)]
"""What the operation works with."""

Actor = Annotated[str, Depends(_actor)]
"""Who acts: the name of the token."""

Word = Annotated[str, AfterValidator(_fit)]
"""A text that both databases can look for."""

Words = Annotated[list[Word], Field(max_length=MOST, default_factory=list)]
"""Several of them; none, if nothing is said."""

Limit = Annotated[int, Query(ge=1, le=MOST, description="Rows at most.")]


class Asked(BaseModel):
    """Base of what is sent: a key that is not known is refused, since it may be a slip of the pen."""

    model_config = ConfigDict(extra="forbid")
