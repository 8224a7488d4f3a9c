"""Files of tests beside mappings: found, checked, run, and no part of what a hub runs."""

# ruff: noqa: E501 - a table is read line by line

from __future__ import annotations

import pytest

from hub.source import ConfigurationRefused
from hub.workspace import load, read_directory, version_of
from hub.workspace.checking import check
from hub.workspace.testing import run_tests
from tests.workspace.shop_files import FILES

PATH = "mappings/shop/order_more.test.yaml"
MORE = """\
mapping: shop/order
tests:
  - name: from a sample beside this file
    input: {$file: samples/order.json}
    expect: {$file: samples/expected.json}
  - name: as many lines as items
    input: {name: "#2", currency: EUR, line_items: [{id: 1, sku: A, quantity: 1}, {id: 2, sku: B, quantity: 1}]}
    expect: {$expr: output.lines | length == (source.line_items | length)}
"""
EXPECTED = """\
{"number": "#1", "currency": "EUR", "buyer": {},
 "lines": [{"line_id": "1", "sku": "MUG", "quantity": {"value": "2", "unit": "EA"}}]}
"""
ENVIRON = {"SHOP_TOKEN": "t", "SHOP_SECRET": "s", "ERP_TOKEN": "e"}


def with_file(text: str = MORE, expected: str = EXPECTED) -> dict[str, bytes]:
    return {**FILES, PATH: text.encode(), "mappings/shop/samples/expected.json": expected.encode()}


def test_they_are_run_where_their_files_stand() -> None:
    results = [one for one in run_tests(with_file()) if one.location.file == PATH]
    assert [(one.subject, one.name, one.location.line, one.differences) for one in results] == [
        ("mapping shop/order", "from a sample beside this file", 3, ()),
        ("mapping shop/order", "as many lines as items", 6, ()),
    ]


def test_a_file_tells_what_differs_from_it() -> None:
    [result] = run_tests(with_file(expected=EXPECTED.replace("MUG", "CUP")), "beside this file")
    assert result.differences == ("lines[0].sku: expected the text 'CUP', found the text 'MUG'",)


IDOC = {
    "mappings/erp/idoc.yaml": """\
mapping: erp/idoc
from: Order
to: http.xml
fields: {number: source.number, total: 3 * 0.5}
tests:
  - name: in the target's own format
    input: {number: "#1", currency: EUR, buyer: {}, lines: [{line_id: "1", quantity: {value: 1}}]}
    expect: {$file: samples/idoc.NAME}
"""
}


def test_an_expected_file_of_an_unknown_format_is_told() -> None:
    files = {path: text.replace("NAME", "edi").encode() for path, text in IDOC.items()}
    [result] = run_tests({**files, "mappings/erp/samples/idoc.edi": b"ISA"})
    assert result.differences == (
        "mappings/erp/samples/idoc.edi cannot hold a http.xml; its name must end with .json.",
    )


def test_a_library_mapping_is_tested_by_the_workspaces_files() -> None:
    library = {path: content for path, content in FILES.items() if path.startswith("mappings/shop/")}
    own = {path: content for path, content in with_file().items() if path not in library}
    own["mappings/shop/samples/order.json"] = library["mappings/shop/samples/order.json"]
    assert {one.location.file for one in run_tests(own, "shop/order", library=library)} == {PATH}


def test_they_are_no_part_of_the_version_that_a_hub_runs() -> None:
    with_tests = {**FILES, PATH: MORE.encode(), "pipelines/orders.test.yaml": b"pipeline: orders\ntests: []\n"}
    workspace = load(with_tests, environ=ENVIRON).workspace
    assert workspace is not None
    assert workspace.version == version_of(FILES)
    assert not [path for path in workspace.files if path.endswith(".test.yaml")]
    assert set(workspace.mappings) == {"shop/order", "erp/order"}
    assert [pipeline.name for pipeline in workspace.pipelines] == ["everything", "orders"]


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("mapping: shop/order", "mapping: shop/ordr", f"{PATH}:1:10: unknown-mapping: there is no mapping 'shop/ordr' (did you mean"),
        ("mapping: shop/order", "maping: shop/order", f"{PATH}:1:1: unknown-key: unknown key 'maping' (did you mean 'mapping'?)"),
        ("    expect: {$expr", "    exepct: {$expr", f"{PATH}:8:5: unknown-key: unknown key 'exepct' (did you mean 'expect'?)"),
        ("name: as many lines as items", "name: from a sample beside this file", f"{PATH}:6:5: duplicate-name"),
        ("samples/order.json", "samples/ordr.json", f"{PATH}:3:5: missing-file: there is no sample 'mappings/shop/samples/ordr.json'"),
        ("samples/expected.json", "samples/exp.json", f"{PATH}:3:5: missing-file: there is no sample 'mappings/shop/samples/exp.json'"),
        ("output.lines", "outptu.lines", f"{PATH}:8:21: "),
        (MORE, "- a\n", f"{PATH}:1:1: wrong-type"),
        (MORE, "mapping: shop/order\ntests: []\n", f"{PATH}:2:8: wrong-value"),
        (MORE, "mapping: [\n", f"{PATH}:2:1: syntax"),
    ],
)  # fmt: skip
def test_check_tells_what_is_wrong_with_them(before: str, after: str, problem: str) -> None:
    files = with_file(MORE.replace(before, after, 1))
    told = list(map(str, check(files)))
    assert any(one.startswith(problem) for one in told), told
    if "missing-file" not in problem:
        with pytest.raises(ConfigurationRefused, match=PATH):
            run_tests(files)


def test_nothing_is_wrong_with_right_ones() -> None:
    assert not check(with_file()).errors
    assert "unused-file" not in {problem.kind for problem in check(with_file())}


def test_a_directory_keeps_samples_of_pipelines_as_well(tmp_path) -> None:
    for path in (
        "pipelines/a/samples/order.xml",
        "pipelines/a/order.test.yaml",
        "pipelines/a/order.xml",
        "config/a.yaml",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("a")
    assert sorted(read_directory(tmp_path)) == [
        "config/a.yaml",
        "pipelines/a/order.test.yaml",
        "pipelines/a/samples/order.xml",
    ]
