"""A shop whose orders go to an ERP and a CRM: its routes, its documents, and what else is said about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.contract.documents import Document, Intent, Order, OrderAcknowledgement
from hub.contract.ids import new_id
from hub.ledger.incoming import Incoming, digest_of
from hub.mapping import Mapping as CompiledMapping
from hub.mapping import compile_mapping
from hub.pipelines import Identity, Route, Surroundings, compile_pipeline, tree_of
from hub.source import Mapping, Problems, parse
from hub.store.failures import FailureNote

PIPELINE = """\
pipeline: orders
from: {connection: shop, types: [shop.order]}
subject: {order: source.id, version: source.updated_at, intent: snapshot}
steps: [{map: shop/order}]
routes:
  - {to: erp, map: erp/order, when: effect == 'created', references: {po: document.po_number}}
  - {to: erp, map: erp/order, when: effect == 'changed', needs: xref.erp.order}
  - {to: crm, map: erp/order, when: effect == 'created' or effect == 'cancelled'}
"""
BROKEN_ROUTE = "  - {to: wms, map: erp/order, when: document.number > 5}\n"

_MAPPINGS = {
    "shop/order": "mapping: shop/order\nfrom: shop.order\nto: Order\nfields: {number: source.name}\n",
    "erp/order": "mapping: erp/order\nfrom: Order\nto: erp.order\nfields: {number: source.number}\n",
}
SYSTEMS = {"shop": "shop", "erp": "erp", "crm": "crm", "wms": "wms"}


def routes(text: str = PIPELINE) -> list[Route]:
    """The routes of a pipeline as it is written in YAML."""
    problems = Problems()
    mappings = {name: _compiled(name, content, problems) for name, content in _MAPPINGS.items()}
    node = parse(text, "pipelines/orders.yaml", problems)
    pipeline = None if node is None else compile_pipeline(node, Surroundings(mappings, SYSTEMS), problems)
    assert pipeline is not None, list(problems)
    return list(pipeline.routes)


def _compiled(name: str, content: str, problems: Problems) -> CompiledMapping | None:
    node = parse(content, f"mappings/{name}.yaml", problems)
    assert isinstance(node, Mapping)
    return compile_mapping(node, problems)


ROUTES = routes()


def identity(value: str, **said: Any) -> Identity:
    """What a document is about: by default a snapshot of an order of the shop."""
    given = {"subject_kind": "order", "system": "shop", "reference_kind": "order", "version": ""}
    return Identity(**{**given, "value": value, "intent": Intent.SNAPSHOT, **said})


def header(source: str, about: Identity) -> dict[str, Any]:
    return {"source": source, "source_id": about.value, "revision": about.version, "intent": about.intent}


def line(line_id: str = "1", sku: str | None = "MUG", quantity: str = "2", **said: Any) -> dict[str, Any]:
    return {"line_id": line_id, "sku": sku, "quantity": {"value": quantity}, **said}


def order_of(about: Identity, **said: Any) -> Order:
    """An order as the shop says it."""
    content = {
        "header": header("shop", about),
        "number": f"#{about.value}",
        "currency": "EUR",
        "buyer": {},
        "lines": [line()],
        "totals": {"grand": {"amount": "19.90", "currency": "EUR"}},
        **said,
    }
    return Order.model_validate(content)


def acknowledgement_of(about: Identity, source: str = "erp", **said: Any) -> OrderAcknowledgement:
    """What the ERP says to an order, by default that it takes its line."""
    content = {
        "header": header(source, about),
        "order_number": about.value,
        "lines": [{"line_id": "1", "status": "accepted"}],
        **said,
    }
    return OrderAcknowledgement.model_validate(content)


def incoming(message: str, connection: str, about: Identity, document: Document, **said: Any) -> Incoming:
    """A document on its way into the ledger."""
    return Incoming(
        message,
        connection,
        connection,
        said.pop("ordinal", 0),
        "",
        pipeline="orders",
        mapping="shop/order",
        kind=type(document).__name__,
        opens_subject=type(document).opens_subject,
        identity=about,
        document=document,
        tree=tree_of(document),
        content=document.model_dump_json(exclude_none=True).encode(),
        digest=digest_of(document),
        **said,
    )


def failed(message: str, connection: str, about: Identity | None, kind: type[Document], **said: Any) -> Incoming:
    """A document that could not be made."""
    return Incoming(
        message,
        connection,
        connection,
        said.pop("ordinal", 0),
        "",
        pipeline="orders",
        kind=kind.__name__,
        opens_subject=kind.opens_subject,
        identity=about,
        failure=FailureNote("mapping_failed", "lines[0].sku: nothing found.", "mapping_failed:shop"),
        **said,
    )


def numbered(values: Sequence[Incoming]) -> list[Incoming]:
    """The same, each with its place in its message."""
    for ordinal, one in enumerate(values):
        one.ordinal = ordinal
    return list(values)


def fresh(one: Incoming) -> Incoming:
    """A document that arrives once more, as one of its own."""
    one.id = new_id()
    return one
