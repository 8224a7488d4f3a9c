"""Whether a mapping makes every field that its target must have, and none that it cannot have.

What is known without data: the keys and constants that the mapping writes, held against the model
of the canonical document, or of the payload where a connector declares one. What an expression
yields is seen only when it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel

from hub.contract.documents import KINDS
from hub.contract.registry import connector_types, find_connector
from hub.mapping import Mapping as CompiledMapping
from hub.mapping.plan import Constant, Each, Items, Leaf, Object, Plan, inner
from hub.source import Problems, nearest
from hub.workspace.checking.connections import is_known
from hub.workspace.checking.constants import check_value, outcomes
from hub.workspace.checking.types import item_of, model_of
from hub.workspace.connections import Connection

_BY_THE_HUB: Final = frozenset({"header"})
"""Fields that the hub fills in."""


def check_coverage(mapping: CompiledMapping, connections: Mapping[str, Connection], problems: Problems) -> None:
    """Report fields that the target's model requires and nothing makes, fields that it does not know, and
    constants that it does not take."""
    model = KINDS.get(mapping.target_type) or _payload(mapping.target_type, connections)
    if model is not None:
        _check(mapping.plan, model, problems)


def _payload(payload_type: str, connections: Mapping[str, Connection]) -> type[BaseModel] | None:
    """The model of a payload type that a connection here takes, or the connector of that name."""
    named = payload_type.partition(".")[0]
    types = dict.fromkeys(one.spec.type for one in connections.values() if is_known(one))
    for name in (*types, *([named] if named in connector_types() else [])):
        model = find_connector(name).payloads.get(payload_type)
        if model is not None:
            return model
    return None


def _check(plan: Plan, expected: Any, problems: Problems) -> None:
    """`expected` is the type, as the model annotates it, of what the plan makes."""
    if isinstance(plan, Object):
        model = model_of(expected)
        if model is not None:
            _check_object(plan, model, problems)
        return
    if isinstance(plan, Constant):
        check_value(plan.value, expected, plan.location, problems)
    elif isinstance(plan, Leaf):
        for value in outcomes(plan.source.tree):
            check_value(value, expected, plan.source.location, problems)
    within = item_of(expected) if isinstance(plan, Each | Items) else expected
    for _, _, part in inner(plan):
        _check(part, within, problems)


def _check_object(plan: Object, model: type[BaseModel], problems: Problems) -> None:
    known = {field.alias or name: field for name, field in model.model_fields.items()}
    for name, field in known.items():
        if field.is_required() and not _makes(plan, name) and name not in _BY_THE_HUB:
            message = f"every {model.__name__} has {name!r}, which nothing here makes"
            problems.error("missing-field", message, plan.location, f"add {name}: EXPRESSION")
    for name, (location, value) in plan.fields.items():
        if name in known:
            _check(value, Annotated[known[name].annotation, known[name]], problems)
        elif model.model_config.get("extra") == "forbid":
            suggestion = nearest(name, known) or "put what a partner adds under extensions"
            problems.error("unknown-field", f"no {model.__name__} has {name!r}", location, suggestion)


def _makes(plan: Object, name: str) -> bool:
    """Whether an object has a field; a constant null makes none."""
    part = plan.fields[name][1] if name in plan.fields else None
    return part is not None and not (isinstance(part, Constant) and part.value is None)
