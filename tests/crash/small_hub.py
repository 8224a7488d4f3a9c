"""A hub small enough to be started often: it has those shipped mappings that its pipelines name, and no others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import yaml

from tests.runtime.workspaces import DOMAIN, HUB, SECRET

Tree = Mapping[str, Any]

RETRY: Final = {"attempts": 100, "first": "100ms", "longest": "500ms"}
"""Tries of a connection, soon after each other."""

_CREDIT: Final = """\
mapping: test/credit
from: acme.credit
to: CreditNote
fields:
  number: source.number
  order_number: source.order
  issued_on: source.issued_on | date
  currency: {$const: USD}
  lines: [{line_id: source.line, quantity: 1 | quantity('EA')}]
  total: source.total | money('USD')
"""

_PIPELINES: Final = {
    "orders": {
        "from": {"connection": "shop", "types": ["shopify.order"]},
        "subject": {"order": "source.id", "version": "source.updated_at", "intent": "snapshot"},
        "references": {"number": "source.name"},
        "steps": [{"map": "shopify/order"}],
    },
    "shipments": {
        "from": {"connection": "east", "types": ["wms.shipment"]},
        "subject": {
            "order": {"request": "source.request_number"},
            "of": "ledger",
            "version": "source.shipment_number",
            "intent": "delta",
        },
        "steps": [{"map": "wms/shipment"}],
    },
    "statuses": {
        "from": {"connection": "east", "types": ["wms.status"]},
        "subject": {
            "order": {"request": "source.request_number"},
            "of": "ledger",
            "version": "source.happened_at",
            "intent": "delta",
        },
        "steps": [{"map": "wms/status"}],
    },
    "stock": {
        "from": {"connection": "east", "types": ["wms.stock"]},
        "subject": {"stock": {"sku": "source.sku"}, "version": "source.counted_at", "intent": "snapshot"},
        "occurred_at": "source.counted_at | datetime",
        "steps": [{"map": "wms/stock"}],
    },
    "credits": {
        "from": {"connection": "desk", "types": ["acme.credit"]},
        "subject": {"order": {"id": "source.id"}, "of": "shop", "version": "source.number", "intent": "delta"},
        "steps": [{"map": "test/credit"}],
    },
}

_SHOP: Final = {
    "type": "shopify",
    "shop": DOMAIN,
    "url": "http://127.0.0.1:9",
    "api_token": SECRET,
    "webhook_secret": SECRET,
    "reconcile": False,
}


def workspace(*, directory: str, connections: Mapping[str, Tree], pipelines: Mapping[str, Tree]) -> dict[str, str]:
    """A hub's files: a shop, a warehouse with its files in `directory`, a desk for credit notes, and what is tested.

    The ledger releases what it is told of at once. Connections and pipelines that are given stand for those of the
    same name here.
    """
    all_connections: dict[str, Tree] = {
        "shop": _SHOP,
        "east": {"type": "wms_files", "every": "1h", "node": "east", "directory": directory},
        "desk": {"type": "webhook", "payload_type": "acme.credit", "signature": {"scheme": "none"}},
        **connections,
    }
    return {
        "config/hub.yaml": HUB,
        "config/fulfilment.yaml": "release: {after: captured}\nnodes: [{node: east}]\n",
        "config/crosswalks/easypost/ship_from.csv": "from,to\neast,adr_1\n",
        "config/crosswalks/hubspot/order_pipeline.csv": "from,to\npipeline,p-1\nnew,s-1\ncancelled,s-2\n",
        "mappings/test/credit.yaml": _CREDIT,
        **{f"config/connections/{name}.yaml": _file("connection", name, one) for name, one in all_connections.items()},
        **{f"pipelines/{name}.yaml": _file("pipeline", name, one) for name, one in {**_PIPELINES, **pipelines}.items()},
    }


def _file(kind: str, name: str, content: Tree) -> str:
    return yaml.safe_dump({kind: name, **content}, sort_keys=False)
