"""`shopify.inventory`: how much of an article there is at a location, set as an absolute quantity.

Source: shopify.dev/docs/api/admin-graphql, inventorySetQuantities. Since 2026-04 each quantity must
say which one it replaces, or null for whatever is there; before, `ignoreCompareQuantity` says so.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field, NonNegativeInt

from connectors.storefront.shopify.api import Done, Nodes, ShopApi
from connectors.storefront.shopify.graphql import user_error_codes
from connectors.storefront.shopify.locations import Locations
from connectors.storefront.shopify.payloads import Payload, payload_of
from hub.contract.connector import Outbound, PushContext, Receipt, State
from hub.contract.errors import InDoubt, RejectedMessage

_ITEMS = """query CrossdockItems($query: String!) {
  inventoryItems(first: 100, query: $query) { nodes { id sku } }
}"""
_LEVEL = """query CrossdockLevel($id: ID!, $location: ID!) {
  inventoryItem(id: $id) { inventoryLevel(locationId: $location) { quantities(names: ["available"]) { quantity } } }
}"""
_SET = """mutation CrossdockInventory($input: InventorySetQuantitiesInput!%s) {
  inventorySetQuantities(input: $input)%s { userErrors { field message code } }
}"""
_MUST_SAY_WHAT_IT_REPLACES = "2026-04"
_GONE = "INVALID_INVENTORY_ITEM"


class Stock(Payload):
    """`available` of an article at a location, a key of the connection's `locations` or Shopify's number."""

    sku: str = Field(min_length=1, max_length=100)
    location: str = Field(min_length=1)
    available: NonNegativeInt


class Inventory:
    """Sets quantities. Inventory items are looked up by SKU once, and kept in the connection's state."""

    def __init__(self, api: ShopApi, state: State, locations: Locations) -> None:
        self._api = api
        self._state = state
        self._locations = locations

    async def push(self, out: Outbound, context: PushContext) -> Receipt:
        """Set the quantity; a kept item that is gone from the shop is looked up anew."""
        stock = payload_of(Stock, out)
        location = self._locations.of(stock.location)
        kept = await self._state.get(_kept(stock.sku))
        item = kept or await self._look_up(stock.sku)
        try:
            await self._set(stock, item, location, out.idempotency_key)
        except RejectedMessage as error:
            if not kept or _GONE not in user_error_codes(error):
                raise
            item = await self._look_up(stock.sku)
            await self._set(stock, item, location, f"{out.idempotency_key}:{item}")
        return _receipt(stock)

    async def find(self, out: Outbound) -> Receipt | None:
        """Whether the quantity is there; where another is, that may have been sold since."""
        stock = payload_of(Stock, out)
        variables = {"id": await self._look_up(stock.sku), "location": self._locations.of(stock.location)}
        item = (await self._api.ask(_LevelAnswer, _LEVEL, variables)).item
        level = item.level if item else None
        if level is not None and [one.quantity for one in level.quantities] == [stock.available]:
            return _receipt(stock)
        there = level.quantities[0].quantity if level and level.quantities else "nothing"
        raise InDoubt(
            f"The shop has {there} of {stock.sku} at {stock.location}, not {stock.available}: it was not set, or "
            "changed since. Sending it again sets it."
        )

    async def _look_up(self, sku: str) -> str:
        """The inventory item of a SKU, which is kept; RejectedMessage unless there is exactly one."""
        escaped = sku.replace("\\", "\\\\").replace('"', '\\"')
        found = await self._api.ask(_ItemsAnswer, _ITEMS, {"query": f'sku:"{escaped}"'})
        items = [item.id for item in found.items.nodes if item.sku == sku]
        if len(items) != 1:
            raise RejectedMessage(
                f"The shop has {len(items) or 'no'} inventory items with the SKU {sku}; there must be one.",
                field="sku",
                value=sku,
            )
        await self._state.set(_kept(sku), items[0])
        return items[0]

    async def _set(self, stock: Stock, item: str, location: str, key: str) -> None:
        declared, directive = self._api.directive()
        variables = {"input": self._input(stock, item, location), **self._api.key(key)}
        await self._api.change(Done, _SET % (declared, directive), variables)

    def _input(self, stock: Stock, item: str, location: str) -> dict[str, Any]:
        quantity: dict[str, Any] = {"inventoryItemId": item, "locationId": location, "quantity": stock.available}
        whole: dict[str, Any] = {"name": "available", "reason": "correction", "quantities": [quantity]}
        if self._api.version >= _MUST_SAY_WHAT_IT_REPLACES:
            quantity["changeFromQuantity"] = None
        else:
            whole["ignoreCompareQuantity"] = True
        return whole


class _Item(BaseModel):
    id: str
    sku: str | None


class _ItemsAnswer(BaseModel):
    items: Nodes[_Item] = Field(alias="inventoryItems")


class _Quantity(BaseModel):
    quantity: int


class _Level(BaseModel):
    quantities: list[_Quantity]


class _ItemLevel(BaseModel):
    level: _Level | None = Field(alias="inventoryLevel")


class _LevelAnswer(BaseModel):
    item: _ItemLevel | None = Field(alias="inventoryItem")


def _kept(sku: str) -> str:
    """The key of the state under which the item of a SKU is kept."""
    return f"inventory-item:{sku}"


def _receipt(stock: Stock) -> Receipt:
    return Receipt(note=f"{stock.available} of {stock.sku} at {stock.location}")
