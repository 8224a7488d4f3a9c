"""What a test of a pipeline may expect: its keys, as pydantic models."""

from __future__ import annotations

from typing import Annotated, Any, Final, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from hub.contract.documents import KINDS
from hub.contract.registry import nearest
from hub.store.states import DeliveryState, DocumentState, MessageState

MESSAGE_STATES: Final = sorted({state.value for state in (*MessageState, *DocumentState, *DeliveryState)})
"""What a message may stand at: it is shown in the worst state of all that it became."""


def _kind(name: str) -> str:
    if name not in KINDS:
        raise ValueError(f"there is no kind of document {name!r}{nearest(name, KINDS)}")
    return name


def _message_state(name: str) -> str:
    if name not in MESSAGE_STATES:
        raise ValueError(f"there is no state {name!r}{nearest(name, MESSAGE_STATES)}")
    return name


class Clause(BaseModel):
    """Base of all: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ExpectedDocument(Clause):
    """A canonical document, or the failure to make one; keys that are not given are not looked at."""

    kind: Annotated[str, AfterValidator(_kind)] | None = Field(default=None, description="Order, Shipment, …")
    state: DocumentState | None = Field(default=None, description="applied, duplicate, dead, …")
    effect: str | None = Field(default=None, description="What it did: created, changed, shipped, …")
    source: str | None = Field(default=None, description="System it came from; `ledger` for what the hub made.")
    order: str | None = Field(default=None, description="Number of the order it is about.")
    pipeline: str | None = Field(default=None, description="Pipeline that made it.")
    mapping: str | None = Field(default=None, description="Mapping that made it.")
    revision: str | None = Field(default=None, description="Version of the object at its source.")
    reason: str | None = Field(default=None, description="Words of why it is not applied.")
    content: Any = Field(default=None, description="The document itself: whole, or $partial, $expr, $file.")


class ExpectedDelivery(Clause):
    """A delivery to one target; keys that are not given are not looked at."""

    to: str | None = Field(default=None, description="Connection it goes to.")
    type: str | None = Field(default=None, description="Payload type of what is sent.")
    state: DeliveryState | None = Field(default=None, description="planned, delivered, dead, in_doubt, …")
    effect: str | None = Field(default=None, description="What its document did: created, changed, …")
    order: str | None = Field(default=None, description="Number of the order it is about.")
    mapping: str | None = Field(default=None, description="Mapping that makes what is sent.")
    attempts: int | None = Field(default=None, ge=0, description="How often its bytes were sent.")
    waits: Literal["number", "lane", "pause", "retry"] | None = Field(default=None, description="What it waits for.")
    reason: str | None = Field(default=None, description="Words of why it is not delivered.")
    payload: Any = Field(
        default=None, description="What is sent, read in its format (text where that cannot): whole, or $partial, …"
    )


class ExpectedFailure(Clause):
    """Something that waits for a person."""

    contains: str | None = Field(default=None, description="Words of what is said to the person.")
    of: Literal["message", "document", "delivery"] | None = Field(default=None, description="What failed.")
    connection: str | None = Field(default=None, description="Connection at which it failed.")
    code: str | None = Field(default=None, description="Its code, as `crossdock failures list` shows it.")
    order: str | None = Field(default=None, description="Number of the order it is about.")


T = TypeVar("T", bound=Clause)


class Part(Clause, Generic[T]):
    """Some of a list: each must be there, and there may be more."""

    partial: list[T] = Field(alias="$partial")


def _whole_or_part(value: Any) -> str:
    return "part" if isinstance(value, dict) else "whole"


_Chosen: Final = Discriminator(_whole_or_part)
Documents = Annotated[
    Annotated[list[ExpectedDocument], Tag("whole")] | Annotated[Part[ExpectedDocument], Tag("part")], _Chosen
]
Deliveries = Annotated[
    Annotated[list[ExpectedDelivery], Tag("whole")] | Annotated[Part[ExpectedDelivery], Tag("part")], _Chosen
]
Failures = Annotated[
    Annotated[list[ExpectedFailure], Tag("whole")] | Annotated[Part[ExpectedFailure], Tag("part")], _Chosen
]


class ExpectClause(Clause):
    """What must be so at this moment. Lists are complete, in any order, unless they are `{$partial: […]}`."""

    documents: Documents | None = Field(default=None, description="What was made of the messages.")
    deliveries: Deliveries | None = Field(default=None, description="What goes out.")
    failures: Failures | None = Field(default=None, description="What waits for a person; an empty list: nothing does.")
    order: dict[str, Any] | None = Field(
        default=None, description="An order, as `crossdock orders show` has it: `find`, and what must be in it."
    )
    messages: dict[Annotated[str, AfterValidator(_message_state)], int] | None = Field(
        default=None, description="How many messages stand at each state."
    )
    since: Literal["start", "last"] = Field(
        default="start",
        description="With `last`, documents and deliveries are those made since the `expect` before.",
    )

    @model_validator(mode="after")
    def _says_something(self) -> ExpectClause:
        if not self.model_fields_set - {"since"}:
            raise ValueError("expect documents, deliveries, failures, messages or an order")
        if self.order is not None and not isinstance(self.order.get("find"), str):
            raise ValueError("an order is named by one of its numbers: {find: '#1001', …}")
        return self
