"""Webhooks of HubSpot: what is verified, and what becomes of the events in them."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.crm.hubspot.events import signature
from hub.contract.errors import ReceptionRefused, SignatureRefused
from tests.connectors.hubspot_bench import EVENT, NOW, events, offline, webhook

MINUTES = 60_000


class TestSignature:
    def test_a_known_signature(self) -> None:
        signed = signature(b"secret", "POST", "https://hub.acme.example/in/acme-crm", b"[]", "1772438400000")
        # printf 'POSThttps://hub.acme.example/in/acme-crm[]1772438400000' | openssl dgst -sha256 -hmac secret -binary
        assert signed == "2Lp7DMqaqaW5zHYt5wWgqWZz8onPEBpsK/BFcMRabJ8="

    def test_encoded_characters_of_the_url_are_decoded_before_signing(self) -> None:
        plain, encoded = "https://h/in/a?x=@:/!$'()*,;", "https://h/in/a?x=%40%3a%2F%21%24%27%28%29%2A%2C%3B"
        assert signature(b"s", "POST", plain, b"", "1") == signature(b"s", "POST", encoded, b"", "1")
        assert signature(b"s", "POST", "https://h/a%20b", b"", "1") != signature(
            b"s", "POST", "https://h/a b", b"", "1"
        )

    def test_the_url_is_the_one_configured_whatever_a_proxy_made_of_it(self) -> None:
        request = replace(webhook(events()), path="/crossdock/in/acme-crm")
        assert offline().receive(request).items
        with pytest.raises(SignatureRefused, match="webhook_url"):
            offline("https://hub.acme.example/in/other").receive(request)

    @pytest.mark.parametrize("minutes", [-5, -4, 0, 4, 5])
    def test_five_minutes_are_taken(self, minutes: int) -> None:
        assert offline().receive(webhook(events(), at=NOW + minutes * MINUTES)).items

    @pytest.mark.parametrize(
        "at", [NOW - 5 * MINUTES - 1, NOW + 5 * MINUTES + 1, 0, "", "soon", "-1", "9" * 17, f"{NOW}.0"]
    )
    def test_another_time_is_refused_though_well_signed(self, at: int | str) -> None:
        with pytest.raises(SignatureRefused, match="five minutes"):
            offline().receive(webhook(events(), at=at))

    @pytest.mark.parametrize("given", ["", "AAAA", "\u00e9\ud800", "=" * 10_000])
    def test_a_bad_signature_is_refused(self, given: str) -> None:
        request = webhook(events())
        headers = {**request.headers, "x-hubspot-signature-v3": given}
        with pytest.raises(SignatureRefused, match="client_secret"):
            offline().receive(replace(request, headers=headers))

    def test_a_timestamp_of_another_request_is_refused(self) -> None:
        request = webhook(events(), at=NOW - 10 * MINUTES)
        headers = {**request.headers, "x-hubspot-request-timestamp": str(NOW)}
        with pytest.raises(SignatureRefused, match="client_secret"):
            offline().receive(replace(request, headers=headers))

    @given(body=st.binary(min_size=1, max_size=200), data=st.data())
    def test_any_changed_byte_is_refused(self, body: bytes, data: st.DataObject) -> None:
        position = data.draw(st.integers(0, len(body) - 1))
        change = data.draw(st.integers(1, 255))
        changed = body[:position] + bytes([body[position] ^ change]) + body[position + 1 :]
        with pytest.raises(SignatureRefused):
            offline().receive(replace(webhook(body), body=changed))


class TestEvents:
    def test_each_event_is_a_message_of_its_own_with_every_digit(self) -> None:
        body = events({}, {"eventId": 2, "subscriptionType": "deal.creation"})
        first, second = offline().receive(webhook(body)).items
        assert (first.type, second.type) == ("hubspot.contact_event", "hubspot.deal_event")
        assert (first.name, second.name) == ("contact.propertyChange", "deal.creation")
        assert json.loads(bytes(first.body)) == EVENT  # type: ignore[arg-type]
        assert b'"eventId":912345678901234567' in bytes(first.body)  # type: ignore[arg-type]

    def test_an_event_that_is_sent_again_has_the_key_it_had(self) -> None:
        [first] = offline().receive(webhook(events())).items
        [again] = offline().receive(webhook(events({"attemptNumber": 3}), at=NOW + MINUTES)).items
        assert first.key == again.key

    @pytest.mark.parametrize(
        "change",
        [
            {"eventId": 1},
            {"occurredAt": NOW + 1},
            {"subscriptionId": 26},
            {"subscriptionType": "contact.creation"},
            {"objectId": 7},
            {"propertyName": "email"},
            {"portalId": 1},
        ],
    )
    def test_events_that_share_an_id_are_told_apart(self, change: dict[str, Any]) -> None:
        first, second = offline().receive(webhook(events({}, change))).items
        assert first.key != second.key

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"subscriptionType": "object.creation", "objectTypeId": "0-1"}, "hubspot.contact_event"),
            ({"subscriptionType": "object.propertyChange", "objectTypeId": "0-123"}, "hubspot.order_event"),
            ({"subscriptionType": "object.creation", "objectTypeId": "2-99"}, "hubspot.object_event"),
            ({"subscriptionType": "object.creation", "objectTypeId": None}, "hubspot.object_event"),
            ({"subscriptionType": "line_item.deletion"}, "hubspot.line_item_event"),
        ],
    )
    def test_an_event_has_the_type_of_its_object(self, change: dict[str, Any], expected: str) -> None:
        assert offline().receive(webhook(events(change))).items[0].type == expected

    def test_a_hundred_events_are_a_hundred_messages(self) -> None:
        items = offline().receive(webhook(events(*({"eventId": number} for number in range(100))))).items
        assert len({item.key for item in items}) == 100

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (b"", "not a list"),
            (b"[]", "not a list"),
            (b"{}", "not a list"),
            (b"[" * 10_000, "not a list"),
            (b"[1]", "Event 0 is not an object"),
            (events({}, {"eventId": None}), "Event 1 has no usable eventId"),
            (events({"eventId": True}), "Event 0 has no usable eventId"),
            (events({"occurredAt": "x"}), "no usable occurredAt"),
            (events({"subscriptionType": "contact"}), "no usable subscriptionType"),
            (events({"subscriptionType": "../x.y"}), "no usable subscriptionType"),
            (events({"objectId": {"a": 1}}), "to know it by"),
            (events({"propertyName": "x" * 201}), "to know it by"),
            (events({"propertyValue": "\ud800"}), "surrogate|not a list"),
        ],
    )
    def test_what_is_no_event_is_refused_by_name_though_well_signed(self, body: bytes, message: str) -> None:
        with pytest.raises(ReceptionRefused, match=message):
            offline().receive(webhook(body))

    @given(
        st.lists(
            st.dictionaries(
                st.sampled_from([*EVENT, "objectTypeId"]),
                st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("a.b"),
            ),
            max_size=3,
        )
    )
    def test_whatever_is_signed_is_items_or_refused(self, tree: list[dict[str, Any]]) -> None:
        with suppress(ReceptionRefused):
            assert len(offline().receive(webhook(json.dumps(tree).encode())).items) == len(tree)
