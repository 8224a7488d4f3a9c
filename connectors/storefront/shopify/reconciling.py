"""The poll that finds what no webhook brought: orders changed since the last one that was seen.

A *round* reads all orders updated since `since`, less the overlap, page by page in the order of
`updated_at`. Its newest `updated_at` is where the next round begins, so that no clock but Shopify's
counts. What the overlap brings again is known by the keys in the cursor, and by the hub's.

Source: shopify.dev/docs/api/admin-rest/latest/resources/order, the resource that webhooks carry.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.formats.json import JsonFormat
from connectors.storefront.shopify.api import ShopApi
from connectors.storefront.shopify.graphql import faults_of
from connectors.storefront.shopify.webhooks import ORDER
from hub.contract.connector import Item, Page
from hub.contract.errors import DecodeError, RejectedMessage, TransientError

_PAGE = 100
"""Orders of a page; Shopify allows 250, and an order may have hundreds of kilobytes."""
_MOST_SEEN = 2000
"""Keys kept in a cursor; beyond that only the hub recognises what comes again."""


class Reconcile(BaseModel):
    """How far back the poll looks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    first_hours: float = Field(
        default=1.0, ge=0, le=24 * 60, description="How far back the first poll of a connection looks, in hours."
    )
    overlap_seconds: float = Field(
        default=120.0,
        ge=0,
        le=86_400,
        description="How far each poll looks back before the newest change seen: Shopify lists some changes late.",
    )


class _Cursor(BaseModel):
    """Where the poll is. `page` and `newest` are those of a round that goes on; `seen` are keys."""

    since: datetime
    seen: list[str] = []
    page: str | None = None
    newest: datetime | None = None


class _Head(BaseModel):
    """What the poll reads of an order."""

    id: int
    name: str = ""
    updated_at: datetime

    @property
    def key(self) -> str:
        """The same for each time that this revision of the order is found."""
        return f"order:{self.id}:{self.updated_at.astimezone(UTC).isoformat()}"


class Poll:
    """Finds changed orders of one shop, page by page."""

    def __init__(self, api: ShopApi, settings: Reconcile) -> None:
        self._api = api
        self._settings = settings

    async def page(self, cursor: str | None, now: datetime) -> Page:
        """The orders after `cursor` that were not seen, and the next cursor."""
        place = _place(cursor) or _Cursor(since=now - timedelta(hours=self._settings.first_hours))
        body, following = await self._read(place)
        found = [(_head(tree), tree) for tree in _orders(body)]
        seen = set(place.seen)
        items = [_item(head, tree) for head, tree in found if head.key not in seen]
        after = self._after(place, [head for head, _ in found], following)
        return Page(items, after.model_dump_json(exclude_defaults=True), more=following is not None)

    async def _read(self, place: _Cursor) -> tuple[bytes, str | None]:
        """A page; a round whose next page is not given any more is begun again."""
        if place.page is not None:
            try:
                return await self._api.orders({"limit": str(_PAGE), "page_info": place.page})
            except RejectedMessage:
                place.page = None
        start = place.since - timedelta(seconds=self._settings.overlap_seconds)
        return await self._api.orders(
            {
                "status": "any",
                "limit": str(_PAGE),
                "order": "updated_at asc",
                "updated_at_min": start.astimezone(UTC).isoformat(timespec="seconds"),
            }
        )

    def _after(self, place: _Cursor, heads: list[_Head], following: str | None) -> _Cursor:
        """Where the poll is after these orders; a round that ends moves `since` on."""
        newest = max([place.newest or place.since, *(head.updated_at for head in heads)])
        seen = dict.fromkeys([*place.seen, *(head.key for head in heads)])
        if following is not None:
            return _Cursor(since=place.since, seen=list(seen)[-_MOST_SEEN:], page=following, newest=newest)
        start = newest - timedelta(seconds=self._settings.overlap_seconds)
        again = [key for key in seen if _moment(key) >= start.replace(microsecond=0)]
        return _Cursor(since=newest, seen=again[-_MOST_SEEN:])


def _place(cursor: str | None) -> _Cursor | None:
    """The cursor as it was written; None at first, and for one that cannot be read."""
    try:
        return None if cursor is None else _Cursor.model_validate_json(cursor)
    except ValidationError:
        return None


def _moment(key: str) -> datetime:
    return datetime.fromisoformat(key.split(":", 2)[2])


def _orders(body: bytes) -> list[Mapping[str, Any]]:
    try:
        tree = next(JsonFormat().decode([body])).data
    except DecodeError as error:
        raise TransientError("Shopify's list of orders cannot be read.", detail=error.message) from None
    orders = tree.get("orders") if isinstance(tree, dict) else None
    if not isinstance(orders, list):
        raise TransientError("Shopify's answer holds no list of orders.")
    return orders


def _head(tree: Mapping[str, Any]) -> _Head:
    try:
        return _Head.model_validate(tree)
    except ValidationError as error:
        raise TransientError("Shopify lists an order without id or updated_at.", detail=faults_of(error)) from None


def _item(head: _Head, tree: Mapping[str, Any]) -> Item:
    return Item(
        key=head.key,
        type=ORDER,
        body=JsonFormat().encode(tree, ORDER),
        name=f"orders/reconciled {head.name}".strip(),
        content_type="application/json",
    )
