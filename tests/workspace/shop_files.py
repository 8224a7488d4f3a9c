"""A small workspace: a shop, an ERP's endpoint, an order that goes from one to the other."""

FILES: dict[str, bytes] = {
    path: text.encode()
    for path, text in {
        "config/hub.yaml": "environment: test\ndatabase: ${env:DATABASE:-sqlite:///hub.db}\n",
        "config/connections/shop.yaml": """\
connection: shop
type: shopify
system: acme
shop: acme.example
api_token: ${env:SHOP_TOKEN}
webhook_secret: ${env:SHOP_SECRET}
""",
        "config/connections/erp.yaml": """\
connection: erp
type: http
url: https://erp.example/orders
bearer_token: ${env:ERP_TOKEN}
""",
        "config/crosswalks/erp/items.csv": "from,to\nMUG,100-1\n",
        "mappings/shop/order.yaml": """\
mapping: shop/order
from: shopify.order
to: Order
fields:
  number: source.name
  currency: source.currency
  test: {$value: source.test, $optional: true}
  buyer: {email: {$value: source.email, $optional: true}}
  lines:
    $each: source.line_items as line
    line_id: line.id | text
    sku: line.sku
    quantity: line.quantity | quantity('EA')
tests:
  - name: an order of one line
    input: {$file: samples/order.json}
    expect: {$partial: {number: "#1", lines: [{sku: MUG, quantity: {value: 2}}]}}
  - name: an order without lines
    input: {name: "#2", currency: EUR, line_items: []}
    expect: {$error: {field: lines}}
""",
        "mappings/shop/samples/order.json": """\
{"id": 7, "name": "#1", "currency": "EUR", "updated_at": "2026-01-01T00:00:00Z",
 "line_items": [{"id": 1, "sku": "MUG", "quantity": 2}]}
""",
        "mappings/erp/order.yaml": """\
mapping: erp/order
from: Order
to: erp.order
fields:
  number: source.number
  shop: source.channel_class
  ours: {$value: "xref('erp', 'order')", $optional: true}
  run: sequence('erp')
  items:
    $each: source.lines as line
    item: line.sku | crosswalk('erp/items')
    quantity: line.quantity.value
tests:
  - name: an order of one line
    input:
      number: "#1"
      currency: EUR
      buyer: {}
      lines: [{line_id: "1", sku: MUG, quantity: {value: 2}}]
    given: {xref: {erp: {order: "45"}}}
    expect: {number: "#1", shop: D2C, ours: "45", run: 1, items: [{item: 100-1, quantity: 2}]}
  - name: an item that the ERP does not know
    input: {number: "#1", currency: EUR, buyer: {}, lines: [{line_id: "1", sku: CUP, quantity: {value: 2}}]}
    expect: {$error: {field: "items[0].item", contains: CUP}}
""",
        "pipelines/orders.yaml": """\
pipeline: orders
from: {connection: shop, types: [shopify.order]}
subject: {order: source.id, version: source.updated_at, intent: snapshot}
steps:
  - map: shop/order
  - filter: not document.test
routes:
  - {to: erp, map: erp/order, when: effect == 'created'}
""",
        "pipelines/everything.yaml": """\
pipeline: everything
from: {document: Order}
routes:
  - {to: erp, map: erp/order, when: document.currency == 'USD', needs: xref.acme.id}
""",
    }.items()
}
