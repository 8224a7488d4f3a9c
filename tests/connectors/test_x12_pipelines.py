"""The pipelines that the README tells of fit the connector, the mappings and the language they are written in."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from hub.workspace import standard_library
from hub.workspace.checking import check

README = (Path(__file__).parents[2] / "connectors" / "edi" / "x12" / "README.md").read_text(encoding="utf-8")
ROW = re.compile(
    r"^\| `(x12\.\d{3})`(?:, with `each: (.+?)`)? \| `(.+?)`(?: and `of: (\w+)`)? \| `(.+?)` \| `(\w+)` \|$", re.M
)

INBOUND = {
    "x12.850": "order",
    "x12.855": "acknowledgement",
    "x12.856": "ship_notice_in",
    "x12.810": "invoice_in",
    "x12.945": "warehouse_shipment",
    "x12.846": "inventory",
    "x12.997": "functional_acknowledgement",
}

OUTBOUND = {
    "Order": "order_out",
    "OrderAcknowledgement": "acknowledgement_out",
    "FulfilmentRequest": "warehouse_order",
    "Shipment": "ship_notice",
    "Invoice": "invoice",
    "InventoryAdvice": "inventory_out",
}


def pipelines() -> dict[str, dict[str, object]]:
    """A pipeline for each row of the table, by its type."""
    found: dict[str, dict[str, object]] = {}
    for type_, each, subject, system, version, intent in ROW.findall(README.replace("\\|", "|")):
        kind, number = re.fullmatch(r"(\w+): \{(.+)\}", subject).groups()  # type: ignore[union-attr]
        reference, expression = number.split(": ", 1)
        clause = {kind: {reference: expression}, "version": version, "intent": intent}
        found[type_] = {
            "pipeline": type_.replace(".", "-"),
            "from": {"connection": "northwind", "types": [type_]},
            "subject": {**clause, "of": system} if system else clause,
            **({"each": each} if each else {}),
            "steps": [{"map": f"x12/{INBOUND[type_]}"}],
        }
    return found


def routes() -> dict[str, dict[str, object]]:
    """A pipeline that tells the partner of each kind of document."""
    return {
        kind: {
            "pipeline": f"{kind.lower()}-to-northwind",
            "from": {"document": kind},
            "routes": [{"to": "northwind", "map": f"x12/{name}"}],
        }
        for kind, name in OUTBOUND.items()
    }


def connection() -> str:
    """The README's first example."""
    (example,) = re.findall(r"^```yaml\n(connection: .+?)^```", README, re.MULTILINE | re.DOTALL)
    return str(example)


def test_a_pipeline_for_every_type_and_a_route_for_every_kind_is_right():
    made = pipelines()
    assert set(made) == set(INBOUND)
    files = {f"pipelines/{name}.yaml": yaml.safe_dump(pipeline) for name, pipeline in {**made, **routes()}.items()}
    files["config/connections/northwind.yaml"] = connection()
    problems = check({path: text.encode() for path, text in files.items()}, library=standard_library())
    assert [f"{one.location}: {one.message}" for one in problems.errors] == []


def test_the_example_of_a_pipeline_is_right():
    (example,) = re.findall(r"^```yaml\n(pipeline: .+?)^```", README, re.MULTILINE | re.DOTALL)
    files = {"config/connections/northwind.yaml": connection(), "pipelines/orders.yaml": example}
    problems = check({path: text.encode() for path, text in files.items()}, library=standard_library())
    assert [f"{one.location}: {one.message}" for one in problems.errors] == []
