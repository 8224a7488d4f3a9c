"""What the annotations of models allow: the models, the items of lists, the alternatives of a union."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel


def alternatives(expected: Any) -> Iterator[Any]:
    """The types that an annotation allows, null left out."""
    origin = get_origin(expected)
    if origin is Annotated:
        yield from alternatives(get_args(expected)[0])
    elif origin in (Union, UnionType):
        for one in get_args(expected):
            yield from alternatives(one)
    elif expected is not type(None):
        yield expected


def is_model(one: Any) -> bool:
    """Whether a type is a model, of which the fields are known."""
    return isinstance(one, type) and issubclass(one, BaseModel)


def values_of(one: Any) -> list[str] | None:
    """The texts of an enumeration or a Literal; None of any other type."""
    if isinstance(one, type) and issubclass(one, Enum):
        return [str(member.value) for member in one]
    return [str(value) for value in get_args(one)] if get_origin(one) is Literal else None


def model_of(expected: Any) -> type[BaseModel] | None:
    """The model that an object stands for; None where it is free or there are several."""
    found = [one for one in alternatives(expected) if is_model(one)]
    return found[0] if len(found) == 1 else None


def item_of(expected: Any) -> Any:
    """The type of a list's items; None where that is not one."""
    lists = [one for one in alternatives(expected) if get_origin(one) is list]
    return get_args(lists[0])[0] if len(lists) == 1 else None
