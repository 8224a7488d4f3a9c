"""The same mapping in other languages: Jinja2 a field, JMESPath, JSONata.

Each makes what `mapping/order.yaml` makes, compiled beforehand. What these languages lack (exact numbers,
times, code tables) they call as the same plain Python functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import jmespath
from jinja2.nativetypes import NativeEnvironment, NativeTemplate
from jinja2.sandbox import SandboxedEnvironment
from jmespath.functions import Functions, signature
from jsonata import Jsonata
from jsonata.utils import Utils
from mapping_hand_written import Tree, money, price, quantity

Run = Callable[[Tree], Any]
"""Makes an Order of a Shopify order."""


# Jinja2: each expression of the mapping's own file is a template in the sandbox, with native values.


class _Environment(SandboxedEnvironment, NativeEnvironment):
    @staticmethod
    def concat(values: Iterable[Any]) -> Any:
        """The one value of a field; the original would make numbers of texts that look so."""
        return next(iter(values), None)


class _Template(NativeTemplate):
    environment_class = _Environment


_Environment.template_class = _Template


def jinja2_a_field(fields: Tree, articles: Mapping[str, str]) -> Run:
    """`fields` are those of the mapping's file as plain data."""
    environment = _Environment(autoescape=False, finalize=None)
    environment.filters |= {
        "datetime": datetime.fromisoformat,
        "decimal": Decimal,
        "text": str,
        "money": money,
        "price": price,
        "quantity": lambda value, _: quantity(value),
        "crosswalk": lambda value, _: articles[value],
    }
    compiled = _templates(fields, environment)
    return lambda source: _made(compiled, {"source": source})


def _templates(plan: Any, environment: _Environment) -> Any:
    """The plan with a template for each expression; loops become (template, name, item)."""
    if isinstance(plan, str):
        return environment.from_string(f"{{{{ {plan} }}}}")
    if isinstance(plan, list):
        return [_templates(item, environment) for item in plan]
    if "$const" in plan:
        return plan
    if "$value" in plan:
        return _templates(plan["$value"], environment)
    made = {key: _templates(value, environment) for key, value in plan.items() if key != "$each"}
    if "$each" not in plan:
        return made
    source, name = plan["$each"].split(" as ")
    return _templates(source, environment), name, made


def _made(plan: Any, names: Tree) -> Any:
    if isinstance(plan, NativeTemplate):
        return plan.render(names)
    if isinstance(plan, list):
        return [_made(item, names) for item in plan]
    if isinstance(plan, tuple):
        items, name, item = plan
        return [_made(item, {**names, name: found}) for found in items.render(names)]
    if "$const" in plan:
        return plan["$const"]
    if "$let" in plan:
        names = {**names, **{name: value.render(names) for name, value in plan["$let"].items()}}
    made = {key: _made(value, names) for key, value in plan.items() if key != "$let"}
    return {key: value for key, value in made.items() if value is not None}


# JMESPath: one expression. It has no way back to the root, so that lists are given the order's currency.

_ANY: dict[str, list[str]] = {"types": []}
_JMESPATH = """
known({
  number: name,
  type: 'standard',
  channel_class: billing_address.company && 'B2B' || 'D2C',
  ordered_at: moment(created_at),
  currency: currency,
  test: test,
  cancelled: cancelled_at != null,
  buyer: known({
    name: join(' ', [customer.first_name, customer.last_name]),
    company: billing_address.company,
    email: email,
    phone: customer.phone,
    identifiers: [{scheme: 'shopify-customer', value: to_string(customer.id)}]
  }),
  bill_to: billing_address.known({name: name, phone: phone, street: [address1], city: city, postcode: zip,
    region: province_code, country: country_code}),
  ship_to: shipping_address.known({name: name, phone: phone, street: [address1], city: city, postcode: zip,
    region: province_code, country: country_code}),
  payment_status: financial_status,
  carrier_service: shipping_lines[0].title,
  lines: in_currency(line_items, currency)[*].{
    line_id: to_string(id),
    sku: sku,
    buyer_item: article(sku),
    description: name,
    quantity: quantity(current_quantity),
    price: price(price, currency),
    cancelled: current_quantity == `0`,
    taxes: in_currency(tax_lines, currency)[*].known({amount: money(price, currency), rate: number(rate), name: title})
  },
  taxes: in_currency(tax_lines, currency)[*].known({amount: money(price, currency), rate: number(rate), name: title}),
  totals: {
    goods: money(current_subtotal_price, currency),
    tax: money(current_total_tax, currency),
    grand: money(current_total_price, currency)
  },
  note: note,
  extensions: known({channel: source_name})
})
"""


