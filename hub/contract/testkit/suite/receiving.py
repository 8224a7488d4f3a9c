"""Webhooks: what is verified, stored and answered, before anything is opened."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hub.contract.connector import Connector, Reception, Request
from hub.contract.errors import ReceptionRefused, SignatureRefused
from hub.contract.registry import ANY
from hub.contract.testkit.suite.base import Bench, ConnectorContract


class ReceivingContract(ConnectorContract):
    """Tests of connectors that receive."""

    async def test_receives_what_its_counterpart_sends(self, bench: Bench) -> None:
        connector = bench.build()
        reception = connector.receive(bench.case.signed_request(bench.endpoint))
        assert 200 <= reception.status < 300, f"A good webhook is answered with {reception.status}."
        assert reception.items, "Nothing of a good webhook is stored."
        for item in reception.items:
            assert item.key, "An item needs a key to be known again."
            assert {item.type, ANY} & set(connector.emits), f"{item.type!r} is not among emits."

    async def test_the_same_webhook_has_the_same_keys(self, bench: Bench) -> None:
        request = bench.case.signed_request(bench.endpoint)
        first, second = bench.build().receive(request), bench.build().receive(request)
        assert [item.key for item in first.items] == [item.key for item in second.items]

    async def test_hostile_webhooks_are_refused_or_taken_never_worse(self, bench: Bench) -> None:
        connector = bench.build()
        request = bench.case.signed_request(bench.endpoint)
        for hostile in hostile_requests(request):
            _receive(connector, hostile, bench)


class SigningContract(ConnectorContract):
    """Tests of connectors that declare signatures."""

    async def test_a_changed_body_is_refused(self, bench: Bench) -> None:
        request = bench.case.signed_request(bench.endpoint)
        assert request.body, "The signed request of the case has no body."
        changed = bytes([request.body[0] ^ 1]) + request.body[1:]
        self._assert_refused(bench, replace(request, body=changed))

    async def test_a_missing_signature_is_refused(self, bench: Bench) -> None:
        request = bench.case.signed_request(bench.endpoint)
        self._assert_refused(bench, replace(request, headers={}, query={}))

    async def test_another_body_under_an_old_signature_is_refused(self, bench: Bench) -> None:
        request = bench.case.signed_request(bench.endpoint)
        self._assert_refused(bench, replace(request, body=b""))
        self._assert_refused(bench, replace(request, body=request.body + b" "))

    @staticmethod
    def _assert_refused(bench: Bench, request: Request) -> None:
        with pytest.raises(SignatureRefused) as refused:
            bench.build().receive(request)
        bench.assert_no_secret(refused.value)


def hostile_requests(request: Request) -> list[Request]:
    """Requests nobody meant: other bytes, and each header emptied, overlong or beyond ASCII."""
    bodies = [b"", b"\x00", b"\xff\xfe{", b"[" * 10_000, b"<!DOCTYPE x []><x/>", b'{"a":' * 2_000]
    found = [replace(request, body=body) for body in bodies]
    for name in request.headers:
        for value in ("", "\u00e9\U0001f4e6", "A" * 10_000, "\r\nx: y"):
            found.append(replace(request, headers={**request.headers, name: value}))  # noqa: PERF401
    return found


def _receive(connector: Connector[Any], request: Request, bench: Bench) -> Reception | None:
    try:
        return connector.receive(request)
    except ReceptionRefused as error:
        bench.assert_no_secret(error)
        return None
