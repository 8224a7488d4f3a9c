"""Filters: what may stand behind `|` in an expression.

Those of the language are in the modules of this package, one module for each group. Others
announce themselves by the entry-point group `crossdock.filters`: the name is the filter's, the
value is `module:function`. Such a function takes the value and the arguments, is never given
null, returns plain data or null, and raises ValueError with a sentence where it cannot.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from inspect import Parameter

from hub.contract.errors import ConfigError
from hub.mapping.filters import addresses, gs1, lists, lookup, money, numbers, patterns, text, times, units
from hub.mapping.filters.filter import Filter

_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD, Parameter.VAR_POSITIONAL)
_BUILT_IN: dict[str, Filter] = {
    known.name: known
    for module in (times, numbers, money, text, patterns, lists, lookup, units, addresses, gs1)
    for known in module.FILTERS
}


def filter_names() -> list[str]:
    """The names of all filters there are, sorted. `default` is part of the language."""
    return sorted({"default", *_BUILT_IN, *entry_points(group="crossdock.filters").names})


@cache
def find_filter(name: str) -> Filter | None:
    """The filter of a name, or None; those of the language come before others."""
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    for point in entry_points(group="crossdock.filters", name=name):
        found = Filter(name, point.load(), passes_on=True)
        if any(parameter.kind not in _POSITIONAL for parameter in found.signature().parameters.values()):
            raise ConfigError(f"The filter {name!r} ({point.value}) has arguments that are taken by name only.")
        return found
    return None


__all__ = ["Filter", "filter_names", "find_filter"]
