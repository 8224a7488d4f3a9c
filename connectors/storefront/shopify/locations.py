"""Locations: Shopify's ids by the names that the hub's warehouses have."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.storefront.shopify.payloads import gid
from hub.contract.errors import RejectedMessage


class Locations:
    """The connection's setting `locations`, global ids by name. Shopify's own number of a location is taken too."""

    def __init__(self, ids: Mapping[str, str]) -> None:
        self._ids = ids

    def of(self, name: str) -> str:
        """The global id of a location; RejectedMessage if it is neither configured nor a number."""
        found = self.hint(name)
        if found is None:
            known = ", ".join(self._ids) or "none"
            raise RejectedMessage(
                f"The location {name!r} is not among the connection's locations ({known}); "
                "add it there with Shopify's number of the location.",
                field="location",
                value=name,
            )
        return found

    def hint(self, name: str | None) -> str | None:
        """The global id of a location, or None for one that Shopify is not told of."""
        if name is None:
            return None
        try:
            return self._ids.get(name) or gid("Location", name)
        except ValueError:
            return None
