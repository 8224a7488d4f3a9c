"""What EasyPost's answers mean.

Sources: docs.easypost.com/docs/shipments (create, buy, retrieve), docs.easypost.com/docs/trackers,
docs.easypost.com/guides/errors-guide (the error object) and docs.easypost.com/docs/errors (codes).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

import jiter
from pydantic import BaseModel, BeforeValidator, Field

from connectors.tms.easypost.orders import Service
from hub.contract.errors import Duplicate, InDoubt, RejectedMessage
from hub.contract.values import to_decimal

M = TypeVar("M", bound=BaseModel)

_UNFINISHED = frozenset({"SHIPMENT.PURCHASE.IN_PROGRESS", "SHIPMENT.POSTAGE.TIMED_OUT", "SHIPMENT.POSTAGE.NO_RESPONSE"})
"""Codes of a purchase that may still come about."""

_BOUGHT = "SHIPMENT.POSTAGE.EXISTS"
_LONGEST_TEXT = 500


class Rate(BaseModel):
    """What a carrier asks for a service."""

    id: str
    carrier: str
    service: str
    rate: Annotated[Decimal, BeforeValidator(to_decimal)]
    currency: str

    def __str__(self) -> str:
        return f"{self.carrier} {self.service} at {self.rate} {self.currency}"


class Tracker(BaseModel):
    """What watches a parcel."""

    id: str = Field(min_length=1)
    tracking_code: str
    answer: bytes = Field(default=b"", exclude=True)
    """The start of the JSON that it was read from, where that was about it alone."""


class Trackers(BaseModel):
    """A list of trackers, the youngest first."""

    trackers: list[Tracker] = Field(default_factory=list)


class _Message(BaseModel):
    carrier: str | None = None
    message: Any = None


class Shipment(BaseModel):
    """What is read of a shipment."""

    id: str = Field(min_length=1)
    rates: list[Rate] = Field(default_factory=list)
    selected_rate: Rate | None = None
    postage_label: dict[str, Any] | None = None
    tracking_code: str | None = None
    tracker: Tracker | None = None
    messages: list[_Message] = Field(default_factory=list)
    answer: bytes = Field(default=b"", exclude=True)
    """The start of the JSON that it was read from."""

    @property
    def is_bought(self) -> bool:
        """Whether it has a label, which is what costs money."""
        return self.postage_label is not None

    def choose(self, wanted: Literal["cheapest"] | Service) -> Rate:
        """The cheapest rate that fits; RejectedMessage if there is none, or they cannot be compared."""
        service = Service() if wanted == "cheapest" else wanted
        fitting = [rate for rate in self.rates if _fits(rate, service)]
        if not fitting:
            raise RejectedMessage(self._no_rate(service), field="rate", shipment=self.id)
        if len(currencies := {rate.currency for rate in fitting}) > 1:
            raise RejectedMessage(
                f"The rates are in {' and '.join(sorted(currencies))} and cannot be compared; name a carrier and a "
                "service in `rate`.",
                field="rate",
                shipment=self.id,
            )
        return min(fitting, key=lambda rate: rate.rate)

    def _no_rate(self, service: Service) -> str:
        names = " ".join(filter(None, (service.carrier, service.service)))
        offered = ", ".join(f"{rate.carrier} {rate.service}" for rate in self.rates) or "none"
        said = "; ".join(f"{one.carrier}: {_text(one.message)}" for one in self.messages)
        return f"There is no rate of {names or 'any carrier'}; offered: {offered}." + (f" {said}" if said else "")


def _fits(rate: Rate, wanted: Service) -> bool:
    return all(
        asked is None or asked.casefold() == given.casefold()
        for asked, given in ((wanted.carrier, rate.carrier), (wanted.service, rate.service))
    )


def numbered(kind: str, values: Sequence[str | None]) -> dict[str, str | tuple[str, ...]]:
    """References of one parcel or of several; those that are missing are left out."""
    known = tuple(value for value in values if value)
    return {kind: known[0] if len(known) == 1 else known} if known else {}


def read(model: type[M], body: bytes) -> M | None:
    """An answer as `model`, or None where it has another shape."""
    try:
        return model.model_validate(jiter.from_json(body, float_mode="decimal"))
    except ValueError:
        return None


def refusal(status: int, body: bytes, what: str) -> RejectedMessage | InDoubt | Duplicate:
    """What an answer 4xx to `what` ("buy shp_1") means, in EasyPost's own words.

    Duplicate where the label was bought before.
    """
    error = _error(body)
    code = _text(error.get("code")) or str(status)
    said = f"EasyPost refused to {what}: {code}: {_text(error.get('message')) or 'no reason given'}"
    fields = [named for one in _listed(error.get("errors")) if (named := _field_error(one))]
    said += f" ({'; '.join(fields)})" if fields else ""
    if code == _BOUGHT:
        return Duplicate(said, code=code)
    if code in _UNFINISHED:
        return InDoubt(said, code=code)
    return RejectedMessage(said, code=code, fields=fields, status=status)


def _error(body: bytes) -> Mapping[str, Any]:
    try:
        answer = jiter.from_json(body)
    except ValueError:
        answer = None
    error = answer.get("error") if isinstance(answer, dict) else None
    return error if isinstance(error, dict) else {"message": error or body[:_LONGEST_TEXT].decode(errors="replace")}


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _field_error(one: Any) -> str:
    if isinstance(one, dict):
        return ": ".join(filter(None, (_text(one.get("field")), _text(one.get("message")))))
    return _text(one)


def _text(value: Any) -> str:
    """EasyPost's messages are texts, lists or objects of them; on one line, bounded."""
    if isinstance(value, dict):
        value = "; ".join(f"{key}: {_text(inner)}" for key, inner in value.items())
    elif isinstance(value, list):
        value = "; ".join(map(_text, value))
    text = "" if value is None else str(value)
    return "".join(c if c.isprintable() else " " for c in text)[:_LONGEST_TEXT].strip()
