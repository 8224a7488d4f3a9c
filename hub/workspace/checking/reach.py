"""What no document can ever reach: pipelines from kinds that nobody makes, conditions on what never is.

All of it is a warning: it does no harm, and is mostly a slip of the pen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from jinja2 import nodes

from hub.contract.documents import FulfilmentRequest
from hub.contract.documents.fulfilment import FulfilmentStage
from hub.contract.documents.returns import ReturnStage
from hub.contract.documents.shipping import TransitStage
from hub.ledger.policy import Policy
from hub.mapping.syntax import parse_expression
from hub.pipelines.compiler import LEDGER
from hub.pipelines.formula import Formula
from hub.pipelines.nodes import place
from hub.source import Problems, Scalar, nearest
from hub.workspace.checking.paths import compared_texts
from hub.workspace.loader import Draft

EFFECTS: Final[Mapping[str, Collection[str]]] = {
    "Order": ("created", "changed", "cancelled"),
    "OrderAcknowledgement": ("acknowledged", "answered"),
    "FulfilmentRequest": ("released", "withdrawn"),
    "FulfilmentStatus": tuple(stage.value for stage in FulfilmentStage),
    "Shipment": ("shipped",),
    "ShipmentStatus": tuple(stage.value for stage in TransitStage),
    "Invoice": ("invoiced",),
    "CreditNote": ("credited",),
    "ReturnAuthorization": tuple(f"return_{stage.value}" for stage in ReturnStage),
    "ReturnReceipt": ("return_received",),
    "InventoryAdvice": ("counted",),
    "FunctionalAcknowledgement": ("accepted", "rejected"),
}
"""What a document of each kind can do to its subject. A Reply is routed by no pipeline."""

_MADE_BY_RULE: Final = {
    "acknowledge": "OrderAcknowledgement",
    "release": "FulfilmentRequest",
    "invoice": "Invoice",
    "authorize_returns": "ReturnAuthorization",
    "credit": "CreditNote",
}


def check_reach(draft: Draft, problems: Problems) -> None:
    """Report it for a draft without errors; where there are some, what is missing may be what they hide."""
    mapped = {pipeline.target_kind for pipeline, _ in draft.pipelines if pipeline.recipe is not None}
    made = mapped | _made_by_ledger(draft.policy)
    for pipeline, node in draft.pipelines:
        kind = pipeline.document_kind
        if kind is not None and kind not in made:
            message = f"nothing makes a {kind}: no pipeline's mapping does, and the ledger is not asked to"
            where = place(node, "from", "document")
            problems.warning("unreachable", message, where, nearest(kind, made) or "see config/fulfilment.yaml")
        domains = _domains(pipeline.target_kind, draft, mapped)
        for condition in {one.location: one for route in pipeline.routes for one in route.conditions}.values():
            _check_condition(condition, pipeline.target_kind, domains, problems)


def _made_by_ledger(policy: Policy) -> set[str]:
    return {kind for rule, kind in _MADE_BY_RULE.items() if getattr(policy, rule) is not None}


def _domains(kind: str, draft: Draft, mapped: Collection[str]) -> dict[str, Collection[str]]:
    """What the names that a route's condition sees can be, as far as the configuration says it."""
    domains: dict[str, Collection[str]] = {
        "effect": EFFECTS.get(kind, ()),
        "connection": {*draft.connections, LEDGER},
        "origin": {*(one.spec.system for one in draft.connections.values()), LEDGER},
    }
    if kind == FulfilmentRequest.__name__ and kind not in mapped:
        domains["document.node"] = [node for node, _ in draft.policy.nodes]
    return domains


def _check_condition(condition: Formula, kind: str, domains: Mapping[str, Collection[str]], problems: Problems) -> None:
    for path, text in _comparisons(condition):
        known = domains.get(path)
        if known is not None and text not in known:
            of = f" of {kind} documents" if path == "effect" else ""
            suggestion = nearest(text, known) or f"it can be {', '.join(sorted(known)) or 'nothing'}"
            problems.warning("never-so", f"{path!r}{of} is never {text!r}", condition.location, suggestion)


def _comparisons(condition: Formula) -> Iterator[tuple[str, str]]:
    """The paths that a condition compares with texts that stand in it."""
    written = Scalar(condition.location, condition.text, condition.text, plain=True)
    tree = parse_expression(written, Problems())
    if tree is None:
        return
    compared = [*([tree] if isinstance(tree, nodes.Compare) else ()), *tree.find_all(nodes.Compare)]
    for one in compared:
        yield from ((name, text) for side, text in compared_texts(one) for name in _path(side))


def _path(node: nodes.Node) -> list[str]:
    """`document.node` for a path of plain keys; nothing for anything else."""
    keys: list[str] = []
    while isinstance(node, nodes.Getattr):
        keys.append(node.attr)
        node = node.node
    return [".".join((node.name, *reversed(keys)))] if isinstance(node, nodes.Name) else []
