"""A shop's pipeline and the mappings it names."""

MAPPINGS = {
    "shop/order": """\
mapping: shop/order
from: shop.order
to: Order
fields:
  number: source.name
  currency: source.currency
  ordered_at: {$value: source.created_at | datetime, $optional: true}
  channel_class: {$value: source.channel, $optional: true}
  test: {$value: source.test, $optional: true}
  buyer: {email: {$value: source.email, $optional: true}}
  lines:
    $each: source.lines as line
    line_id: line.id | text
    sku: line.sku
    quantity: line.quantity | quantity('EA')
""",
    "shop/whole": """\
mapping: shop/whole
from: shop.order
to: Order
fields: {$value: source}
""",
    "erp/order": """\
mapping: erp/order
from: Order
to: erp.order
fields:
  number: source.number
""",
    "erp/change": """\
mapping: erp/change
from: Order
to: erp.change
fields:
  number: source.number
  ours: xref('erp', 'order')
""",
    "shop/confirmed": """\
mapping: shop/confirmed
from: OrderAcknowledgement
to: shop.update
fields:
  order: source.order_number
""",
}

PIPELINE = """\
pipeline: orders
from: {connection: shop, types: [shop.order]}
subject: {order: source.id, version: source.updated_at, intent: snapshot}
references: {number: source.name, po: source.po}
occurred_at: source.updated_at | datetime
steps:
  - map: shop/order
  - filter: not document.test
routes:
  - {to: erp, map: erp/order, when: effect == 'created', references: {po: document.number}}
  - {to: erp, map: erp/change, when: effect == 'changed', needs: xref.erp.order}
"""

SYSTEMS = {"shop": "acme", "erp": "erp", "crm": "crm"}
