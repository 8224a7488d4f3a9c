"""A shop's Admin API: GraphQL for what is asked and changed, REST for the orders of the poll.

Sources: shopify.dev/docs/api/admin-graphql, shopify.dev/docs/api/admin-rest/latest/resources/order,
shopify.dev/docs/api/admin-rest/usage/pagination and shopify.dev/docs/api/usage/idempotent-requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qs, urlsplit
from uuid import NAMESPACE_URL, uuid5

import httpx
from pydantic import BaseModel, Field

from connectors.storefront.shopify.graphql import read_changed, read_data, throttled
from connectors.transports.http import Effect, HttpClient

M = TypeVar("M", bound=BaseModel)
N = TypeVar("N", bound=BaseModel)

_FIRST_WITH_KEYS = "2026-01"
"""First version that knows `@idempotent`; from 2026-04 on it is required."""


class PageInfo(BaseModel):
    """Where the next page of a connection begins."""

    more: bool = Field(alias="hasNextPage")
    end: str | None = Field(alias="endCursor")


class Nodes(BaseModel, Generic[N]):
    """A page of a GraphQL connection."""

    nodes: list[N]
    page_info: PageInfo = Field(default=PageInfo(hasNextPage=False, endCursor=None), alias="pageInfo")


class Done(BaseModel):
    """The answer to a mutation of which nothing is needed once it holds no errors."""


class ShopApi:
    """Requests to one shop in one version of its API."""

    def __init__(self, client: HttpClient, version: str) -> None:
        self.version = version
        self._client = client
        self._path = f"/admin/api/{version}"

    @property
    def knows_keys(self) -> bool:
        """Whether this version takes idempotency keys ("unstable" sorts after every version)."""
        return self.version >= _FIRST_WITH_KEYS

    def directive(self) -> tuple[str, str]:
        """What declares and what carries the variable `$key` in a mutation; nothing where keys are unknown."""
        return (", $key: String!", " @idempotent(key: $key)") if self.knows_keys else ("", "")

    def key(self, idempotency_key: str) -> dict[str, str]:
        """The variable `key`: a UUID, as Shopify advises, the same for the same key of the hub."""
        return {"key": str(uuid5(NAMESPACE_URL, idempotency_key))} if self.knows_keys else {}

    async def ask(self, model: type[M], document: str, variables: Mapping[str, Any]) -> M:
        """The answer to a query."""
        return read_data(model, await self._post(document, variables, Effect.SAFE))

    async def change(self, model: type[M], document: str, variables: Mapping[str, Any]) -> M:
        """The answer to a mutation that nothing was wrong with."""
        return read_changed(model, await self._post(document, variables, Effect.ONCE))

    async def orders(self, parameters: Mapping[str, str]) -> tuple[bytes, str | None]:
        """A page of orders by REST, as its bytes, and the `page_info` of the next.

        RejectedMessage for parameters that Shopify refuses, such as a `page_info` of long ago.
        """
        response = await self._client.request(
            "GET", f"{self._path}/orders.json", params=parameters, effect=Effect.SAFE, returned={429}
        )
        _refuse_throttled(response)
        return response.content, _next_page(response)

    async def _post(self, document: str, variables: Mapping[str, Any], effect: Effect) -> bytes:
        response = await self._client.request(
            "POST",
            f"{self._path}/graphql.json",
            json={"query": document, "variables": dict(variables)},
            effect=effect,
            returned={429},
        )
        _refuse_throttled(response)
        return response.content


def _refuse_throttled(response: httpx.Response) -> None:
    if response.status_code == 429:
        raise throttled(response.headers.get("retry-after"))


def _next_page(response: httpx.Response) -> str | None:
    """`page_info` in the link to the next page; the link's host is never followed."""
    url = response.links.get("next", {}).get("url", "")
    return next(iter(parse_qs(urlsplit(url).query).get("page_info", [])), None)
