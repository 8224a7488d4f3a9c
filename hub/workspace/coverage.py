"""Whether a mapping to a canonical document makes every field that the document must have.

What is known without data: the keys of the objects that the mapping writes, held against the
document's model. What an expression yields is seen only when it runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel

from hub.contract.documents import KINDS
from hub.mapping import Mapping as CompiledMapping
from hub.mapping.plan import Each, Items, Object, Plan, inner
from hub.source import Problems, nearest

_BY_THE_HUB: Final = frozenset({"header"})
"""Fields that the hub fills in."""


def check_coverage(mapping: CompiledMapping, problems: Problems) -> None:
    """Report fields that the target's model requires and nothing makes, and fields that it does not know."""
    model = KINDS.get(mapping.target_type)
    if model is not None:
        _check(mapping.plan, model, problems)


def _check(plan: Plan, expected: Any, problems: Problems) -> None:
    """`expected` is the type, as the model annotates it, of what the plan makes."""
    if isinstance(plan, Object):
        for model in _models(expected):
            _check_object(plan, model, problems)
        return
    within = _item_type(expected) if isinstance(plan, Each | Items) else expected
    for _, _, part in inner(plan):
        _check(part, within, problems)


def _check_object(plan: Object, model: type[BaseModel], problems: Problems) -> None:
    known = model.model_fields
    for name, field in known.items():
        if field.is_required() and name not in plan.fields and name not in _BY_THE_HUB:
            message = f"every {model.__name__} has {name!r}, which nothing here makes"
            problems.error("missing-field", message, plan.location, f"add {name}: EXPRESSION")
    for name, (location, value) in plan.fields.items():
        if name in known:
            _check(value, known[name].annotation, problems)
        elif model.model_config.get("extra") == "forbid":
            suggestion = nearest(name, known) or "put what a partner adds under extensions"
            problems.error("unknown-field", f"no {model.__name__} has {name!r}", location, suggestion)


def _models(expected: Any) -> list[type[BaseModel]]:
    """The model that an object stands for; none where it is free or there are several."""
    found = [one for one in _alternatives(expected) if isinstance(one, type) and issubclass(one, BaseModel)]
    return found if len(found) == 1 else []


def _item_type(expected: Any) -> Any:
    lists = [one for one in _alternatives(expected) if get_origin(one) is list]
    return get_args(lists[0])[0] if len(lists) == 1 else None


def _alternatives(expected: Any) -> Iterator[Any]:
    """The types that an annotation allows, null left out."""
    origin = get_origin(expected)
    if origin is Annotated:
        yield from _alternatives(get_args(expected)[0])
    elif origin in (Union, UnionType):
        for one in get_args(expected):
            yield from _alternatives(one)
    elif expected is not type(None):
        yield expected
