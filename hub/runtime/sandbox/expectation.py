"""Expectations of a story: what is looked at, and what must be true of it.

{order: "#1001", path: systems.acme-sap.actual, equals: acknowledged}
{counterpart: acme-sap, path: /documents/#1001/orders, equals: 1, stays: true}
{failures: {contains: MUG-BLUE, count: 1}}
{messages: {where: {connection: acme-shop}, count: 3}}
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from hub.runtime.sandbox.address import MISSING, Address, look_up, parse_address
from hub.runtime.sandbox.counterpart import jsonable


class Rows(BaseModel):
    """Of a list of rows, those that hold a text, and how many there must be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    where: dict[str, str] = Field(default_factory=dict, description="Filters of `messages`, such as connection.")
    contains: str | None = Field(default=None, description="A text that a row shows somewhere.")
    count: int | None = Field(default=None, ge=0, description="How many such rows; without it at least one.")

    def holds(self, rows: list[Any]) -> bool:
        """Whether as many of the rows are such as there must be."""
        found = self.matching(rows)
        return len(found) == self.count if self.count is not None else bool(found)

    def __str__(self) -> str:
        """Which rows, and how many there must be."""
        which = "".join(f" {name} {value}" for name, value in self.where.items())
        what = "" if self.contains is None else f" with {_text(self.contains)}"
        return f"{which}{what}: {'some' if self.count is None else self.count}"

    def matching(self, rows: list[Any]) -> list[Any]:
        """The rows that hold the text."""
        text = self.contains
        return rows if text is None else [row for row in rows if text in json.dumps(row, ensure_ascii=False)]


class Expectation(BaseModel):
    """One subject (`order`, `counterpart`, `failures` or `messages`) and one condition on it.

    `stays` checks it again after every later step and at the end: it must hold for the rest
    of the story.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    order: str | None = Field(default=None, description="Number of the order to look at.")
    counterpart: str | None = Field(default=None, description="Name of the counterpart whose state to look at.")
    failures: Rows | None = Field(default=None, description="What waits for a person.")
    messages: Rows | None = Field(default=None, description="What arrived.")
    path: Annotated[Address, BeforeValidator(parse_address)] = Field(default=(), description="Place in it.")
    equals: Any = Field(default=None, description="The value there; numbers are compared by value.")
    contains: Any = Field(default=None, description="A part of the text there, or an item of the list.")
    count: int | None = Field(default=None, ge=0, description="Length of the list or object there.")
    absent: bool = Field(default=False, description="Nothing is there.")
    stays: bool = Field(default=False, description="It holds for the rest of the story.")

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        subjects = {"order", "counterpart", "failures", "messages"} & self.model_fields_set
        if len(subjects) != 1:
            raise ValueError("name exactly one of order, counterpart, failures and messages")
        conditions = {"equals", "contains", "count", "absent"} & self.model_fields_set
        rows = self.failures or self.messages
        if rows is not None and (conditions or self.path):
            raise ValueError("the conditions on failures and messages stand inside: {failures: {count: 1}}")
        if rows is None and len(conditions) != 1:
            raise ValueError("name exactly one of equals, contains, count and absent")
        if self.failures and self.failures.where:
            raise ValueError("`where` is for messages; failures are told apart by `contains`")
        return self

    def holds(self, document: Any) -> bool:
        """Whether it is true of what was looked at (None: there is no such order)."""
        rows = self.failures or self.messages
        if rows is not None:
            return rows.holds(document)
        found = self.find(document)
        if "equals" in self.model_fields_set:
            return same(self.equals, found)
        if "contains" in self.model_fields_set:
            return holds(found, self.contains)
        if self.count is not None:
            return isinstance(found, list | dict) and len(found) == self.count
        return (found is MISSING or found is None) == self.absent

    def find(self, document: Any) -> Any:
        """What stands at its path, or the rows it is about."""
        rows = self.failures or self.messages
        if rows is not None:
            return rows.matching(document)
        return look_up(MISSING if document is None else document, self.path)

    def __str__(self) -> str:
        """The expectation in words: `order #1001: status is "acknowledged"`."""
        rows = self.failures or self.messages
        if rows is not None:
            return f"{'failures' if self.failures else 'messages'}{rows}"
        where = f"order {self.order}" if self.order is not None else str(self.counterpart)
        place = " ".join(map(str, self.path)) or "it"
        return f"{where}: {place} {self._condition()}"

    def _condition(self) -> str:
        if "equals" in self.model_fields_set:
            return f"is {_text(self.equals)}"
        if "contains" in self.model_fields_set:
            return f"holds {_text(self.contains)}"
        if self.count is not None:
            return f"has {self.count}"
        return "is not there" if self.absent else "is there"


def _text(value: Any) -> str:
    return json.dumps(jsonable(value), ensure_ascii=False)


def same(expected: Any, found: Any) -> bool:
    """Whether two values are equal: numbers by value, objects and lists item by item."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return expected.keys() == found.keys() and all(same(item, found[key]) for key, item in expected.items())
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(same, expected, found))
    if _is_number(expected) and _is_number(found):
        return _exact(expected) == _exact(found)
    return type(expected) is type(found) and bool(expected == found)


def holds(found: Any, part: Any) -> bool:
    """Whether a text holds a text, an object a key, or a list an item (an object in it: such entries)."""
    if isinstance(found, str):
        return isinstance(part, str) and part in found
    if isinstance(found, dict):
        return isinstance(part, str) and part in found
    return isinstance(found, list) and any(_resembles(item, part) for item in found)


def _resembles(item: Any, part: Any) -> bool:
    if isinstance(item, dict) and isinstance(part, dict):
        return all(key in item and same(value, item[key]) for key, value in part.items())
    return same(part, item)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _exact(value: float | Decimal) -> Decimal:
    return Decimal(str(value))
