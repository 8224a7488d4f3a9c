"""The till of the simulated shop: what was paid for orders, and what was given back."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.storefront.shopify.orders import Json, totals
from connectors.storefront.shopify.simulated_book import OrderBook, ShopOrder
from connectors.storefront.shopify.simulated_graphql import Handler, refusal

_FIRST_REFUND = 940_000_000_000
_FIRST_TRANSACTION = 6_800_000_000_000
_PAID = frozenset({"paid", "partially_refunded", "refunded"})


class RefundDesk:
    """Gives money back. A paid order was paid by one sale over all of it."""

    def __init__(self, book: OrderBook) -> None:
        self._book = book
        self._made = 0

    def handlers(self) -> dict[str, Handler]:
        """The GraphQL fields answered here."""
        return {"refundCreate": self._create}

    def shown(self, order: ShopOrder) -> Json:
        """What an order shows of payments and refunds."""
        return {
            "presentmentCurrencyCode": order.data["presentment_currency"],
            "refunds": [{"id": one["gid"], "note": one["note"]} for one in order.refunds],
            "transactions": [_transaction(_sale(order), "SALE", _paid(order), None)]
            + [
                _transaction(f"{one['gid']}/{index}", "REFUND", Decimal(part["amount"]), part["parentId"])
                for one in order.refunds
                for index, part in enumerate(one["transactions"])
            ],
        }

    def _create(self, arguments: Mapping[str, Any]) -> Json:
        wanted = arguments["input"]
        order = self._book.by_gid(wanted["orderId"])
        if order is None:
            return refusal("orderId", "Order does not exist")
        if refused := _refused(order, wanted):
            return refused
        self._made += 1
        id_ = _FIRST_REFUND + self._made
        made = {**wanted, "id": id_, "gid": f"gid://shopify/Refund/{id_}"}
        order.refunds.append(made)
        for line in wanted["refundLineItems"]:
            self._take_back(order, line)
        _tell_order(order, made)
        self._book.count(order, "refundCreate", changed=True)
        self._book.announce("refunds/create", order.data["name"], order.data["refunds"][-1])
        return {"refund": {"id": made["gid"]}, "userErrors": []}

    @staticmethod
    def _take_back(order: ShopOrder, line: Mapping[str, Any]) -> None:
        item = order.line(line["lineItemId"])
        if item is not None:
            order.refunded[item["id"]] += line["quantity"]
            item["current_quantity"] -= line["quantity"]


def _refused(order: ShopOrder, wanted: Mapping[str, Any]) -> Json | None:
    for line in wanted["refundLineItems"]:
        item = order.line(line["lineItemId"])
        if item is None or line["quantity"] > item["quantity"] - order.refunded[item["id"]]:
            return refusal("refundLineItems", "Refund line items quantity cannot refund more items than were purchased")
        if (line["restockType"] == "NO_RESTOCK") is ("locationId" in line):
            return refusal("refundLineItems", "Refund line items location is wrong for the restock type")
    parents = {part["parentId"] for part in wanted["transactions"]}
    if parents - {_sale(order)} or _given_back(wanted) > _left(order):
        return refusal("transactions", "Refund amount is greater than net payment received")
    return None


def _tell_order(order: ShopOrder, made: Json) -> None:
    """What the REST order says of it."""
    data = order.data
    sums = totals(data["line_items"], data["currency"])
    data.update({name: value for name, value in sums.items() if name.startswith("current_")})
    data["financial_status"] = "partially_refunded" if _left(order) else "refunded"
    data["refunds"].append(
        {
            "id": made["id"],
            "admin_graphql_api_id": made["gid"],
            "order_id": data["id"],
            "created_at": data["updated_at"],
            "note": made["note"],
            "refund_line_items": [
                {"line_item_id": int(line["lineItemId"].rpartition("/")[2]), "quantity": line["quantity"]}
                for line in made["refundLineItems"]
            ],
            "transactions": [
                {"kind": "refund", "amount": part["amount"], "currency": made["currency"]}
                for part in made["transactions"]
            ],
        }
    )


def _transaction(gid: str, kind: str, amount: Decimal, parent: str | None) -> Json:
    return {
        "id": gid,
        "kind": kind,
        "status": "SUCCESS",
        "gateway": "shopify_payments",
        "amountSet": {"presentmentMoney": {"amount": str(amount)}},
        "parentTransaction": None if parent is None else {"id": parent},
    }


def _sale(order: ShopOrder) -> str:
    return f"gid://shopify/OrderTransaction/{_FIRST_TRANSACTION + order.data['order_number']}"


def _paid(order: ShopOrder) -> Decimal:
    return Decimal(order.data["total_price"]) if order.data["financial_status"] in _PAID else Decimal(0)


def _given_back(made: Mapping[str, Any]) -> Decimal:
    return sum((Decimal(part["amount"]) for part in made["transactions"]), Decimal(0))


def _left(order: ShopOrder) -> Decimal:
    return _paid(order) - sum(map(_given_back, order.refunds), Decimal(0))
