"""Orders as Shopify's webhooks carry them (REST order resource, API version 2026-04).

`order_json` makes a whole one from a number, the same one every time; the simulator, the tests
and the benchmark use it. Money is text with two decimals, as Shopify sends it; ids are integers
beyond 2**32.

Source of the format: shopify.dev/docs/api/admin-rest/latest/resources/order.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Json = dict[str, Any]

_FIRST_ORDER_ID = 6_402_100_000_000
_FIRST_LINE_ID = 15_310_700_000_000
_OPENED = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_TAX_RATE = Decimal("0.08")
_SHIPPING = Decimal("5.90")
_CENT = Decimal("0.01")

DEFAULT_LINES: Sequence[Mapping[str, Any]] = (
    {"sku": "MUG-WHITE", "quantity": 2, "price": "12.50", "title": "Enamel mug", "variant_title": "White"},
    {"sku": "TEA-EARLGREY-100", "quantity": 1, "price": "8.90", "title": "Earl Grey", "variant_title": "100 g"},
)

CUSTOMERS: Sequence[Mapping[str, str]] = (
    {"first_name": "Ada", "last_name": "Brandt", "address1": "12 Harbour Street", "city": "Portland", "zip": "04101"},
    {"first_name": "Noor", "last_name": "Haddad", "address1": "480 Mill Road", "city": "Bangor", "zip": "04401"},
    {"first_name": "Íñigo", "last_name": "Sánchez", "address1": "7 Spruce Lane", "city": "Augusta", "zip": "04330"},
)


def order_json(number: int, *, lines: Sequence[Mapping[str, Any]] | None = None, **overrides: Any) -> Json:
    """A paid order of two lines, about 5.8 KB as JSON.

    A line is `{sku, quantity, price}` and whatever else of a line item is wanted. `overrides`
    replace fields of the finished order; totals follow the lines unless overridden. It is to be
    written as JSON: like Shopify's, its tax rates are numbers.
    """
    customer = CUSTOMERS[number % len(CUSTOMERS)]
    currency = str(overrides.get("currency", "USD"))
    items = [line_item(number, position, line, currency) for position, line in enumerate(lines or DEFAULT_LINES)]
    email = _plain(f"{customer['first_name']}.{customer['last_name']}.{number}@mail.example").lower()
    order: Json = {
        **_identity(number, email, currency),
        **totals(items, currency),
        "customer": _customer(number, customer, email, currency),
        "billing_address": _address(customer),
        "shipping_address": _address(customer),
        "line_items": items,
        "shipping_lines": [_shipping_line(number, currency)],
        "fulfillments": [],
        "refunds": [],
    }
    return {**order, **overrides}


def line_item(number: int, position: int, line: Mapping[str, Any], currency: str) -> Json:
    """One line item of order `number`, with its tax; keys of `line` replace what is made up here."""
    quantity, price = line["quantity"], Decimal(str(line.get("price", "10.00")))
    title = str(line.get("title", line["sku"]))
    variant = line.get("variant_title")
    line_id = _FIRST_LINE_ID + number * 100 + position
    made: Json = {
        "id": line_id,
        "admin_graphql_api_id": f"gid://shopify/LineItem/{line_id}",
        "current_quantity": quantity,
        "fulfillable_quantity": quantity,
        "fulfillment_service": "manual",
        "fulfillment_status": None,
        "gift_card": False,
        "grams": 350,
        "name": f"{title} - {variant}" if variant else title,
        "price_set": money_set(price, currency),
        "product_exists": True,
        "product_id": 8_120_000_000_000 + position,
        "properties": [],
        "requires_shipping": True,
        "taxable": True,
        "title": title,
        "total_discount": "0.00",
        "variant_id": 44_810_000_000_000 + position,
        "variant_inventory_management": "shopify",
        "variant_title": variant,
        "vendor": "Quayside Goods",
        "tax_lines": [tax_line(price * quantity * _TAX_RATE)],
        "duties": [],
        "discount_allocations": [],
    }
    return {**made, **line, "price": _text(price)}


def tax_line(amount: Decimal) -> Json:
    """The one tax of this shop."""
    return {"channel_liable": False, "price": _text(amount), "rate": float(_TAX_RATE), "title": "State Tax"}


def totals(items: Sequence[Mapping[str, Any]], currency: str) -> Json:
    """The order's sums over its lines as they are now, and the shipping charge."""
    goods = sum((Decimal(item["price"]) * item["current_quantity"] for item in items), Decimal(0))
    discounts = sum((_discount(item) for item in items), Decimal(0))
    tax = sum((Decimal(tax["price"]) for item in items for tax in item["tax_lines"]), Decimal(0))
    grand = goods - discounts + tax + _SHIPPING
    amounts = {
        "subtotal_price": goods - discounts,
        "total_discounts": discounts,
        "total_price": grand,
        "total_tax": tax,
    }
    sums: Json = {f"{prefix}{name}": _text(amount) for prefix in ("", "current_") for name, amount in amounts.items()}
    sums |= {f"{name}_set": money_set(amount, currency) for name, amount in amounts.items()}
    sums["total_line_items_price"] = _text(goods)
    sums["total_shipping_price_set"] = money_set(_SHIPPING, currency)
    sums["tax_lines"] = [tax_line(tax)]
    return sums


