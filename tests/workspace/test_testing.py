"""The tests that mappings carry, run."""

# ruff: noqa: E501 - a table of mistakes is read line by line

from __future__ import annotations

from pathlib import Path

import pytest

from hub.source import ConfigurationRefused
from hub.workspace import read_directory
from hub.workspace.testing import TestResult, run_tests
from tests.workspace.shop_files import FILES

ROOT = Path(__file__).parents[2]


def run_changed(path: str, before: str, after: str) -> list[TestResult]:
    text = FILES[path].decode()
    assert before in text
    return run_tests({**FILES, path: text.replace(before, after, 1).encode()})


def test_all_pass_and_say_where_they_stand():
    results = run_tests(FILES)
    assert [(str(one.location), one.subject, one.name, one.passed, one.differences) for one in results] == [
        ("mappings/erp/order.yaml:14:5", "mapping erp/order", "an order of one line", True, ()),
        ("mappings/erp/order.yaml:22:5", "mapping erp/order", "an item that the ERP does not know", True, ()),
        ("mappings/shop/order.yaml:15:5", "mapping shop/order", "an order of one line", True, ()),
        ("mappings/shop/order.yaml:18:5", "mapping shop/order", "an order without lines", True, ()),
    ]


def test_those_of_the_mappings_shipped_here_pass():
    results = run_tests(read_directory(ROOT))
    assert results
    assert [f"{one.location} {one.name}: {one.differences}" for one in results if not one.passed] == []


@pytest.mark.parametrize(("keyword", "count"), [("erp/", 2), ("one line", 2), ("shop/order: an order of", 1), ("x", 0)])
def test_a_keyword_chooses_some(keyword: str, count: int):
    assert len(run_tests(FILES, keyword)) == count


def test_those_of_the_library_are_its_own_business():
    library = {"mappings/shop/order.yaml": FILES["mappings/shop/order.yaml"]}
    files = {path: content for path, content in FILES.items() if not path.startswith("mappings/shop/")}
    assert {one.subject for one in run_tests(files, library=library)} == {"mapping erp/order"}


@pytest.mark.parametrize(
    ("path", "before", "after", "difference"),
    [
        ("mappings/shop/order.yaml", 'number: "#1"', 'number: "#3"', "number: expected the text '#3'"),
        ("mappings/shop/order.yaml", "{value: 2}", "{value: 3}", "lines[0].quantity.value: expected 3, found"),
        ("mappings/erp/order.yaml", "run: 1,", "", "run: not expected"),
        ("mappings/erp/order.yaml", "crosswalk('erp/items')", "text", "items[0].item: expected"),
        ("mappings/erp/order.yaml", 'order: "45"', 'number: "45"', "ours: expected the text '45', found nothing"),
        ("config/crosswalks/erp/items.csv", "100-1", "100-9", "items[0].item: expected the text '100-1'"),
        ("mappings/shop/order.yaml", "number: source.name", "number: source.nam", "number: "),
        ("mappings/shop/order.yaml", "currency: source.currency", "currency: {$const: euro}", "currency: "),
        ("mappings/shop/samples/order.json", '"EUR",', '"EUR",,', "input: "),
        ("mappings/shop/order.yaml", "from: shopify.order", "from: shop.ordr", None),
        ("mappings/erp/order.yaml", 'number: "#1"', "number: 1", "input: The input is no Order: number: "),
        ("mappings/erp/order.yaml", "to: erp.order", "to: idoc.orders", "The IDoc has no control record"),
    ],
)
def test_a_difference_is_told(path: str, before: str, after: str, difference: str | None):
    results = run_changed(path, before, after)
    differences = [one for result in results for one in result.differences]
    if difference is None:
        # No connector sends this type; the file's suffix tells that it is JSON.
        assert differences == []
    else:
        assert [one for one in differences if one.startswith(difference) or difference in one], differences