class _Functions(Functions):
    def __init__(self, articles: Mapping[str, str]) -> None:
        self._articles = articles

    @signature(_ANY)
    def _func_known(self, tree: Tree) -> Tree:
        return _known(tree)

    @signature(_ANY, _ANY)
    def _func_in_currency(self, items: list[Tree], currency: str) -> list[Tree]:
        return [{**item, "currency": currency} for item in items]

    @signature(_ANY)
    def _func_moment(self, text: str) -> datetime:
        return datetime.fromisoformat(text)

    @signature(_ANY)
    def _func_number(self, value: Any) -> Decimal:
        return Decimal(value)

    @signature(_ANY)
    def _func_quantity(self, value: Any) -> Tree:
        return quantity(value)

    @signature(_ANY, _ANY)
    def _func_money(self, amount: Any, currency: str) -> Tree:
        return money(amount, currency)

    @signature(_ANY, _ANY)
    def _func_price(self, amount: Any, currency: str) -> Tree:
        return price(amount, currency)

    @signature(_ANY)
    def _func_article(self, sku: str) -> str:
        return self._articles[sku]


def jmespath_whole(articles: Mapping[str, str]) -> Run:
    """One compiled expression for the whole order."""
    compiled = jmespath.compile(_JMESPATH)
    options = jmespath.Options(custom_functions=_Functions(articles))
    return lambda source: compiled.search(source, options)


# JSONata: one expression. A list of one collapses unless it stands in brackets.

_JSONATA = """
$known({
  "number": name,
  "type": "standard",
  "channel_class": billing_address.company ? "B2B" : "D2C",
  "ordered_at": $moment(created_at),
  "currency": currency,
  "test": test,
  "cancelled": cancelled_at != null,
  "buyer": $known({
    "name": customer.first_name & " " & customer.last_name,
    "company": billing_address.company,
    "email": email,
    "phone": customer.phone,
    "identifiers": [{"scheme": "shopify-customer", "value": $string(customer.id)}]
  }),
  "bill_to": billing_address.$known({"name": name, "phone": phone, "street": [address1], "city": city,
    "postcode": zip, "region": province_code, "country": country_code}),
  "ship_to": shipping_address.$known({"name": name, "phone": phone, "street": [address1], "city": city,
    "postcode": zip, "region": province_code, "country": country_code}),
  "payment_status": financial_status,
  "carrier_service": shipping_lines[0].title,
  "lines": [line_items.{
    "line_id": $string(id),
    "sku": sku,
    "buyer_item": $article(sku),
    "description": name,
    "quantity": $quantity(current_quantity),
    "price": $price(price, $$.currency),
    "cancelled": current_quantity = 0,
    "taxes": [tax_lines.$known({"amount": $money(price, $$.currency), "rate": $decimal(rate), "name": title})]
  }],
  "taxes": [tax_lines.$known({"amount": $money(price, $$.currency), "rate": $decimal(rate), "name": title})],
  "totals": {
    "goods": $money(current_subtotal_price, currency),
    "tax": $money(current_total_tax, currency),
    "grand": $money(current_total_price, currency)
  },
  "note": note,
  "extensions": $known({"channel": source_name})
})
"""


def jsonata_whole(articles: Mapping[str, str]) -> Run:
    """One compiled expression for the whole order."""
    compiled = Jsonata(_JSONATA)
    compiled.set_validate_input(False)  # It would refuse Decimal, and take time for that.
    compiled.register_lambda("known", lambda tree: {k: v for k, v in tree.items() if v is not Utils.NULL_VALUE})
    compiled.register_lambda("moment", datetime.fromisoformat)
    compiled.register_lambda("decimal", Decimal)
    compiled.register_lambda("quantity", quantity)
    compiled.register_lambda("money", money)
    compiled.register_lambda("price", price)
    compiled.register_lambda("article", lambda sku: articles[sku])
    return compiled.evaluate


def _known(tree: Tree) -> Tree:
    return {key: value for key, value in tree.items() if value is not None}