def money_set(amount: Decimal, currency: str) -> Json:
    """An amount in the shop's and in the customer's currency, here the same."""
    money = {"amount": _text(amount), "currency_code": currency}
    return {"shop_money": money, "presentment_money": dict(money)}


def stamp(moment: datetime) -> str:
    """A time as Shopify writes it: whole seconds, with the shop's offset."""
    return moment.replace(microsecond=0).isoformat()


def _plain(text: str) -> str:
    """The text without accents, as people write their names in addresses."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _identity(number: int, email: str, currency: str) -> Json:
    order_id = _FIRST_ORDER_ID + number
    created = stamp(_OPENED + timedelta(minutes=number))
    return {
        "id": order_id,
        "admin_graphql_api_id": f"gid://shopify/Order/{order_id}",
        "app_id": 580111,
        "browser_ip": "203.0.113.17",
        "buyer_accepts_marketing": False,
        "cancel_reason": None,
        "cancelled_at": None,
        "cart_token": f"c1-{number:032x}",
        "checkout_id": 36_120_000_000_000 + number,
        "closed_at": None,
        "confirmation_number": f"K{number:08d}",
        "confirmed": True,
        "contact_email": email,
        "created_at": created,
        "currency": currency,
        "presentment_currency": currency,
        "customer_locale": "en-US",
        "discount_applications": [],
        "discount_codes": [],
        "email": email,
        "estimated_taxes": False,
        "financial_status": "paid",
        "fulfillment_status": None,
        "landing_site": "/collections/kitchen",
        "name": f"#{number}",
        "note": None,
        "note_attributes": [],
        "number": number - 1000,
        "order_number": number,
        "order_status_url": f"https://acme.example/68180000000/orders/{number:032x}/authenticate?key={number:024x}",
        "payment_gateway_names": ["shopify_payments"],
        "phone": None,
        "po_number": None,
        "processed_at": created,
        "source_name": "web",
        "tags": "",
        "tax_exempt": False,
        "taxes_included": False,
        "test": False,
        "token": f"{number:032x}",
        "total_weight": 1050,
        "updated_at": created,
        "user_id": None,
    }


def _customer(number: int, customer: Mapping[str, str], email: str, currency: str) -> Json:
    customer_id = 7_350_000_000_000 + number
    return {
        "id": customer_id,
        "admin_graphql_api_id": f"gid://shopify/Customer/{customer_id}",
        "email": email,
        "first_name": customer["first_name"],
        "last_name": customer["last_name"],
        "currency": currency,
        "note": None,
        "phone": None,
        "state": "disabled",
        "tags": "",
        "tax_exempt": False,
        "verified_email": True,
        "default_address": {"id": 9_260_000_000_000 + number, "customer_id": customer_id, **_address(customer)},
    }


def _address(customer: Mapping[str, str]) -> Json:
    return {
        "first_name": customer["first_name"],
        "last_name": customer["last_name"],
        "name": f"{customer['first_name']} {customer['last_name']}",
        "company": None,
        "address1": customer["address1"],
        "address2": None,
        "city": customer["city"],
        "zip": customer["zip"],
        "province": "Maine",
        "province_code": "ME",
        "country": "United States",
        "country_code": "US",
        "phone": "+1 207 555 0142",
    }


def _shipping_line(number: int, currency: str) -> Json:
    return {
        "id": 5_210_000_000_000 + number,
        "code": "STANDARD",
        "title": "Standard shipping",
        "price": _text(_SHIPPING),
        "price_set": money_set(_SHIPPING, currency),
        "discounted_price": _text(_SHIPPING),
        "discounted_price_set": money_set(_SHIPPING, currency),
        "source": "shopify",
        "carrier_identifier": None,
        "requested_fulfillment_service_id": None,
        "tax_lines": [],
        "discount_allocations": [],
    }


def _discount(item: Mapping[str, Any]) -> Decimal:
    return sum((Decimal(allocation["amount"]) for allocation in item["discount_allocations"]), Decimal(0))


def _round(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


def _text(amount: Decimal) -> str:
    return format(_round(amount), "f")
