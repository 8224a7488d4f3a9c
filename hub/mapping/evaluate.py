"""A single expression as Python functions: a fast one, and an exact one that tells what it reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hub.mapping.emit import Emitter, Name
from hub.mapping.lookups import Lookups
from hub.mapping.plan import Source
from hub.mapping.values import Budget

Reader = Callable[[Any, tuple[str | int, ...], str], Any]
"""Reads a path: the value it begins with, the keys, the name it begins with (see `values.read`)."""

Evaluation = Callable[[Mapping[str, Any], Lookups, Budget], Any]
TracedEvaluation = Callable[[Mapping[str, Any], Lookups, Budget, Reader], Any]


def fast(source: Source, *, lenient: bool) -> Evaluation:
    """A function of variables, lookups and budget that raises something on anything unusual."""
    made: Evaluation = _function(source, "_v, _l, _b", exact=False, lenient=lenient)
    return made


def traced(source: Source, *, lenient: bool) -> TracedEvaluation:
    """A function that keeps the language's rules to the letter and reads every path by a Reader."""
    made: TracedEvaluation = _function(source, "_v, _l, _b, _read", exact=True, lenient=lenient)
    return made


def _function(source: Source, parameters: str, *, exact: bool, lenient: bool) -> Any:
    emitter = Emitter(exact=exact)
    known = {name: Name(f"_v.get({name!r})", nullable=True) for name in source.names}
    write = emitter.lenient if lenient else emitter.strict
    text = f"lambda {parameters}: {write(source.tree, known)}"
    return eval(compile(text, str(source.location), "eval"), emitter.globals)  # noqa: S307 - text of whitelisted nodes
