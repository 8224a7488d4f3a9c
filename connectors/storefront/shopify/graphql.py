"""The GraphQL Admin API: the documents sent, and what its answers mean.

Shopify answers most failures with status 200 and an `errors` list, or with `userErrors` inside
the data. Sources: shopify.dev/docs/api/admin-graphql (tagsAdd, metafieldsSet, order) and
shopify.dev/docs/api/usage/limits (cost and throttleStatus, in points and points a second).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from hub.contract.errors import AuthError, CrossdockError, InDoubt, RejectedMessage, TransientError

M = TypeVar("M", bound=BaseModel)

CHECK = """query CrossdockCheck {
  shop { name myshopifyDomain }
  currentAppInstallation { accessScopes { handle } }
}"""

FIND = """query CrossdockFind($id: ID!, $keys: [String!]) {
  order(id: $id) { id tags metafields(first: 25, keys: $keys) { nodes { namespace key value } } }
}"""

_ADD_TAGS = "tagsAdd(id: $id, tags: $tags) { userErrors { field message } }"
_SET_METAFIELDS = "metafieldsSet(metafields: $metafields) { userErrors { field message code } }"
_REFUSED_CODES = frozenset({"ACCESS_DENIED", "UNAUTHORIZED", "SHOP_INACTIVE"})
_DEFAULT_WAIT = 1.0
_LONGEST_WAIT = 3600.0


class Metafield(BaseModel):
    """A value kept with the order, under `namespace.key`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    namespace: str = Field(min_length=3, max_length=255)
    key: str = Field(min_length=2, max_length=64)
    type: str = Field(min_length=1)
    value: str = Field(min_length=1)


class _Value(BaseModel):
    namespace: str
    key: str
    value: str


class _Values(BaseModel):
    nodes: list[_Value]


class FoundOrder(BaseModel):
    """What FIND reads of an order."""

    tags: list[str]
    metafields: _Values


class FindAnswer(BaseModel):
    """The data of FIND."""

    order: FoundOrder | None


class _Scope(BaseModel):
    handle: str


class _Shop(BaseModel):
    name: str
    domain: str = Field(alias="myshopifyDomain")


class _Installation(BaseModel):
    scopes: list[_Scope] = Field(alias="accessScopes")


class CheckAnswer(BaseModel):
    """The data of CHECK."""

    shop: _Shop
    installation: _Installation = Field(alias="currentAppInstallation")


def _integer_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class OrderUpdate(BaseModel):
    """A `shopify.order_update`: what to add to an order.

    `order` is the order's number in Shopify, as an integer, text, or `gid://shopify/Order/…`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    order: Annotated[str, BeforeValidator(_integer_as_text), Field(pattern=r"^(gid://shopify/Order/)?[0-9]{1,20}$")]
    tags: list[Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^,]+$")]] = Field(default_factory=list)
    metafields: list[Metafield] = Field(default_factory=list, max_length=25)

    @property
    def gid(self) -> str:
        """The order's global id."""
        return self.order if self.order.startswith("gid:") else f"gid://shopify/Order/{self.order}"

    def mutation(self) -> dict[str, Any]:
        """The one request that adds the tags and sets the metafields."""
        variables: dict[str, Any] = {}
        parts: list[tuple[str, str]] = []
        if self.tags:
            variables |= {"id": self.gid, "tags": self.tags}
            parts.append(("$id: ID!, $tags: [String!]!", _ADD_TAGS))
        if self.metafields:
            variables["metafields"] = [{"ownerId": self.gid, **field.model_dump()} for field in self.metafields]
            parts.append(("$metafields: [MetafieldsSetInput!]!", _SET_METAFIELDS))
        declared, selected = ", ".join(part[0] for part in parts), " ".join(part[1] for part in parts)
        return {"query": f"mutation CrossdockUpdate({declared}) {{ {selected} }}", "variables": variables}

    def look_up(self) -> dict[str, Any]:
        """The request that reads what `is_met_by` compares."""
        keys = [f"{field.namespace}.{field.key}" for field in self.metafields]
        return {"query": FIND, "variables": {"id": self.gid, "keys": keys}}

    def is_met_by(self, order: FoundOrder) -> bool:
        """Whether the order has all the tags and all the metafields already.

        Tags are compared without case, as Shopify does.
        """
        tags = {tag.lower() for tag in order.tags}
        values = {(node.namespace, node.key): node.value for node in order.metafields.nodes}
        return all(tag.lower() in tags for tag in self.tags) and all(
            values.get((field.namespace, field.key)) == field.value for field in self.metafields
        )


