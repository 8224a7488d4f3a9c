"""A workspace in which a shop's orders go to an ERP and a CRM, and what its webhooks carry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILES = {
    "config/hub.yaml": """\
environment: test
database: ${env:TEST_DATABASE}
""",
    "config/connections/shop.yaml": """\
connection: shop
type: shopify
shop: acme.myshopify.com
url: http://127.0.0.1:9
api_token: ${env:TEST_SECRET}
webhook_secret: ${env:TEST_SECRET}
""",
    "config/connections/erp.yaml": """\
connection: erp
type: http
url: ${env:TEST_ERP:-http://127.0.0.1:9/}
reference: /id
retry: {attempts: 1, first: 1s, longest: 1s}
""",
    "config/connections/crm.yaml": """\
connection: crm
type: http
url: ${env:TEST_CRM:-http://127.0.0.1:9/}
retry: {attempts: 5, first: 1h, longest: 1h}
""",
    "config/crosswalks/materials.csv": """\
from,to,valid_from,valid_to
MUG,100-201,,
TEA,200-001,2020-01-01,2020-12-31
""",
    "mappings/test/order.yaml": """\
mapping: test/order
from: shopify.order
to: Order
fields:
  number: source.name
  currency: source.currency
  buyer: {email: {$value: source.email, $optional: true}}
  totals:
    grand: source.total | money(source.currency)
  lines:
    $each: source.lines as line
    line_id: line.id | text
    sku: line.sku
    quantity: line.quantity | quantity('EA')
""",
    "mappings/test/erp_order.yaml": """\
mapping: test/erp_order
from: Order
to: erp.order
fields:
  number: source.number
  lines:
    $each: source.lines as line
    material: line.sku | crosswalk('materials')
    quantity: line.quantity.value
""",
    "mappings/test/erp_change.yaml": """\
mapping: test/erp_change
from: Order
to: erp.change
fields:
  order: xref('erp', 'id')
  number: source.number
""",
    "mappings/test/crm_order.yaml": """\
mapping: test/crm_order
from: Order
to: crm.order
fields:
  number: source.number
""",
    "pipelines/orders.yaml": """\
pipeline: orders
from: {connection: shop, types: [shopify.order]}
subject: {order: source.id, version: source.updated_at, intent: snapshot}
references: {number: source.name, po: source.po}
steps:
  - map: test/order
routes:
  - {to: erp, map: test/erp_order, when: effect == 'created'}
  - {to: erp, map: test/erp_change, when: effect == 'changed', needs: xref.erp.id}
  - {to: crm, map: test/crm_order, when: effect == 'created'}
""",
}


def write_workspace(root: Path) -> Path:
    """The workspace as a directory."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def order(number: int = 1, **changes: Any) -> dict[str, Any]:
    """What the shop says of an order."""
    said = {
        "id": 6402100001000 + number,
        "name": f"#{1000 + number}",
        "po": f"PO-77{number}",
        "updated_at": "2026-03-02T10:15:02Z",
        "currency": "EUR",
        "email": "ada@mail.example",
        "total": "19.90",
        "lines": [{"id": 11, "sku": "MUG", "quantity": 2}],
    }
    return {**said, **changes}


def body(said: dict[str, Any]) -> bytes:
    """The bytes of a webhook."""
    return json.dumps(said).encode()
