"""`crossdock test`: what it says, writes and ends with."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.command import crossdock

MAPPING = """\
mapping: shop/order
from: shop.order
to: shop.answer
fields: {number: source.name, total: source.total | decimal, note: {$value: source.note, $optional: true}}
tests:
  - {name: right, input: {name: "#1", total: "1.50"}, expect: {number: "#1", total: 1.5}}
"""
MORE = """\
mapping: shop/order
tests:
  - {name: wrong, input: {name: "#2", total: "2"}, expect: {number: "#1", total: 3}}
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for path, text in {"order.yaml": MAPPING, "order.test.yaml": MORE}.items():
        (tmp_path / "mappings/shop").mkdir(parents=True, exist_ok=True)
        (tmp_path / "mappings/shop" / path).write_text(text)
    (tmp_path / "config").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def test_each_failure_is_told_where_it_stands_field_by_field(root: Path) -> None:
    ended = await crossdock("test")
    assert (ended.status, ended.out) == (
        1,
        "✗ mappings/shop/order.test.yaml:3: mapping shop/order: wrong\n"
        "    number: expected the text '#1', found the text '#2'\n"
        "    total: expected 3, found 2\n"
        "1 of 2 tests failed.\n",
    )
    passed = await crossdock("test", "-k", "order: right")
    assert (passed.status, passed.out) == (0, "1 test passed.\n")
    none = await crossdock("test", "--keyword", "none")
    assert (none.status, none.err) == (2, "There is no test whose subject or name contains 'none'.\n")


async def test_json_has_all_of_it(root: Path) -> None:
    found = (await crossdock("test", "--coverage", "--format", "json")).json
    assert [(test["subject"], test["file"], test["line"], test["passed"]) for test in found["tests"]] == [
        ("mapping shop/order", "mappings/shop/order.test.yaml", 3, False),
        ("mapping shop/order", "mappings/shop/order.yaml", 6, True),
    ]
    assert found["tests"][0]["differences"][1] == "total: expected 3, found 2"
    [covered] = found["coverage"]
    [gap] = covered["gaps"]
    assert (gap["file"], gap["line"], gap["field"]) == ("mappings/shop/order.yaml", 4, "note")


async def test_what_is_not_reached_is_shown(root: Path) -> None:
    ended = await crossdock("test", "-k", "right", "--coverage")
    assert ended.status == 0
    assert ended.out == (
        "mapping shop/order: 4 of 5 fields and branches reached\n"
        "    mappings/shop/order.yaml:4: note: no test has a value for it\n"
        "1 test passed.\n"
    )


async def test_what_is_written_is_said(root: Path) -> None:
    ended = await crossdock("test", "--update")
    assert (ended.status, ended.out) == (
        0,
        "✎ mappings/shop/order.test.yaml:3: mapping shop/order: wrong: now expects what is made, "
        "in mappings/shop/order.test.yaml\n2 tests passed.\n",
    )
    text = (root / "mappings/shop/order.test.yaml").read_text()
    assert text == MORE.replace('number: "#1", total: 3', 'number: "#2", total: 2')


async def test_a_build_server_gets_its_file(root: Path) -> None:
    ended = await crossdock("test", "--junit", "results.xml")
    assert ended.status == 1
    report = ET.parse(root / "results.xml").getroot()
    assert (report.get("tests"), report.get("failures")) == ("2", "1")
    refused = await crossdock("test", "--junit", "no/such/folder.xml")
    assert (refused.status, refused.err) == (2, "no/such/folder.xml cannot be written: No such file or directory.\n")


async def test_a_mistake_in_a_file_of_tests_is_told(root: Path) -> None:
    (root / "mappings/shop/order.test.yaml").write_text(MORE.replace("mapping: shop/order", "mapping: shop/ordr"))
    ended = await crossdock("test")
    assert ended.status == 4
    assert ended.err.startswith("mappings/shop/order.test.yaml:1:10: unknown-mapping: there is no mapping 'shop/ordr'")
    assert "mappings/shop/order.test.yaml:1:10: unknown-mapping" in (await crossdock("check")).out
