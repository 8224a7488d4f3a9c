"""`shopify.order_update`: tags and metafields of an order.

Sources: shopify.dev/docs/api/admin-graphql, tagsAdd and metafieldsSet. Adding a tag that is there
and setting a metafield to the value it has change nothing.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from connectors.storefront.shopify.api import Done, Nodes, ShopApi
from connectors.storefront.shopify.payloads import OrderGid, Payload, number, payload_of
from hub.contract.connector import Outbound, PushContext, Receipt
from hub.contract.errors import RejectedMessage

_FIND = """query CrossdockFind($id: ID!, $keys: [String!]) {
  order(id: $id) { id tags metafields(first: 25, keys: $keys) { nodes { namespace key value } } }
}"""
_ADD_TAGS = "tagsAdd(id: $id, tags: $tags) { userErrors { field message } }"
_SET_METAFIELDS = "metafieldsSet(metafields: $metafields) { userErrors { field message code } }"


class Metafield(Payload):
    """A value kept with the order, under `namespace.key`."""

    namespace: str = Field(min_length=3, max_length=255)
    key: str = Field(min_length=2, max_length=64)
    type: str = Field(min_length=1)
    value: str = Field(min_length=1)


class OrderUpdate(Payload):
    """What to add to an order."""

    order: OrderGid
    tags: list[Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^,]+$")]] = Field(default_factory=list)
    metafields: list[Metafield] = Field(default_factory=list, max_length=25)

    def mutation(self) -> tuple[str, dict[str, Any]]:
        """The one request that adds the tags and sets the metafields: document and variables."""
        variables: dict[str, Any] = {}
        parts: list[tuple[str, str]] = []
        if self.tags:
            variables |= {"id": self.order, "tags": self.tags}
            parts.append(("$id: ID!, $tags: [String!]!", _ADD_TAGS))
        if self.metafields:
            variables["metafields"] = [{"ownerId": self.order, **field.model_dump()} for field in self.metafields]
            parts.append(("$metafields: [MetafieldsSetInput!]!", _SET_METAFIELDS))
        declared, selected = ", ".join(part[0] for part in parts), " ".join(part[1] for part in parts)
        return f"mutation CrossdockUpdate({declared}) {{ {selected} }}", variables

    def is_met_by(self, order: _Order) -> bool:
        """Whether the order has all the tags and all the metafields already.

        Tags are compared without case, as Shopify does.
        """
        tags = {tag.lower() for tag in order.tags}
        values = {(node.namespace, node.key): node.value for node in order.metafields.nodes}
        return all(tag.lower() in tags for tag in self.tags) and all(
            values.get((field.namespace, field.key)) == field.value for field in self.metafields
        )


class OrderUpdates:
    """Adds tags and sets metafields, in one request."""

    def __init__(self, api: ShopApi) -> None:
        self._api = api

    async def push(self, out: Outbound, context: PushContext) -> Receipt:
        """Change the order; needs no look-up before, since a second time changes nothing."""
        update = read_update(out)
        await self._api.change(Done, *update.mutation())
        return _receipt(update)

    async def find(self, out: Outbound) -> Receipt | None:
        """Whether the order has the tags and metafields of this transmission."""
        update = read_update(out)
        keys = [f"{field.namespace}.{field.key}" for field in update.metafields]
        order = (await self._api.ask(_Found, _FIND, {"id": update.order, "keys": keys})).order
        return _receipt(update) if order is not None and update.is_met_by(order) else None


def read_update(out: Outbound) -> OrderUpdate:
    """The update in a transmission; RejectedMessage if it is none, or empty."""
    update = payload_of(OrderUpdate, out)
    if not update.tags and not update.metafields:
        raise RejectedMessage("The order update has neither tags nor metafields.", field="tags")
    return update


class _Value(BaseModel):
    namespace: str
    key: str
    value: str


class _Order(BaseModel):
    tags: list[str]
    metafields: Nodes[_Value]


class _Found(BaseModel):
    order: _Order | None


def _receipt(update: OrderUpdate) -> Receipt:
    keys = [f"{field.namespace}.{field.key}" for field in update.metafields]
    return Receipt(note=f"order {number(update.order)}: {', '.join([*update.tags, *keys])}")