@pytest.mark.parametrize(
    ("before", "after", "difference"),
    [
        ("{$error: {field: lines}}", "{$error: {field: number}}", "expected an error of number, found lines: "),
        ("line_items: []", "line_items: [{id: 1, sku: A, quantity: 1}]", "expected an error of lines, but there is an output"),
        ("{field: lines}", "{field: lines, contains: no such words}", "expected an error of lines that contains 'no such words'"),
        ("{$error: {field: lines}}", "{$partial: {}}", "lines: "),
    ],
)  # fmt: skip
def test_an_error_that_is_not_the_expected_one_is_told(before: str, after: str, difference: str):
    results = run_changed("mappings/shop/order.yaml", before, after)
    assert [one.passed for one in results] == [True, True, True, False]
    assert results[3].differences[0].startswith(difference)


def test_a_sample_that_is_not_there_fails_its_test():
    files = {path: content for path, content in FILES.items() if not path.endswith(".json")}
    (result,) = run_tests(files, "shop/order: an order of one line")
    assert result.differences == ("input: There is no sample mappings/shop/samples/order.json.",)


def test_a_sample_of_unknown_format_fails_its_test():
    files = dict(FILES)
    files["mappings/shop/order.yaml"] = (
        files["mappings/shop/order.yaml"].replace(b"order.json", b"order.dat").replace(b"shopify.order", b"shop.order")
    )
    files["mappings/shop/samples/order.dat"] = b"x"
    (result,) = run_tests(files, "shop/order: an order of one line")
    assert result.differences[0].startswith("input: Nothing tells the format of mappings/shop/samples/order.dat")


@pytest.mark.parametrize(
    ("source_type", "path", "content"),
    [
        ("shop.order", "source.order.number", b"<n:order xmlns:n='urn:shop'><n:number>5</n:number></n:order>"),
        (
            "idoc.desadv",
            "source.E1EDK07.VBELN",
            b"<DELVRY07><IDOC><EDI_DC40><MESTYP>DESADV</MESTYP></EDI_DC40>"
            b"<E1EDK07><VBELN>5</VBELN></E1EDK07></IDOC></DELVRY07>",
        ),
    ],
)
def test_xml_holds_idocs_only_where_the_type_says_so(source_type: str, path: str, content: bytes):
    mapping = MAPPING.decode().replace("idoc.ordrsp", source_type).replace("source.E1EDK01.BELNR", path)
    (result,) = run_tests({"mappings/erp/answer.yaml": mapping.encode(), "mappings/erp/samples/answer.xml": content})
    assert result.differences == ()


def test_mistakes_in_mappings_are_refused_those_in_pipelines_do_not_matter_here():
    assert run_tests({**FILES, "pipelines/orders.yaml": b"pipeline:"})
    with pytest.raises(ConfigurationRefused, match=r"mappings/erp/order.yaml:1:1: missing-key"):
        run_tests({**FILES, "mappings/erp/order.yaml": b"mapping: erp/order\n"})


IDOC = b"""<IDOC BEGIN="1"><EDI_DC40 SEGMENT="1"><MESTYP>ORDERS</MESTYP><DOCNUM>1</DOCNUM></EDI_DC40>\
<E1EDK01 SEGMENT="1"><BELNR>5</BELNR></E1EDK01></IDOC>"""
MAPPING = b"""\
mapping: erp/answer
from: idoc.ordrsp
to: erp.answer
fields: {number: source.E1EDK01.BELNR}
tests:
  - {name: one, input: {$file: samples/answer.xml}, expect: {number: "5"}}
"""


@pytest.mark.parametrize(
    ("content", "difference"),
    [
        (b"<ORDRSP05>" + IDOC.replace(b"ORDERS", b"ORDRSP") + b"</ORDRSP05>", None),
        (b"<ORDERS05>" + IDOC + b"</ORDERS05>", "is a idoc.orders, but the mapping is from idoc.ordrsp"),
        (b"<ORDRSP05>" + IDOC.replace(b"ORDERS", b"ORDRSP") * 2 + b"</ORDRSP05>", "holds 2 messages; a test takes one"),
        (b"<ORDRSP05></ORDRSP05>", "input: "),
    ],
)
def test_a_sample_is_one_message_of_the_mappings_type(content: bytes, difference: str | None):
    files = {"mappings/erp/answer.yaml": MAPPING, "mappings/erp/samples/answer.xml": content}
    (result,) = run_tests(files)
    if difference is None:
        assert result.differences == ()
    else:
        assert difference in result.differences[0]
