"""Mistakes between files: each refused with its place and what would be right."""

# ruff: noqa: E501 - a table of mistakes is read line by line

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.contract.registry import find_connector
from hub.ledger.orders import acknowledgement, billing, capture, effect_of, fulfilment, returns, shipping
from hub.workspace import read_directory, standard_library
from hub.workspace.checking import check
from hub.workspace.checking.reach import EFFECTS
from tests.workspace.shop_files import FILES

ROOT = Path(__file__).parents[2]


def problems_of(files: dict[str, bytes], library: dict[str, bytes] | None = None) -> list[str]:
    return [str(problem) for problem in check(files, library=library)]


def test_a_right_workspace_has_none(monkeypatch: pytest.MonkeyPatch):
    for name in ("SHOP_TOKEN", "SHOP_SECRET", "ERP_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    assert problems_of(FILES) == []


def test_the_workspace_shipped_here_has_none():
    found = problems_of(dict(read_directory(ROOT)), dict(standard_library()))
    assert [problem for problem in found if "unused-file" not in problem] == []


MISTAKES = [
    ("config/connections/shop.yaml", "shop: acme.example", "shp: acme.example", "config/connections/shop.yaml:4:1: unknown-key: unknown key 'shp' of a connection of type 'shopify' (did you mean 'shop'?)"),
    ("config/connections/shop.yaml", "type: shopify", "type: shopifi", "config/connections/shop.yaml:2:7: unknown-connector: there is no connector 'shopifi' (did you mean 'shopify'?)"),
    ("config/connections/shop.yaml", "${env:SHOP_TOKEN}", "shpat_1", "config/connections/shop.yaml:5:12: secret-in-clear: the secret 'api_token' stands here in clear"),
    ("config/connections/erp.yaml", "type: http", "type: http\nevery: 30s", "config/connections/erp.yaml:3:8: not-allowed: a connection of type 'http' does not pull, so 'every' means nothing (leave it out)"),
    ("config/connections/erp.yaml", "bearer_token: ${env:ERP_TOKEN}", "bearer_token: ${env:ERP_TOKEN}\nuser: a\npassword: ${env:P}", "config/connections/erp.yaml:1:1: wrong-value: give bearer_token, or user and password, not both"),
    ("config/connections/erp.yaml", "url: https://erp", "url: ftp://erp", "config/connections/erp.yaml:3:6: wrong-value: 'url': string should match pattern"),
    ("config/crosswalks/erp/items.csv", "MUG,100-1", "MUG,100-1\nMUG,100-2", "config/crosswalks/erp/items.csv:3:1: duplicate-key: 'MUG' stands here and in line 2"),
    ("mappings/shop/order.yaml", "mapping: shop/order", "mapping: shop/ordr", "mappings/shop/order.yaml:1:10: wrong-name: the mapping is called 'shop/ordr', its file mappings/shop/order.yaml (write shop/order)"),
    ("mappings/shop/order.yaml", "  number: source.name", "  header: {source: source.name}\n  number: source.name", "mappings/shop/order.yaml:5:3: reserved-key: the header of a canonical document is written by the hub"),
    ("mappings/shop/order.yaml", "samples/order.json", "samples/orders.json", "mappings/shop/order.yaml:15:5: missing-file: there is no sample 'mappings/shop/samples/orders.json' (did you mean 'mappings/shop/samples/order.json'?)"),
    ("mappings/shop/order.yaml", "samples/order.json", "../../../etc/passwd", "mappings/shop/order.yaml:15:5: missing-file: there is no sample '../etc/passwd'"),
    ("mappings/shop/order.yaml", "to: Order", "to: Ordr", "pipelines/orders.yaml:5:10: wrong-mapping: the mapping 'shop/order' makes 'Ordr', which is no canonical document"),
    ("mappings/shop/order.yaml", "quantity('EA')", "quantty('EA')", "mappings/shop/order.yaml:13:15: unknown-filter: unknown filter 'quantty' (did you mean 'quantity'?)"),
    ("mappings/erp/order.yaml", "crosswalk('erp/items')", "crosswalk('erp/item')", "mappings/erp/order.yaml:11:11: unknown-crosswalk: there is no crosswalk 'erp/item' (did you mean 'erp/items'?)"),
    ("mappings/erp/order.yaml", "from: Order", "from: Ordr", "pipelines/orders.yaml:8:20: wrong-mapping: the mapping 'erp/order' is from 'Ordr', but this route carries 'Order'"),
    ("pipelines/orders.yaml", "connection: shop", "connection: shp", "pipelines/orders.yaml:2:20: unknown-connection: there is no connection 'shp' (did you mean 'shop'?)"),
    ("pipelines/orders.yaml", "connection: shop", "connection: erp", "pipelines/orders.yaml:2:20: wrong-direction: 'erp' (type 'http') brings nothing into the hub"),
    ("pipelines/orders.yaml", "types: [shopify.order]", "types: [shopify.order, shopify.ordr]", "pipelines/orders.yaml:2:49: unknown-type: 'shop' (type 'shopify') sends no 'shopify.ordr' (did you mean 'shopify.order'?)"),
    ("pipelines/orders.yaml", "to: erp, map: erp/order", "to: shop, map: erp/order", "pipelines/orders.yaml:8:21: not-accepted: the mapping 'erp/order' makes 'erp.order', which 'shop' does not take (known are shopify."),
    ("pipelines/orders.yaml", "map: erp/order", "map: erp/oder", "pipelines/orders.yaml:8:20: unknown-mapping: there is no mapping 'erp/oder' (did you mean 'erp/order'?)"),
    ("pipelines/orders.yaml", "pipeline: orders", "pipeline: everything", "pipelines/orders.yaml:1:11: duplicate-name: there is a pipeline 'everything' already, in pipelines/everything.yaml:1:11"),
    ("pipelines/everything.yaml", "xref.acme.id", "xref.acm.id", "pipelines/everything.yaml:4:72: unknown-system: there is no system 'acm' (did you mean 'acme'?)"),
    ("mappings/shop/order.yaml", "  currency: source.currency\n", "", "mappings/shop/order.yaml:5:3: missing-field: every Order has 'currency', which nothing here makes (add currency: EXPRESSION)"),
    ("mappings/shop/order.yaml", "line_id: line.id | text", "line_id: null", "mappings/shop/order.yaml:10:5: missing-field: every OrderLine has 'line_id', which nothing here makes"),
    ("mappings/shop/order.yaml", "    line_id: line.id | text\n", "", "mappings/shop/order.yaml:10:5: missing-field: every OrderLine has 'line_id', which nothing here makes (add line_id: EXPRESSION)"),
    ("mappings/shop/order.yaml", "    quantity: line.quantity | quantity('EA')", "    quantity: {$when: line.quantity, unit: {$const: EA}}", "mappings/shop/order.yaml:13:15: missing-field: every Quantity has 'value', which nothing here makes"),
    ("mappings/shop/order.yaml", "buyer: {email:", "buyer: {e_mail:", "mappings/shop/order.yaml:8:11: unknown-field: no Party has 'e_mail' (did you mean 'email'?)"),
    ("pipelines/orders.yaml", "effect == 'created'", "\"effect in ['create', 'changed']\"", "pipelines/orders.yaml:8:37: never-so: 'effect' of Order documents is never 'create' (did you mean 'created'?)"),
    ("pipelines/orders.yaml", "effect == 'created'", "origin != 'acm'", "pipelines/orders.yaml:8:37: never-so: 'origin' is never 'acm' (did you mean 'acme'?)"),
    ("config/connections/erp.yaml", "type: http", "type: http\nretry: {attempts: 100, longest: 366d}", "config/connections/erp.yaml:3:8: endless-retry: a delivery would be tried for "),
    ("config/connections/shop.yaml", "type: shopify", "type: shopify\nevery: 0s", "config/connections/shop.yaml:3:8: wrong-value:"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "before", "after", "problem"), MISTAKES, ids=[f"{m[1]} -> {m[2]}" for m in MISTAKES])
def test_a_mistake_is_named_with_its_place_and_what_would_be_right(path: str, before: str, after: str, problem: str):
    text = FILES[path].decode()
    assert before in text
    found = problems_of({**FILES, path: text.replace(before, after, 1).encode()})
    assert [one for one in found if one.startswith(problem)], found


def test_a_payload_is_taken_by_one_pipeline():
    second = FILES["pipelines/orders.yaml"].replace(b"pipeline: orders", b"pipeline: again")
    assert problems_of({**FILES, "pipelines/z.yaml": second}) == [
        "pipelines/z.yaml:2:34: duplicate-origin: 'shopify.order' of 'shop' is taken by a pipeline already, "
        "at pipelines/orders.yaml:2:34 (a payload goes to one pipeline)"
    ]


def test_nothing_is_routed_to_a_connection_that_takes_nothing(monkeypatch: pytest.MonkeyPatch):
    connector = find_connector("http")
    monkeypatch.setattr(connector, "manifest", replace(connector.manifest, direction=frozenset({"receive"})))
    assert problems_of(FILES) == [
        "pipelines/everything.yaml:4:10: wrong-direction: nothing can be delivered to 'erp' (type 'http')",
        "pipelines/orders.yaml:8:10: wrong-direction: nothing can be delivered to 'erp' (type 'http')",
    ]


def test_a_mapping_that_no_pipeline_uses_may_name_tables_that_are_not_there():
    unused = b"mapping: other\nfrom: Order\nto: x\nfields: {a: source.number | crosswalk('nowhere')}\n"
    told = (
        "mappings/other.yaml:1:1: unused-mapping: no pipeline uses the mapping 'other' "
        "(name it in a pipeline, or remove it)"
    )
    assert problems_of({**FILES, "mappings/other.yaml": unused}) == [told]
    assert problems_of(FILES, {"mappings/other.yaml": unused}) == []
    assert problems_of({**FILES, "mappings/other.yaml": unused}, {"mappings/other.yaml": unused}) == []


REQUESTS = b"""\
pipeline: requests
from: {document: FulfilmentRequest}
routes:
  - {to: erp, map: erp/request, when: document.node == 'wst'}
"""
REQUEST = b"mapping: erp/request\nfrom: FulfilmentRequest\nto: erp.request\nfields: {number: source.number}\n"
RELEASED = {**FILES, "pipelines/requests.yaml": REQUESTS, "mappings/erp/request.yaml": REQUEST}


def test_a_kind_that_nobody_makes_is_routed_in_vain():
    assert problems_of(RELEASED)[0].startswith(
        "pipelines/requests.yaml:2:18: unreachable: nothing makes a FulfilmentRequest: "
        "no pipeline's mapping does, and the ledger is not asked to"
    )


def test_a_node_that_is_none_is_never_asked():
    policy = b"release: {}\nnodes: [{node: west}, {node: east}]\n"
    assert problems_of({**RELEASED, "config/fulfilment.yaml": policy}) == [
        "pipelines/requests.yaml:4:39: never-so: 'document.node' is never 'wst' (did you mean 'west'?)"
    ]


@pytest.mark.parametrize("condition", ["'ac' in origin", "'hop' not in connection", "effect in 'created or changed'"])
def test_a_part_of_a_text_is_not_the_text(condition: str):
    route = FILES["pipelines/orders.yaml"].decode().replace("effect == 'created'", f'"{condition}"')
    assert problems_of({**FILES, "pipelines/orders.yaml": route.encode()}) == []


def test_what_is_warned_of_is_taken():
    assert [problem.severity.value for problem in check(RELEASED)] == ["warning", "warning"]


def test_every_effect_of_an_order_is_known_to_the_check():
    modules = (acknowledgement, billing, capture, fulfilment, returns, shipping)
    said = {effect_of(event) for module in modules for event in module.FOLDS}
    known = {effect for effects in EFFECTS.values() for effect in effects}
    assert said <= known


def test_the_mistakes_of_several_files_are_found_together():
    files = dict(FILES)
    for path, before, after, _ in (MISTAKES[0], MISTAKES[9], MISTAKES[13], MISTAKES[21]):
        files[path] = files[path].replace(before.encode(), after.encode(), 1)
    kinds = {problem.kind for problem in check(files)}
    assert kinds == {"unknown-key", "missing-key", "missing-file", "unknown-crosswalk", "unknown-system"}


@given(
    st.sampled_from(["config/connections/shop.yaml", "config/connections/erp.yaml", "config/hub.yaml"]),
    st.text("ab:-{}[]'$/\n #0", max_size=12),
    st.integers(0, 160),
    st.integers(0, 10),
)
def test_a_garbled_connection_is_checked_without_a_crash(path: str, noise: str, at: int, cut: int):
    text = FILES[path].decode()
    for problem in check({**FILES, path: (text[:at] + noise + text[at + cut :]).encode()}):
        assert problem.location.file in FILES


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("config/connections/shop.yaml", "type: shopify", "type: shopify\nevery: 0s"),
        ("pipelines/orders.yaml", "intent: snapshot", "intent: snapshoot"),
    ],
)
def test_what_names_a_file_that_has_errors_is_not_wrong_for_that(path: str, before: str, after: str):
    trials = b"pipeline: orders\ntests:\n  - {name: none, steps: [{message: {connection: shop, type: shopify.order, input: {}}}, {expect: {failures: []}}]}\n"
    assert before in FILES[path].decode()
    wrong = FILES[path].decode().replace(before, after, 1).encode()
    found = problems_of({**FILES, path: wrong, "pipelines/orders.test.yaml": trials})
    assert [one.partition(":")[0] for one in found] == [path], found
