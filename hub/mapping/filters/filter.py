"""What is known of a filter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from inspect import Signature, signature
from typing import Any


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter's name and function.

    `function` takes the value, then the arguments, and returns plain data; null is never given
    to it. `check` is called when a mapping is compiled, with the arguments, if all are
    literals: it raises ValueError on those that can never work. With `lookups` the function
    is given the lookups before the value. What it returns counts against the run's bounds
    unless it is `short`, and the items of a list it is given if it `looks_through` them.
    `passes_on` is whether it may return null or a part of what it was given, as it is.
    """

    name: str
    function: Callable[..., Any]
    check: Callable[..., None] | None = None
    lookups: bool = False
    short: bool = False
    looks_through: bool = False
    passes_on: bool = False

    def signature(self) -> Signature:
        """Of the arguments behind the value."""
        return _signature(self.function, 2 if self.lookups else 1)


@cache
def _signature(function: Callable[..., Any], skipped: int) -> Signature:
    full = signature(function)
    return full.replace(parameters=list(full.parameters.values())[skipped:])
