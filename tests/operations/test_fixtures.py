"""A stored message becomes a masked test beside the mapping that it failed in."""

from __future__ import annotations

import json
from textwrap import dedent

import pytest

from hub.operations.errors import OperationRefused
from hub.operations.fixtures.making import make_fixture
from hub.operations.fixtures.writing import with_test
from hub.operations.testing import run_workspace_tests
from tests.operations.hub_process import Hub

MANY = [{"id": 1, "sku": "MUG", "quantity": "many"}]


async def test_what_failed_to_map_becomes_a_test_that_expects_the_error(hub: Hub) -> None:
    message = await hub.receive(number=1, lines=MANY)
    await hub.settle()
    made = make_fixture(hub.store, hub.root, message)
    assert (made.mapping, made.error, made.as_then, made.written) == ("test/order", "lines[0].quantity", True, True)
    [result] = run_workspace_tests(hub.root).tests
    assert (result.subject, result.name, result.passed) == ("mapping test/order", made.name, True)
    sample = json.loads((hub.root / (made.sample or "")).read_text())
    assert sample["name"] == "#1001"
    assert sample["email"].endswith(".example")
    assert sample["email"] != "ada@mail.example"


async def test_the_mapping_is_left_as_it_is_around_its_tests(hub: Hub) -> None:
    path = hub.root / "mappings" / "test" / "order.yaml"
    tests = "# ours\ntests:\n- {name: fails, input: {}, expect: {$error: {}}}\n"
    before = path.read_text().replace("from:", f"{tests}\n# what it reads\nfrom:")
    path.write_text(before)
    hub.reload()
    message = await hub.receive(number=1)
    await hub.settle()
    made = make_fixture(hub.store, hub.root, message)
    assert made.error is None
    assert path.read_text() == before.replace(tests, tests + dedent(made.test))
    assert [result.passed for result in run_workspace_tests(hub.root).tests] == [True, True]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("mapping: a\r\nnote: 'x\u2028 y'\r\n", "mapping: a\r\nnote: 'x\u2028 y'\r\ntests:\r\n  - name: b\r\n"),
        ("tests:\r\n- {name: a}\r\n\r\n# c\r\nto: a\r\n", "tests:\r\n- {name: a}\r\n- name: b\r\n\r\n# c\r\nto: a\r\n"),
        ("mapping: a", "mapping: a\ntests:\n  - name: b\n"),
        ("tests:\n  - {name: a}\n\n\n", "tests:\n  - {name: a}\n  - name: b\n\n\n"),
    ],
)
def test_no_line_of_a_mapping_is_changed_by_a_test_more(before: str, after: str) -> None:
    assert with_test(before, "a.yaml", {"name": "b"}) == after


async def test_what_failed_to_be_delivered_is_a_test_of_the_targets_mapping(hub: Hub) -> None:
    message = await hub.receive(number=1, lines=[{"id": 1, "sku": "CAP", "quantity": 1}])
    await hub.settle()
    made = make_fixture(hub.store, hub.root, message)
    assert (made.mapping, made.error, made.as_then) == ("test/erp_order", "lines[0].material", True)
    [result] = run_workspace_tests(hub.root).tests
    assert result.passed
    assert "ada@" not in (made.content or "")


async def test_what_was_mended_expects_the_result(hub: Hub) -> None:
    message = await hub.receive(number=1, lines=MANY)
    await hub.settle()
    hub.rewrite("mappings/test/order.yaml", "line.quantity | quantity('EA')", "1 | quantity('EA')")
    made = make_fixture(hub.store, hub.root, message)
    assert (made.error, made.as_then) == (None, False)
    assert [result.passed for result in run_workspace_tests(hub.root).tests] == [True]


async def test_a_mapping_of_the_library_is_not_written(hub: Hub) -> None:
    hub.rewrite("pipelines/orders.yaml", "map: test/order", "map: shopify/order")
    message = await hub.receive(number=1)
    await hub.settle()
    made = make_fixture(hub.store, hub.root, message)
    assert (made.mapping, made.written) == ("shopify/order", False)
    assert made.test.startswith("  - name: ")
    assert not (hub.root / "mappings" / "shopify").exists()


async def test_it_is_made_once(hub: Hub) -> None:
    message = await hub.receive(number=1, lines=MANY)
    await hub.settle()
    make_fixture(hub.store, hub.root, message)
    with pytest.raises(OperationRefused, match="has a test"):
        make_fixture(hub.store, hub.root, message)


async def test_bytes_that_cannot_be_read_make_no_test(hub: Hub) -> None:
    message = await hub.receive_bytes(b'{"id": ')
    await hub.settle()
    with pytest.raises(OperationRefused, match="Nothing could be read"):
        make_fixture(hub.store, hub.root, message)
