"""Mappings of a workspace that extend one another, or one of the library."""

from __future__ import annotations

import pytest

from hub.mapping.lookups import NoLookups
from hub.workspace import load
from hub.workspace.testing import run_tests
from tests.workspace.shop_files import FILES

ENVIRON = {"SHOP_TOKEN": "t", "SHOP_SECRET": "s", "ERP_TOKEN": "e"}
OVERLAY = """\
mapping: acme/order
extends: shop/order
fields:
  number: "'ACME-' ~ source.name"
  lines: {sku: line.sku | lower}
tests:
  - name: a number of its own
    input: {$file: ../shop/samples/order.json}
    expect: {$partial: {number: "ACME-#1", lines: [{sku: mug, line_id: "1"}]}}
  - name: a currency is needed as before
    input: {name: "#2", line_items: [{id: 1, sku: A, quantity: 1}]}
    expect: {$error: {field: currency, contains: found nothing}}
"""


def with_mapping(text: str, name: str = "acme/order") -> dict[str, bytes]:
    return {**FILES, f"mappings/{name}.yaml": text.encode()}


def problems(files: dict[str, bytes], library: dict[str, bytes] | None = None) -> list[str]:
    return [str(problem) for problem in load(files, library=library, environ=ENVIRON).problems.errors]


def test_an_overlay_is_a_mapping_like_any_other_and_its_base_stays_as_it_is():
    loaded = load(with_mapping(OVERLAY), environ=ENVIRON)

    assert loaded.workspace is not None
    overlay, base = loaded.workspace.mappings["acme/order"], loaded.workspace.mappings["shop/order"]
    assert (overlay.source_type, overlay.target_type, overlay.extends) == ("shopify.order", "Order", "shop/order")
    assert base.extends is None
    assert str(base.locate(("number",))) == "mappings/shop/order.yaml:5:3"


def test_its_own_tests_are_run_and_those_of_its_base_for_the_base():
    results = run_tests(with_mapping(OVERLAY))

    assert [(one.subject, one.name, one.differences) for one in results if one.subject != "mapping erp/order"] == [
        ("mapping acme/order", "a number of its own", ()),
        ("mapping acme/order", "a currency is needed as before", ()),
        ("mapping shop/order", "an order of one line", ()),
        ("mapping shop/order", "an order without lines", ()),
    ]


def test_a_mapping_of_the_library_can_be_extended():
    files = with_mapping(OVERLAY)
    library = {path: files.pop(path) for path in list(files) if path.startswith("mappings/shop/")}

    assert problems(files, library) == []
    assert [one.subject for one in run_tests(files, "acme", library=library)] == ["mapping acme/order"] * 2


def test_a_change_of_the_base_is_a_change_of_what_extends_it():
    files = with_mapping(OVERLAY)
    shop = files["mappings/shop/order.yaml"]
    changed = {**files, "mappings/shop/order.yaml": shop.replace(b"line_id: line.id | text", b"line_id: \"'7'\"")}
    order = {"name": "#1", "currency": "EUR", "line_items": [{"id": 1, "sku": "MUG", "quantity": 1}]}
    line_ids = []
    for one in (files, changed, files):
        workspace = load(one, environ=ENVIRON).workspace
        made = [workspace.mappings[name].run({"source": order}, NoLookups()) for name in ("shop/order", "acme/order")]
        line_ids.append([output["lines"][0]["line_id"] for output in made])

    assert line_ids == [["1", "1"], ["7", "7"], ["1", "1"]]


def test_what_is_wrong_in_a_base_is_said_once():
    files = with_mapping(OVERLAY)
    files["mappings/shop/order.yaml"] = FILES["mappings/shop/order.yaml"].replace(b"source.name", b"sorce.name", 1)
    files["mappings/zed/order.yaml"] = b"mapping: zed/order\nextends: shop/order\n"

    found = problems(files)

    assert [text for text in found if "unknown-name" in text] == [
        "mappings/shop/order.yaml:5:11: unknown-name: unknown name 'sorce' (did you mean 'source'?)"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "mapping: acme/order\nextends: shop/orders\n",
            "mappings/acme/order.yaml:2:10: unknown-mapping: there is no mapping 'shop/orders' to extend "
            "(did you mean 'shop/order'?)",
        ),
        (
            "mapping: acme/ordr\nextends: shop/order\n",
            "mappings/acme/order.yaml:1:10: wrong-name: the mapping is called 'acme/ordr', its file "
            "mappings/acme/order.yaml (write acme/order)",
        ),
        (
            "mapping: acme/order\nextends: shop/order\nfields: {header: {source_id: source.id}}\n",
            "mappings/acme/order.yaml:3:10: reserved-key: the header of a canonical document is written by the hub "
            "(the pipeline's subject and occurred_at fill it)",
        ),
    ],
)
def test_mistakes_are_said_at_their_place(text, problem):
    assert problem in problems(with_mapping(text))


def test_mappings_that_extend_each_other_are_refused():
    files = with_mapping("mapping: acme/order\nextends: zed/order\n")
    files["mappings/zed/order.yaml"] = b"mapping: zed/order\nextends: acme/order\n"

    assert problems(files) == [
        "mappings/zed/order.yaml:2:10: wrong-mapping: acme/order extends zed/order extends acme/order: "
        "that has no end (a mapping extends one of another name)",
        "mappings/acme/order.yaml:2:10: wrong-mapping: zed/order extends acme/order extends zed/order: "
        "that has no end (a mapping extends one of another name)",
    ]
