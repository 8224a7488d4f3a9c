"""What the contract suite needs to know of the webhook connector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connectors.generic.webhook.simulator import ACTIONS, FAULTS, signed
from hub.contract.clock import to_micros
from hub.contract.connector import Request
from hub.contract.testkit import ConnectorCase
from hub.contract.testkit.fakes import MORNING


class WebhookCase(ConnectorCase):
    """A sender that signs its webhooks and the time it sends them."""

    actions: ClassVar[frozenset[str]] = ACTIONS
    faults: ClassVar[frozenset[str]] = FAULTS

    def config(self, endpoint: Mapping[str, str]) -> dict[str, Any]:
        return {
            "payload_type": {"header": "X-Topic", "prefix": "acme."},
            "signature": {
                "scheme": "hmac",
                "header": "X-Signature",
                "secret": endpoint["secret"],
                "prefix": "sha256=",
                "signed": "{X-Time}.{body}",
                "timestamp": "X-Time",
            },
            "key": {"pointer": "/id"},
        }

    def signed_request(self, endpoint: Mapping[str, str]) -> Request:
        body = b'{"id": "evt-1", "number": "1001"}'
        at = to_micros(MORNING) // 1_000_000
        headers = {"X-Topic": "orders/create", **signed("hmac", endpoint["secret"], "evt-1", body, at)}
        return Request("POST", "/in/contract", {}, {name.lower(): value for name, value in headers.items()}, body)
