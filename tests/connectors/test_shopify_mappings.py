"""The mappings of Shopify: orders of all shapes become orders that are valid, or errors that say why."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.storefront.shopify.order_updates import read_update
from connectors.storefront.shopify.orders import order_json
from hub.contract.documents import Order
from hub.mapping import MappingFailed
from tests.connectors.shopify_mapped import HEADER, ORDER, ROOT, Lookups, decoded, mapping, order_of, outbound

ACKNOWLEDGED = mapping("shopify/order_acknowledged")


def real_orders(folder: Path) -> Iterator[dict[str, Any]]:
    """The orders in files as Shopify's API answers them: one, or a list."""
    for file in sorted(folder.glob("order*.json")):
        found = decoded(file.read_bytes())
        yield from found.get("orders") or [found.get("order", found)]


@pytest.mark.parametrize("sample", ["order", "order_edited", "order_sparse"])
def test_each_sample_is_a_valid_order(sample: str) -> None:
    order = order_of((ROOT / f"mappings/shopify/samples/{sample}.json").read_bytes())
    assert order.lines


def test_every_digit_and_every_amount_is_kept() -> None:
    tree = order_json(1001, lines=[{"sku": "A", "quantity": 3, "price": "19.90", "id": 912_345_678_901_234_567}])
    order = order_of(tree)
    [line] = order.lines
    assert line.line_id == "912345678901234567"
    assert line.price is not None
    assert str(line.price.amount) == "19.90"
    assert line.taxes[0].rate == Decimal("0.08")
    assert order.totals.grand is not None
    assert str(order.totals.grand.amount) == tree["total_price"]


def test_tags_and_the_time_of_change_make_no_other_order() -> None:
    """What the hub writes to an order comes back as a webhook; it must be no news."""
    before = order_of(order_json(1001))
    after = order_of(order_json(1001, tags="erp-confirmed", updated_at="2026-03-02T11:00:00+00:00"))
    assert before == after


def test_a_line_taken_away_is_cancelled_not_forgotten() -> None:
    tree = order_json(1001)
    tree["line_items"][0]["current_quantity"] = 0
    shown = [(line.sku, str(line.quantity.value), line.cancelled) for line in order_of(tree).lines]
    assert shown == [("MUG-WHITE", "0", True), ("TEA-EARLGREY-100", "1", False)]


@pytest.mark.parametrize(
    ("status", "terms", "expected"),
    [
        ("paid", None, "paid"),
        ("authorized", None, "authorized"),
        ("partially_paid", None, "partially_paid"),
        ("partially_refunded", None, "partially_refunded"),
        ("refunded", None, "refunded"),
        ("voided", None, "voided"),
        ("expired", None, "pending"),
        ("pending", None, "pending"),
        (None, None, "pending"),
        ("pending", {"payment_terms_name": "Net 30"}, "on_terms"),
        ("paid", {"payment_terms_name": "Net 30"}, "paid"),
    ],
)
def test_the_payment_status_is_what_shopify_says(status: str | None, terms: Any, expected: str) -> None:
    order = order_of(order_json(1001, financial_status=status, payment_terms=terms))
    assert order.payment_status == expected


def test_a_free_or_removed_shipping_line_is_no_charge() -> None:
    lines = [
        {"code": "A", "title": "Freight", "price": "9.90", "discounted_price": "4.90"},
        {"code": "B", "title": "Free", "price": "5.90", "discounted_price": "0.00"},
        {"code": "C", "title": "Removed", "price": "5.90", "is_removed": True},
        {"code": None, "title": "Older", "price": "2.00"},
    ]
    order = order_of(order_json(1001, shipping_lines=lines))
    shown = [(charge.code, charge.name, charge.amount.amount) for charge in order.allowances]
    assert shown == [("A", "Freight", Decimal("4.90")), (None, "Older", Decimal("2.00"))]


