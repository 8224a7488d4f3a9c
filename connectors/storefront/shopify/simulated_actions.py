"""What the simulated shop is started with, and the arguments of its actions."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Settings of the simulated shop."""

    model_config = ConfigDict(extra="forbid")

    shop: str | None = Field(default=None, description="Domain; made from the connection's name unless given.")
    slow_seconds: float = Field(default=2.0, ge=0, description="How long an answer takes under the fault `slow`.")
    locations: dict[str, int] = Field(
        default={"main": 70_500_000_001}, min_length=1, description="Locations: Shopify's numbers by name."
    )
    assigned: dict[str, str] = Field(
        default_factory=dict, description="Which location ships an article, by SKU; the first one unless named."
    )


class Line(BaseModel):
    """A line wanted; further keys are fields of the line item."""

    model_config = ConfigDict(extra="allow")

    sku: str
    quantity: int = Field(ge=0)
    price: str | None = None


class Delivery(BaseModel):
    """How a webhook is to be delivered: at once, when told to, or not ever; and how many times."""

    deliver: Literal["now", "hold", "never"] = "now"
    copies: int = Field(default=1, ge=1, le=100)


class PlaceOrder(Delivery):
    """`place_order`: further keys are fields of the order."""

    model_config = ConfigDict(extra="allow")

    number: int | None = Field(default=None, gt=0)
    lines: list[Line] | None = None


class UpdateOrder(Delivery):
    """`update_order`: `changes` are fields of the order; `lines` the lines it shall have."""

    model_config = ConfigDict(extra="forbid")

    number: str | int
    changes: dict[str, Any] = Field(default_factory=dict)
    lines: list[Line] | None = None


class Deliver(BaseModel):
    """`deliver`: what is held, in this order; or the webhooks named, in theirs."""

    model_config = ConfigDict(extra="forbid")

    order: Literal["oldest_first", "newest_first"] = "oldest_first"
    webhooks: list[str] | None = None


class Resend(BaseModel):
    """`resend`: a webhook, or an order's last one, again under the id it had."""

    model_config = ConfigDict(extra="forbid")

    webhook: str | None = None
    number: str | int | None = None
    copies: int = Field(default=1, ge=1, le=100)


class ReturnedLine(BaseModel):
    """What a customer wants to return; `reason` is one of Shopify's, `note` the customer's words."""

    model_config = ConfigDict(extra="forbid")

    sku: str
    quantity: int = Field(default=1, gt=0)
    reason: str = "unwanted"
    note: str | None = None


class RequestReturn(Delivery):
    """`request_return`: of an order, what was shipped of it."""

    model_config = ConfigDict(extra="forbid")

    number: str | int
    lines: list[ReturnedLine] = Field(min_length=1)


class Article(BaseModel):
    """`add_article` and `remove_article`: an article that the shop stocks."""

    model_config = ConfigDict(extra="forbid")

    sku: str


def plain(lines: list[Line] | None) -> list[dict[str, Any]] | None:
    """Lines as the shop takes them."""
    return None if lines is None else [line.model_dump(exclude_none=True) for line in lines]
