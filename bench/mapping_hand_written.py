"""What `mapping/order.yaml` says, as somebody would write it in Python: the floor that `mapping` is held against."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

Tree = dict[str, Any]


def money(amount: Any, currency: str) -> Tree:
    """An amount in a currency."""
    return {"amount": Decimal(amount), "currency": currency}


def price(amount: Any, currency: str) -> Tree:
    """The price of one piece."""
    return {**money(amount, currency), "per": quantity(1)}


def quantity(value: Any) -> Tree:
    """So many pieces."""
    return {"value": Decimal(value), "unit": "EA"}


def to_order(source: Tree, articles: Mapping[str, str]) -> Tree:
    """An Order of a Shopify order."""
    currency = source["currency"]
    order = {
        "number": source["name"],
        "type": "standard",
        "channel_class": "B2B" if source["billing_address"]["company"] else "D2C",
        "ordered_at": datetime.fromisoformat(source["created_at"]),
        "currency": currency,
        "test": source["test"],
        "cancelled": source["cancelled_at"] is not None,
        "buyer": _buyer(source),
        "bill_to": _address(source["billing_address"]),
        "ship_to": _address(source["shipping_address"]),
        "payment_status": source["financial_status"],
        "carrier_service": source["shipping_lines"][0]["title"],
        "lines": [_line(item, currency, articles) for item in source["line_items"]],
        "taxes": [_tax(tax, currency) for tax in source["tax_lines"]],
        "totals": {
            "goods": money(source["current_subtotal_price"], currency),
            "tax": money(source["current_total_tax"], currency),
            "grand": money(source["current_total_price"], currency),
        },
        "note": source["note"],
        "extensions": _known({"channel": source["source_name"]}),
    }
    return _known(order)


def _buyer(source: Tree) -> Tree:
    customer = source["customer"]
    buyer = {
        "name": f"{customer['first_name']} {customer['last_name']}",
        "company": source["billing_address"]["company"],
        "email": source["email"],
        "phone": customer["phone"],
        "identifiers": [{"scheme": "shopify-customer", "value": str(customer["id"])}],
    }
    return _known(buyer)


def _address(address: Tree) -> Tree:
    party = {
        "name": address["name"],
        "phone": address["phone"],
        "street": [address["address1"]],
        "city": address["city"],
        "postcode": address["zip"],
        "region": address["province_code"],
        "country": address["country_code"],
    }
    return _known(party)


def _line(item: Tree, currency: str, articles: Mapping[str, str]) -> Tree:
    return {
        "line_id": str(item["id"]),
        "sku": item["sku"],
        "buyer_item": articles[item["sku"]],
        "description": item["name"],
        "quantity": quantity(item["current_quantity"]),
        "price": price(item["price"], currency),
        "cancelled": item["current_quantity"] == 0,
        "taxes": [_tax(tax, currency) for tax in item["tax_lines"]],
    }


def _tax(tax: Tree, currency: str) -> Tree:
    return _known({"amount": money(tax["price"], currency), "rate": Decimal(tax["rate"]), "name": tax["title"]})


def _known(tree: Tree) -> Tree:
    return {key: value for key, value in tree.items() if value is not None}
