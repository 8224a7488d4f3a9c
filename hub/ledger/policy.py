"""`config/fulfilment.yaml`: which documents the ledger makes, when, and which node ships what.

Conditions and choices see `order`, the order as its source last said it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from hub.pipelines.formula import Formula, compile_formula
from hub.pipelines.nodes import find
from hub.source import Node, Problems, Scalar, Sequence, validate

PATH: Final = "config/fulfilment.yaml"
ORDER: Final = frozenset({"order"})
"""What its conditions see."""


class _Clause(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WhenClause(_Clause):
    """For which orders the ledger makes a document."""

    when: str | None = Field(default=None, description="Condition on order; by default always.")


class ReleaseClause(WhenClause):
    """When an order goes to a node: a FulfilmentRequest for each node and address."""

    after: Literal["captured", "acknowledged"] = Field(
        default="acknowledged",
        description="Whether lines go as they come, or once a seller's system accepted all of them.",
    )


class NodeClause(_Clause):
    """A node that ships. The first whose condition holds is taken."""

    node: str = Field(min_length=1, max_length=80, description="Name of the warehouse.")
    when: str | None = Field(default=None, description="Condition on order; by default always.")


class FulfilmentFile(_Clause):
    """The keys of `config/fulfilment.yaml`. A document of which nothing is said here is not made."""

    acknowledge: WhenClause | None = Field(
        default=None, description="An OrderAcknowledgement to the buyer, once every line is answered."
    )
    release: ReleaseClause | None = Field(default=None, description="FulfilmentRequests to nodes.")
    nodes: list[NodeClause] = Field(default_factory=list, description="Who ships: the first that fits.")
    invoice: WhenClause | None = Field(default=None, description="An Invoice for each shipment.")
    authorize_returns: WhenClause | None = Field(
        default=None, description="A ReturnAuthorization for what is asked to come back."
    )
    credit: WhenClause | None = Field(default=None, description="A CreditNote for what came back.")


@dataclass(frozen=True, slots=True)
class Rule:
    """Whether something is done for an order; by default for each."""

    condition: Formula | None = None

    def holds(self, order: Mapping[str, Any]) -> bool:
        """Whether it is; raises RejectedMessage where that cannot be computed."""
        return self.condition is None or self.condition.holds({"order": order})


@dataclass(frozen=True, slots=True)
class Policy:
    """The compiled file; a rule that is None makes nothing."""

    acknowledge: Rule | None = None
    release: Rule | None = None
    release_when_captured: bool = False
    nodes: tuple[tuple[str, Rule], ...] = ()
    invoice: Rule | None = None
    authorize_returns: Rule | None = None
    credit: Rule | None = None

    def node_for(self, order: Mapping[str, Any]) -> str | None:
        """The node that ships an order; None if none fits."""
        return next((node for node, rule in self.nodes if rule.holds(order)), None)

    @property
    def is_empty(self) -> bool:
        """Whether the ledger makes nothing."""
        return self == Policy()


def compile_policy(node: Node, problems: Problems) -> Policy | None:
    """The policy of the file; None, and the reasons in `problems`, if it has an error."""
    before = len(problems)
    file = validate(FulfilmentFile, node, problems)
    if file is None:
        return None
    if file.release is not None and not file.nodes:
        problems.error("missing-key", "orders are released, but no node ships them", node.location, "add nodes")
    rules = {
        name: None if getattr(file, name) is None else _rule(find(find(node, name), "when"), problems)
        for name in ("acknowledge", "release", "invoice", "authorize_returns", "credit")
    }
    items = find(node, "nodes")
    conditions = [find(item, "when") for item in items.items] if isinstance(items, Sequence) else []
    nodes = tuple((clause.node, _rule(when, problems)) for clause, when in zip(file.nodes, conditions, strict=True))
    if len(problems) > before:
        return None
    captured = file.release is not None and file.release.after == "captured"
    return Policy(release_when_captured=captured, nodes=nodes, **rules)


def _rule(node: Node | None, problems: Problems) -> Rule:
    return Rule(compile_formula(node, ORDER, problems) if isinstance(node, Scalar) else None)
