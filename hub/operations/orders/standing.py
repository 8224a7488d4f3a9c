"""What is shown of a message: the worst of its own state and those of its documents and deliveries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Case, ColumnElement, Integer, Select, case, func, select, union
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement

from hub.operations.errors import BadInput
from hub.store.statements import literal_in
from hub.store.states import OPEN_DELIVERIES, OPEN_DOCUMENTS, DeliveryState, DocumentState, MessageState
from hub.store.tables import delivery, document, failure, message

WORST_FIRST: tuple[str, ...] = (
    DeliveryState.DEAD,
    DeliveryState.IN_DOUBT,
    DocumentState.QUARANTINED,
    DocumentState.WAITING,
    MessageState.RECEIVED,
    DeliveryState.SENDING,
    DeliveryState.PLANNED,
    DeliveryState.DROPPED,
    DeliveryState.SHADOWED,
    DocumentState.FILTERED,
    DocumentState.SUPERSEDED,
    DocumentState.REPLACED,
    DocumentState.DUPLICATE,
    DeliveryState.DELIVERED,
    DocumentState.APPLIED,
    MessageState.DONE,
)
"""All states from the worst to the best. Those before `dropped` are unsettled: somebody or something must act."""

_RANK = {str(state): len(WORST_FIRST) - place for place, state in enumerate(WORST_FIRST)}
_LEAST_UNSETTLED = _RANK[DeliveryState.PLANNED]


def worst(states: Iterable[str]) -> str:
    """The worst of these states, of which there is at least one."""
    return max(states, key=_RANK.__getitem__)


def is_unsettled(state: str) -> bool:
    """Whether something is still to happen."""
    return _RANK[state] >= _LEAST_UNSETTLED


def state_of_rank(rank: int) -> str:
    """The state that a rank stands for."""
    return str(WORST_FIRST[len(WORST_FIRST) - rank])


def rank_of_state(state: str) -> int:
    """The rank of a state, higher for worse; BadInput for a word that is no state."""
    if state not in _RANK:
        raise BadInput(f"There is no state {state!r}; there are {', '.join(WORST_FIRST)}.", value=state)
    return _RANK[state]


def _rank(column: ColumnElement[str]) -> Case[int]:
    return case(_RANK, value=column, else_=0)


class _greatest(FunctionElement[int]):  # noqa: N801 - it reads as a SQL function
    """The largest of its arguments."""

    type = Integer()
    inherit_cache = True


@compiles(_greatest, "sqlite")
def _sqlite_greatest(element: _greatest, compiler: SQLCompiler, **options: Any) -> str:
    return f"max({compiler.process(element.clauses, **options)})"


@compiles(_greatest, "postgresql")
def _postgresql_greatest(element: _greatest, compiler: SQLCompiler, **options: Any) -> str:
    return f"greatest({compiler.process(element.clauses, **options)})"


def message_rank() -> ColumnElement[int]:
    """The rank of the worst state of a message, as a column of a query over `message`."""
    documents = select(func.max(_rank(document.c.state))).where(document.c.message == message.c.id)
    deliveries = (
        select(func.max(_rank(delivery.c.state)))
        .join(document, delivery.c.document == document.c.id)
        .where(document.c.message == message.c.id)
    )
    return _greatest(
        _rank(message.c.state),
        func.coalesce(documents.correlate(message).scalar_subquery(), 0),
        func.coalesce(deliveries.correlate(message).scalar_subquery(), 0),
    )


def unsettled_messages() -> Select[tuple[str]]:
    """The messages of which a part is unsettled, found by the partial indexes of what is open."""
    found = union(
        select(failure.c.message.label("id")).where(failure.c.closed_at.is_(None)),
        select(message.c.id).where(literal_in(message.c.state, [MessageState.RECEIVED])),
        select(document.c.message).where(literal_in(document.c.state, OPEN_DOCUMENTS)),
        select(document.c.message)
        .join(delivery, delivery.c.document == document.c.id)
        .where(literal_in(delivery.c.state, OPEN_DELIVERIES)),
    ).subquery()
    return select(found.c.id)
