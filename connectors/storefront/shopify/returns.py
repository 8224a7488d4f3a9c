"""`shopify.return_decision`: a customer's request to return goods is approved or declined.

Source: shopify.dev/docs/api/admin-graphql, Return, returnApproveRequest and returnDeclineRequest.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from connectors.storefront.shopify.api import Done, ShopApi
from connectors.storefront.shopify.payloads import Payload, ReturnGid, number, payload_of
from hub.contract.connector import Outbound, PushContext, Receipt
from hub.contract.errors import Duplicate, RejectedMessage

_STATUS = "query CrossdockReturn($id: ID!) { return(id: $id) { id status } }"
_APPROVE = """mutation CrossdockApprove($input: ReturnApproveRequestInput!) {
  returnApproveRequest(input: $input) { return { id status } userErrors { field message code } }
}"""
_DECLINE = """mutation CrossdockDecline($input: ReturnDeclineRequestInput!) {
  returnDeclineRequest(input: $input) { return { id status } userErrors { field message code } }
}"""
_AFTER = {"approve": frozenset({"OPEN", "CLOSED"}), "decline": frozenset({"DECLINED"})}
"""The statuses in which a decision has been carried out."""


class ReturnDecision(Payload):
    """What is decided of a return. `reason` and `note` go with declining; the customer reads the note."""

    id: ReturnGid = Field(alias="return")
    decision: Literal["approve", "decline"]
    reason: Literal["return_period_ended", "final_sale", "other"] = "other"
    note: str | None = Field(default=None, max_length=500)
    notify: bool = False

    def request(self) -> tuple[str, dict[str, Any]]:
        """The mutation and its variables."""
        wanted: dict[str, Any] = {"id": self.id, "notifyCustomer": self.notify}
        if self.decision == "approve":
            return _APPROVE, {"input": wanted}
        wanted["declineReason"] = self.reason.upper()
        if self.note:
            wanted["declineNote"] = self.note
        return _DECLINE, {"input": wanted}


class ReturnDecisions:
    """Approves and declines; a return is asked for its status before it is decided."""

    def __init__(self, api: ShopApi) -> None:
        self._api = api

    async def push(self, out: Outbound, context: PushContext) -> Receipt:
        """Decide the return; Duplicate if it is so already, RejectedMessage if it was decided otherwise."""
        decision = payload_of(ReturnDecision, out)
        status = await self._status(decision)
        if status in _AFTER[decision.decision]:
            raise Duplicate(f"Return {number(decision.id)} is {status} already.")
        if status != "REQUESTED":
            raise RejectedMessage(
                f"Return {number(decision.id)} is {status} in the shop; only what is requested can be decided.",
                field="return",
            )
        await self._api.change(Done, *decision.request())
        return _receipt(decision)

    async def find(self, out: Outbound) -> Receipt | None:
        """Whether the return is as it was decided."""
        decision = payload_of(ReturnDecision, out)
        return _receipt(decision) if await self._status(decision) in _AFTER[decision.decision] else None

    async def _status(self, decision: ReturnDecision) -> str:
        found = (await self._api.ask(_Answer, _STATUS, {"id": decision.id})).found
        if found is None:
            raise RejectedMessage(f"The shop has no return {number(decision.id)}.", field="return")
        return found.status


class _Return(BaseModel):
    status: str


class _Answer(BaseModel):
    found: _Return | None = Field(alias="return")


def _receipt(decision: ReturnDecision) -> Receipt:
    done = {"approve": "approved", "decline": "declined"}[decision.decision]
    return Receipt({"return": number(decision.id)}, note=f"return {number(decision.id)} {done}")
