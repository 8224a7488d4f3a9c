"""Shapes: what is known of a tree before there is one, from samples of it or from its model.

A path is followed through a shape as it will be through the tree: by keys, and through lists as
if each were its items.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, get_args, get_origin

from pydantic import BaseModel

from hub.workspace.checking.types import alternatives, is_model, values_of


class Shape(Protocol):
    """What a value can be."""

    @property
    def label(self) -> str:
        """What has not the key, in words: `sample of shopify.order`, `OrderLine`."""
        ...

    @property
    def keys(self) -> Collection[str] | None:
        """The keys that it can have; None if they may be any, or nothing is known."""
        ...

    def at(self, key: str) -> Shape:
        """What can stand under a key."""
        ...

    def joined(self, other: Shape) -> Shape | None:
        """What is either of two; None if that cannot be told."""
        ...


@dataclass(frozen=True)
class Sampled:
    """The values that samples have at one place, null left out."""

    label: str
    values: tuple[Any, ...]
    _within: dict[str, Sampled] = field(default_factory=dict, repr=False)

    @cached_property
    def keys(self) -> Collection[str] | None:
        """Those of all objects there; None if no sample has an object there, so that nothing can be told."""
        return {key for value in self._objects for key in value} if self._objects else None

    def at(self, key: str) -> Sampled:
        if key not in self._within:
            found = tuple(value[key] for value in self._objects if value.get(key) is not None)
            self._within[key] = Sampled(self.label, found)
        return self._within[key]

    @cached_property
    def _objects(self) -> list[dict[str, Any]]:
        return [value for value in _items(self.values) if isinstance(value, dict)]

    def joined(self, other: Shape) -> Shape | None:
        return Sampled(self.label, self.values + other.values) if isinstance(other, Sampled) else None


@dataclass(frozen=True)
class Modelled:
    """The types that a model's annotations allow at one place."""

    types: tuple[Any, ...]
    _under: dict[str, Modelled] = field(default_factory=dict, repr=False)

    @property
    def label(self) -> str:
        models = [one.__name__ for one in self._alternatives if is_model(one)]
        return " or ".join(models) if models else "single value"

    @cached_property
    def keys(self) -> Collection[str] | None:
        """The fields of the models; none of a single value."""
        if any(one is Any or one is dict or get_origin(one) is dict for one in self._alternatives):
            return None
        return {key for model in self._models for key in model.model_fields}

    @cached_property
    def values(self) -> Collection[str] | None:
        """The texts that it can be, if there is a list of them."""
        listed = [values_of(one) for one in self._alternatives]
        if not listed or any(values is None for values in listed):
            return None
        return [value for values in listed for value in values or ()]

    def at(self, key: str) -> Modelled:
        if key not in self._under:
            fields = [model.model_fields[key] for model in self._models if key in model.model_fields]
            self._under[key] = Modelled(tuple(one.annotation for one in fields))
        return self._under[key]

    def joined(self, other: Shape) -> Shape | None:
        return Modelled(self.types + other.types) if isinstance(other, Modelled) else None

    @cached_property
    def _models(self) -> list[type[BaseModel]]:
        return [one for one in self._alternatives if is_model(one)]

    @cached_property
    def _alternatives(self) -> list[Any]:
        return [one for expected in self.types for one in _through_lists(expected)]


def _items(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from _items(value)
        else:
            yield value


def _through_lists(expected: Any) -> Iterator[Any]:
    for one in alternatives(expected):
        if get_origin(one) is list:
            yield from _through_lists(get_args(one)[0])
        else:
            yield one
