"""The payload `shopify.fulfillment`: a shipment of an order, packed or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain

from pydantic import Field, PositiveInt

from connectors.storefront.shopify.payloads import LineGid, OrderGid, Payload, payload_of
from hub.contract.connector import Outbound
from hub.contract.errors import RejectedMessage


class Tracking(Payload):
    """How the goods can be followed; `company` as Shopify names carriers, so that it makes links."""

    company: str | None = Field(default=None, min_length=1, max_length=255)
    numbers: list[str] = Field(default_factory=list)
    url: str | None = Field(default=None, pattern=r"^https?://")


class ShippedLine(Payload):
    """What was shipped of a line of the order."""

    line: LineGid
    quantity: PositiveInt


class ShippedPackage(Payload):
    """A package, with what is in it and in the packages that it holds."""

    tracking: str | None = None
    lines: list[ShippedLine] = Field(default_factory=list)
    packages: list[ShippedPackage] = Field(default_factory=list)

    def all(self) -> Iterator[ShippedPackage]:
        """This package and all it holds."""
        yield self
        for package in self.packages:
            yield from package.all()


class Fulfillment(Payload):
    """A shipment as a whole: `lines` are what is in no package.

    `location` is the one it left, as a key of the connection's `locations` or Shopify's number; it
    decides only where a line is open at several.
    """

    order: OrderGid
    location: str | None = None
    tracking: Tracking = Tracking()
    lines: list[ShippedLine] = Field(default_factory=list)
    packages: list[ShippedPackage] = Field(default_factory=list)
    notify: bool = False

    def wanted(self) -> Counter[str]:
        """Quantities by line."""
        packed = (line for package in self._all_packages() for line in package.lines)
        total: Counter[str] = Counter()
        for line in chain(self.lines, packed):
            total[line.line] += line.quantity
        return total

    def numbers(self) -> list[str]:
        """All tracking numbers, each once, in their order."""
        packages = [package.tracking for package in self._all_packages() if package.tracking]
        return list(dict.fromkeys([*self.tracking.numbers, *packages]))

    def _all_packages(self) -> Iterator[ShippedPackage]:
        for package in self.packages:
            yield from package.all()


def read_shipment(out: Outbound) -> Fulfillment:
    """The shipment in a transmission; RejectedMessage if it is none, or has nothing in it."""
    shipment = payload_of(Fulfillment, out)
    if not shipment.wanted():
        raise RejectedMessage("The shipment names no line of the order.", field="lines")
    return shipment
