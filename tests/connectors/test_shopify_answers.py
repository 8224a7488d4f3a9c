"""What Shopify's answers mean, and the orders that tests and the simulator are made of."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from connectors.storefront.shopify.graphql import read_answer, read_changed, read_data
from connectors.storefront.shopify.orders import order_json
from hub.contract.errors import AuthError, CrossdockError, InDoubt, RejectedMessage, TransientError


def errors(code: str, **extensions: Any) -> bytes:
    return json.dumps(
        {"errors": [{"message": "Some reason.", "extensions": {"code": code}}], "extensions": extensions}
    ).encode()


class TestAnswers:
    @pytest.mark.parametrize(
        ("body", "changing", "reading"),
        [
            (errors("ACCESS_DENIED"), AuthError, AuthError),
            (errors("INTERNAL_SERVER_ERROR"), InDoubt, TransientError),
            (errors("THROTTLED"), TransientError, TransientError),
            (errors("undefinedField"), RejectedMessage, RejectedMessage),
            (b'{"errors": "[API] not here"}', RejectedMessage, RejectedMessage),
            (b"<html>a proxy's page</html>", InDoubt, TransientError),
            (b"[]", InDoubt, TransientError),
            (b"{}", InDoubt, TransientError),
        ],
    )
    def test_an_error_leads_to_what_is_to_be_done(
        self, body: bytes, changing: type[Exception], reading: type[Exception]
    ) -> None:
        for changes, expected in ((True, changing), (False, reading)):
            with pytest.raises(CrossdockError) as error:
                read_answer(body, changes=changes)
            assert type(error.value) is expected

    def test_a_mutation_without_a_result_is_in_doubt(self) -> None:
        with pytest.raises(InDoubt):
            read_answer(b'{"data": {"tagsAdd": null}}', changes=True)

    @pytest.mark.parametrize(
        ("code", "expected"), [("IDEMPOTENCY_CONCURRENT_REQUEST", InDoubt), ("INVALID", RejectedMessage)]
    )
    def test_a_try_that_is_still_under_way_is_in_doubt(self, code: str, expected: type[Exception]) -> None:
        refused = {"userErrors": [{"field": ["input"], "message": "Some reason.", "code": code}]}
        with pytest.raises(CrossdockError, match=r"refundCreate input: Some reason\.") as error:
            read_answer(json.dumps({"data": {"refundCreate": refused}}).encode(), changes=True)
        assert type(error.value) is expected

    def test_an_answer_of_another_shape_shows_no_value_of_it(self) -> None:
        class Wanted(BaseModel):
            order: int

        body = b'{"data": {"order": "ada@mail.example"}}'
        for read, expected in ((read_data, TransientError), (read_changed, InDoubt)):
            with pytest.raises(CrossdockError) as error:
                read(Wanted, body)
            assert type(error.value) is expected
            assert error.value.detail is not None
            assert error.value.detail.startswith("order: ")
            assert "ada@" not in f"{error.value.message}{error.value.detail}"

    @pytest.mark.parametrize(
        ("status", "wait"),
        [
            ({"currentlyAvailable": 10, "restoreRate": 50}, 1.2),
            ({"currentlyAvailable": 10, "restoreRate": 0}, 1.0),
            ({"currentlyAvailable": 90, "restoreRate": 50}, 1.0),
            ({"currentlyAvailable": "NaN", "restoreRate": 50}, 1.0),
            ({"currentlyAvailable": 10, "restoreRate": 1e-300}, 1.0),
            ([], 1.0),
        ],
    )
    def test_the_wait_is_the_points_missing_and_always_believable(self, status: Any, wait: float) -> None:
        body = errors("THROTTLED", cost={"requestedQueryCost": 70, "throttleStatus": status})
        with pytest.raises(TransientError) as error:
            read_answer(body, changes=True)
        assert error.value.retry_after == pytest.approx(wait)

    @given(
        st.dictionaries(
            st.sampled_from(["data", "errors", "extensions"]),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.text(max_size=5),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(
                        st.sampled_from(["tagsAdd", "userErrors", "field", "message", "extensions", "code", "cost"]),
                        inner,
                        max_size=3,
                    )
                ),
                max_leaves=10,
            ),
        ),
        st.booleans(),
    )
    def test_whatever_shape_comes_it_is_data_or_an_error_of_the_hub(
        self, answer: dict[str, Any], changes: bool
    ) -> None:
        try:
            data = read_answer(json.dumps(answer).encode(), changes=changes)
        except CrossdockError:
            return
        assert data == answer["data"]
        assert not answer.get("errors")


class TestOrders:
    def test_an_order_is_of_the_size_of_real_ones_and_always_the_same(self) -> None:
        body = json.dumps(order_json(1001), separators=(",", ":"))
        assert 5_500 <= len(body) <= 6_200
        assert body == json.dumps(order_json(1001), separators=(",", ":"))
        assert order_json(1001)["id"] != order_json(1002)["id"]

    @given(
        st.lists(
            st.fixed_dictionaries(
                {
                    "sku": st.text("ABC123", min_size=1),
                    "quantity": st.integers(1, 1000),
                    "price": st.decimals("0", "9999.99", places=2).map(str),
                }
            ),
            min_size=1,
            max_size=20,
        )
    )
    def test_its_totals_are_its_lines(self, lines: list[dict[str, Any]]) -> None:
        order = order_json(1, lines=lines)
        goods = sum(Decimal(line["price"]) * line["quantity"] for line in lines)
        assert Decimal(order["subtotal_price"]) == goods
        shipping = Decimal(order["total_shipping_price_set"]["shop_money"]["amount"])
        assert Decimal(order["total_price"]) == goods + shipping + Decimal(order["total_tax"])
        assert len({item["id"] for item in order["line_items"]}) == len(lines)
