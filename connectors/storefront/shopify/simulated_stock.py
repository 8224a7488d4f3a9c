"""The stockroom of the simulated shop: locations, inventory items, and how much there is of each where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.storefront.shopify.orders import Json
from connectors.storefront.shopify.simulated_graphql import Handler, refusal

_FIRST_ITEM = 46_900_000_000_000
_AT_FIRST = 100
"""How much there is of an article at each location before anything is sold."""


@dataclass(slots=True)
class StockItem:
    """An inventory item: what is available by location, and how often that was set to something else."""

    id: int
    sku: str
    available: dict[str, int]
    effects: int = 0

    @property
    def gid(self) -> str:
        """Its global id."""
        return f"gid://shopify/InventoryItem/{self.id}"


@dataclass(slots=True)
class Stockroom:
    """Locations by name; `assigned` names the location that ships an article, by default the first."""

    locations: Mapping[str, int]
    assigned: Mapping[str, str]
    items: dict[str, StockItem] = field(default_factory=dict)
    made: int = 0

    def add(self, sku: str, available: int = _AT_FIRST) -> StockItem:
        """The inventory item of a SKU, new if there was none; a removed and added one has another id."""
        if sku not in self.items:
            self.made += 1
            self.items[sku] = StockItem(_FIRST_ITEM + self.made, sku, dict.fromkeys(self.locations, available))
        return self.items[sku]

    def remove(self, sku: str) -> None:
        """Delete an article; ValueError if there is none."""
        if sku not in self.items:
            raise ValueError(f"There is no article {sku}; there are {', '.join(self.items) or 'none'}.")
        del self.items[sku]

    def sell(self, sku: str, quantity: int) -> None:
        """An order commits a quantity."""
        self.add(sku).available[self.place_of(sku)] -= quantity

    def place_of(self, sku: str) -> str:
        """The name of the location that ships an article."""
        return self.assigned.get(sku) or next(iter(self.locations))

    def gid_of(self, location: str) -> str:
        """The global id of a location."""
        return f"gid://shopify/Location/{self.locations[location]}"

    def state(self) -> Json:
        """What is available by SKU and location, and the effects of setting it."""
        return {sku: {"available": dict(item.available), "effects": item.effects} for sku, item in self.items.items()}

    def handlers(self) -> dict[str, Handler]:
        """The GraphQL fields answered here."""
        return {"inventoryItems": self._items, "inventoryItem": self._item, "inventorySetQuantities": self._set}

    def _items(self, arguments: Mapping[str, Any]) -> Json:
        """As the search does: what begins with the words asked for is found as well."""
        wanted = arguments["query"].removeprefix("sku:").strip('"').lower()
        return {
            "nodes": [
                {"id": item.gid, "sku": item.sku} for item in self.items.values() if item.sku.lower().startswith(wanted)
            ]
        }

    def _item(self, arguments: Mapping[str, Any]) -> Json | None:
        item = self._by_gid(arguments["id"])
        location = self._named(arguments["locationId"])
        if item is None or location is None:
            return None
        quantity = {"name": "available", "quantity": item.available[location]}
        return {"id": item.gid, "inventoryLevel": {"quantities": [quantity]}}

    def _set(self, arguments: Mapping[str, Any]) -> Json:
        wanted = arguments["input"]
        for index, quantity in enumerate(wanted["quantities"]):
            if refused := self._refused(quantity, legacy="ignoreCompareQuantity" in wanted):
                message, code = refused
                return refusal(f"quantities.{index}", message, code=code)
        for quantity in wanted["quantities"]:
            self._set_one(quantity)
        return {"inventoryAdjustmentGroup": {"reason": wanted["reason"]}, "userErrors": []}

    def _refused(self, quantity: Mapping[str, Any], *, legacy: bool) -> tuple[str, str] | None:
        item, location = self._by_gid(quantity["inventoryItemId"]), self._named(quantity["locationId"])
        if item is None:
            return "The specified inventory item could not be found.", "INVALID_INVENTORY_ITEM"
        if location is None:
            return "The specified location could not be found.", "INVALID_LOCATION"
        if not legacy and quantity["changeFromQuantity"] not in {None, item.available[location]}:
            return "The changeFromQuantity value does not match persisted value.", "CHANGE_FROM_QUANTITY_STALE"
        return None

    def _set_one(self, quantity: Mapping[str, Any]) -> None:
        item, location = self._by_gid(quantity["inventoryItemId"]), self._named(quantity["locationId"])
        if item is not None and location is not None:
            item.effects += item.available[location] != quantity["quantity"]
            item.available[location] = quantity["quantity"]

    def _by_gid(self, gid: str) -> StockItem | None:
        return next((item for item in self.items.values() if item.gid == gid), None)

    def _named(self, gid: str) -> str | None:
        return next((name for name in self.locations if self.gid_of(name) == gid), None)
