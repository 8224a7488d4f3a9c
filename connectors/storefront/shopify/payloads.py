"""What the payloads that the connector takes have in common: how they are read, and Shopify's ids."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Any, Protocol, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

from connectors.formats.json import JsonFormat
from hub.contract.connector import Outbound, PushContext, Receipt
from hub.contract.payload import read_payload

M = TypeVar("M", bound=BaseModel)

_NUMBER = re.compile(r"[0-9]{1,20}")


class Payload(BaseModel):
    """Base of the payloads and their parts: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Operation(Protocol):
    """What the connector does with one payload type; the same transmission twice has one effect."""

    async def push(self, out: Outbound, context: PushContext) -> Receipt:
        """As `Connector.push`."""
        ...

    async def find(self, out: Outbound) -> Receipt | None:
        """As `Connector.find`."""
        ...


def payload_of(model: type[M], out: Outbound) -> M:
    """The payload of a transmission; RejectedMessage naming each wrong field."""
    return read_payload(model, next(JsonFormat().decode([out.body])).data, out.type)


def gid(kind: str, value: Any) -> str:
    """The global id of an object, from that or from its number as integer or text; else a ValueError."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    prefix = f"gid://shopify/{kind}/"
    if not isinstance(text, str) or not _NUMBER.fullmatch(text.removeprefix(prefix)):
        raise ValueError(f"{str(value)[:80]!r} is neither a number nor {prefix}…")
    return prefix + text.removeprefix(prefix)


def number(gid: str) -> str:
    """The number at the end of a global id, by which people and webhooks know the object."""
    return gid.rpartition("/")[2]


OrderGid = Annotated[str, BeforeValidator(partial(gid, "Order"))]
LineGid = Annotated[str, BeforeValidator(partial(gid, "LineItem"))]
LocationGid = Annotated[str, BeforeValidator(partial(gid, "Location"))]
ReturnGid = Annotated[str, BeforeValidator(partial(gid, "Return"))]