def test_the_declared_totals_add_up() -> None:
    lines = [
        {"price": "9.90", "discounted_price": "4.90"},
        {"price": "5.90", "discounted_price": "0.00"},
        {"price": "5.90", "discounted_price": "5.90", "is_removed": True},
    ]
    amounts: dict[str, Any] = {
        "current_subtotal_price": "33.90",
        "current_total_tax": "2.71",
        "current_total_price": "41.51",
    }
    totals = order_of(order_json(1001, shipping_lines=lines, **amounts)).totals
    assert totals.goods
    assert totals.shipping
    assert totals.tax
    assert totals.grand
    assert totals.goods.amount + totals.shipping.amount + totals.tax.amount == totals.grand.amount


def test_all_that_is_wrong_is_named_at_once() -> None:
    tree = order_json(1001, name=None, created_at="yesterday")
    tree["line_items"][1]["price"] = "8,90"
    with pytest.raises(MappingFailed) as failed:
        order_of(tree)
    fields = [error["field"] for error in failed.value.where["errors"]]
    assert fields == ["number", "ordered_at", "lines[1].price"]


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "customer": st.none() | st.just({}) | st.just({"id": 1, "first_name": None, "last_name": "B"}),
            "email": st.none() | st.just(""),
            "billing_address": st.none() | st.just({}) | st.just({"address1": None, "country_code": None}),
            "shipping_address": st.none() | st.just({"address1": "1", "address2": "", "country_code": "CA"}),
            "shipping_lines": st.none() | st.just([]),
            "tax_lines": st.none() | st.just([]),
            "note": st.none() | st.text(max_size=5),
            "note_attributes": st.none() | st.just([{"name": "a", "value": None}]),
            "company": st.none() | st.just({"id": 1}),
            "discount_applications": st.none() | st.just([]),
            "total_shipping_price_set": st.none(),
            "current_total_tax": st.none(),
            "test": st.none() | st.booleans(),
            "cancelled_at": st.none() | st.just("2026-03-02T11:00:00Z"),
            "source_name": st.none(),
            "po_number": st.none() | st.just(""),
        },
    )
)
def test_an_order_with_little_in_it_is_an_order_still(changes: dict[str, Any]) -> None:
    order = order_of(order_json(1001, **changes))
    assert order.number == "#1001"
    assert order.cancelled is bool(changes.get("cancelled_at"))


def test_real_orders_are_valid(samples: Path) -> None:
    """Or, where an excerpt has no lines, lack those alone."""
    trees = list(real_orders(samples / "storefront/shopify"))
    assert trees
    for tree in trees:
        fields = ORDER.run({"source": tree, "effect": "created"}, Lookups())
        if "line_items" not in tree:
            assert fields["lines"] == []
            fields["lines"] = [{"line_id": "1", "quantity": {"value": 1}}]
        order = Order.model_validate({"header": HEADER, **fields})
        assert order.number == tree["name"]
        assert order.totals.grand is not None
        assert str(order.totals.grand.amount) == tree["total_price"]


def test_an_acknowledgement_is_an_update_the_connector_takes() -> None:
    source = decoded((ROOT / "mappings/shopify/samples/acknowledgement.json").read_bytes())
    tree = ACKNOWLEDGED.run({"source": source, "effect": "acknowledged", "target": "acme-shop"}, Lookups())
    update = read_update(outbound(tree, "shopify.order_update"))
    assert update.order == "gid://shopify/Order/912345678901234567"
    assert update.tags == ["erp-confirmed"]
    assert [field.value for field in update.metafields] == ["4500000012", "changed"]


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["accepted", "accepted"], "accepted"),
        (["changed", "accepted"], "changed"),
        (["accepted", "backordered", "changed"], "backordered"),
        (["backordered", "rejected"], "rejected"),
    ],
)
def test_the_status_of_an_order_is_its_worst_line(lines: list[str], status: str) -> None:
    source = {"order_number": "#1", "lines": [{"line_id": "1", "status": line} for line in lines]}
    tree = ACKNOWLEDGED.run({"source": source, "effect": "acknowledged", "target": "acme-shop"}, Lookups())
    assert tree["metafields"][-1]["value"] == status


def test_an_order_the_target_does_not_know_is_not_guessed() -> None:
    source = {"order_number": "#1", "lines": [{"line_id": "1", "status": "accepted"}]}
    with pytest.raises(MappingFailed, match="order"):
        ACKNOWLEDGED.run({"source": source, "effect": "acknowledged", "target": "other-shop"}, Lookups())