def read_update(body: bytes) -> OrderUpdate:
    """The update in a transmission's body; RejectedMessage naming each wrong field."""
    try:
        update = OrderUpdate.model_validate_json(body)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False)
        fields = [".".join(map(str, fault["loc"])) or "body" for fault in faults]
        wrong = "; ".join(f"{field}: {fault['msg']}" for field, fault in zip(fields, faults, strict=True))
        raise RejectedMessage(
            f"This is not a shopify.order_update: {wrong}. Correct the mapping that makes it.", field=fields[0]
        ) from None
    if not update.tags and not update.metafields:
        raise RejectedMessage("The order update has neither tags nor metafields.", field="tags")
    return update


def read_answer(body: bytes, *, changes: bool) -> dict[str, Any]:
    """The `data` of an answer with status 2xx; its errors become the hub's.

    `changes` says that the request was a mutation: what is unclear is then in doubt.
    """
    answer = _parse(body, changes=changes)
    if errors := answer.get("errors"):
        raise _failure(_listed(errors), _mapping(answer.get("extensions")), changes=changes)
    data = answer.get("data")
    if not isinstance(data, dict) or (changes and None in data.values()):
        raise _unclear("Shopify's answer lacks the data asked for.", body, changes=changes)
    _refuse_user_errors(data)
    return data


def read_data(model: type[M], body: bytes) -> M:
    """The answer to a query as `model`; an answer of another shape is a TransientError."""
    try:
        return model.model_validate(read_answer(body, changes=False))
    except ValidationError as error:
        raise TransientError("Shopify's answer has another shape than expected.", detail=str(error)) from None


def throttled(retry_after: str | None) -> TransientError:
    """The error of an answer 429; Shopify writes Retry-After with a fraction, `2.0`."""
    try:
        wait = float(retry_after or _DEFAULT_WAIT)
    except ValueError:
        wait = _DEFAULT_WAIT
    return TransientError("Shopify throttled the request.", retry_after=_believable(wait), status=429)


def _believable(wait: float) -> float:
    return wait if 0 < wait < _LONGEST_WAIT else _DEFAULT_WAIT


def _parse(body: bytes, *, changes: bool) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise _unclear("Shopify's answer is not a JSON object.", body, changes=changes)
    return answer


def _unclear(message: str, body: bytes, *, changes: bool) -> CrossdockError:
    detail = body[:500].decode(errors="replace")
    return InDoubt(message, detail=detail) if changes else TransientError(message, detail=detail)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(errors: Any) -> list[Mapping[str, Any]]:
    """`errors` is a list of objects, or one text where a request was refused as a whole."""
    listed = errors if isinstance(errors, list) else [errors]
    return [error if isinstance(error, dict) else {"message": str(error)} for error in listed]


def _failure(errors: Sequence[Mapping[str, Any]], extensions: Mapping[str, Any], *, changes: bool) -> CrossdockError:
    messages = "; ".join(str(error.get("message", "no message")) for error in errors)
    codes = {str(_mapping(error.get("extensions")).get("code", "")) for error in errors}
    if "THROTTLED" in codes:
        return TransientError("Shopify throttled the request.", retry_after=_wait(extensions), detail=messages)
    if codes & _REFUSED_CODES:
        return AuthError(
            f"Shopify refused access: {messages} Check the app's scopes and the token.", codes=sorted(codes)
        )
    if "INTERNAL_SERVER_ERROR" in codes:
        failed = f"Shopify failed internally: {messages}"
        return InDoubt(failed) if changes else TransientError(failed)
    return RejectedMessage(f"Shopify refused the request: {messages}", codes=sorted(codes - {""}))


def _wait(extensions: Mapping[str, Any]) -> float:
    """Seconds until the bucket holds the points that the request costs."""
    cost = _mapping(extensions.get("cost"))
    status = _mapping(cost.get("throttleStatus"))
    try:
        missing = float(cost["requestedQueryCost"]) - float(status["currentlyAvailable"])
        wait = missing / float(status["restoreRate"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return _DEFAULT_WAIT
    return _believable(wait)


def _refuse_user_errors(data: Mapping[str, Any]) -> None:
    found = [
        f"{name} {'.'.join(map(str, error.get('field') or ()))}: {error.get('message')}"
        for name, payload in data.items()
        if isinstance(payload, dict)
        for error in _listed(payload.get("userErrors") or [])
    ]
    if found:
        raise RejectedMessage(f"Shopify refused the update: {'; '.join(found)}.", user_errors=found)
