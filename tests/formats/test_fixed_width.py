"""Fixed-width files: values at their places, records under their document, nothing cut and nothing guessed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.formats.fixed_width import FixedOptions, FixedWidthFormat
from hub.contract.errors import DecodeError, RejectedMessage
from hub.contract.format import Reject, Tree
from hub.contract.registry import find_format

STOCK: dict[str, Any] = {
    "records": [
        {
            "columns": [
                {"name": "sku", "start": 1, "width": 8, "required": True},
                {"name": "on_hand", "start": 9, "width": 6, "type": "integer", "pad": "0"},
                {"name": "price", "start": 15, "width": 8, "type": "number", "decimals": 2, "pad": "0"},
                {"name": "counted", "start": 24, "width": 8, "type": "date"},
            ]
        }
    ]
}
ORDERS: dict[str, Any] = {
    "records": [
        {"name": "file", "marker": "FHD", "skip": True},
        {"name": "order", "marker": "HDR", "columns": [{"name": "number", "start": 4, "width": 6}]},
        {
            "name": "line",
            "marker": "LIN",
            "columns": [
                {"name": "sku", "start": 4, "width": 6},
                {"name": "qty", "start": 10, "width": 4, "type": "number"},
            ],
        },
        {"name": "note", "marker": "TXT", "columns": [{"name": "text", "start": 4, "width": 20}]},
    ]
}


def made(options: dict[str, Any]) -> FixedWidthFormat:
    return FixedWidthFormat(FixedOptions.model_validate(options))


def parts(options: dict[str, Any], text: str) -> list[Tree | Reject]:
    return list(made(options).decode([text.encode("utf-8", "surrogateescape")]))


def test_each_line_is_a_tree_of_its_columns() -> None:
    found = parts(STOCK, "MUG-BLUE00001200001250 20261231\r\n\r\nTEE     -00003\nPOT\n")
    assert found == [
        Tree({"sku": "MUG-BLUE", "on_hand": 12, "price": Decimal("12.50"), "counted": "2026-12-31"}, "line 1"),
        Tree({"sku": "TEE", "on_hand": -3, "price": None, "counted": None}, "line 3"),
        Tree({"sku": "POT", "on_hand": None, "price": None, "counted": None}, "line 4"),
    ]


def test_without_options_each_line_is_one_text() -> None:
    (tree,) = find_format("fixed_width").decode([b"  any text \n"])
    assert isinstance(tree, Tree)
    assert tree.data == {"line": "any text"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("        000012", "Line 1, column sku: '        ' has no value, and needs one."),
        ("MUG     00001x", "Line 1, column on_hand: '00001x' is no whole number."),
        ("MUG     0012", "Line 1, column on_hand: '0012' is cut off by the end of the line."),
        ("MUG     00001200012.50", "Line 1, column price: '00012.50' has a point, and its decimals are implied."),
        ("MUG     00001200001250 20260230", "Line 1, column counted: '20260230' is no date of the form %Y%m%d."),
        ("MUG     00001200001250 20260228 more", "Line 1 goes on after its last column: 'more'."),
        ("M\udcffG     ", r"Line 1, column sku: 'M\xffG     ' is not utf-8; set the encoding that the file has."),
    ],
)
def test_a_fault_is_rejected_at_its_place_and_the_other_lines_are_read(line: str, message: str) -> None:
    bad, fine = parts(STOCK, f"{line}\nTEE\n")
    assert isinstance(bad, Reject)
    assert (bad.message, bad.position, bad.where["line"]) == (message, "line 1", 1)
    assert isinstance(fine, Tree)


def test_records_stand_under_the_one_that_begins_their_document() -> None:
    found = parts(ORDERS, "FHD 2026\nHDR1001\nLINMUG      2\nLINTEE    1.5\nTXTgift\nHDR1002\n")
    assert found == [
        Tree(
            {
                "order": {"number": "1001"},
                "line": [{"sku": "MUG", "qty": 2}, {"sku": "TEE", "qty": Decimal("1.5")}],
                "note": [{"text": "gift"}],
            },
            "lines 2-5",
        ),
        Tree({"order": {"number": "1002"}}, "line 6"),
    ]


@pytest.mark.parametrize("bad", ["LINMUG      x", "LXNMUG      2"])
def test_a_bad_record_takes_its_document_and_no_other(bad: str) -> None:
    first, second, third = parts(ORDERS, f"HDR1001\nHDR1002\n{bad}\nLINTEE      1\nHDR1003\n")
    assert isinstance(first, Tree)
    assert isinstance(second, Reject)
    assert second.position == "line 3"
    assert isinstance(third, Tree)


def test_a_record_without_its_document_is_rejected() -> None:
    lost, fine = parts(ORDERS, "LINMUG      2\nHDR1001\n")
    assert isinstance(lost, Reject)
    assert lost.message == "Line 1 is a line, and no order stands before it."
    assert isinstance(fine, Tree)


def test_values_are_written_at_their_places() -> None:
    rows = [
        {"sku": "MUG-BLUE", "on_hand": 12, "price": "12.5", "counted": "2026-12-31"},
        {"sku": "TEE", "on_hand": -3},
    ]
    assert made(STOCK).encode({"rows": rows}, "x") == (
        b"MUG-BLUE00001200001250 20261231\r\nTEE     -00003                 \r\n"
    )
    document = {"order": {"number": "1001"}, "line": [{"sku": "MUG", "qty": Decimal("1.5")}], "note": {"text": "x"}}
    assert made({**ORDERS, "line_end": "lf"}).encode(document, "x") == (
        b"HDR1001  \nLINMUG    1.5\nTXTx                   \n"
    )


@pytest.mark.parametrize(
    ("options", "tree", "reason"),
    [
        (STOCK, {"sku": "MUG-BLUE-2"}, "row 1, column sku: 'MUG-BLUE-2' is longer than its column, which has 8"),
        (STOCK, [{"sku": "A"}, {"sku": "B", "on_hand": 1234567}], "row 2, column on_hand: 1234567 is longer"),
        (STOCK, {"sku": "A", "price": "1.255"}, "has more than 2 decimals"),
        (STOCK, {"sku": "A\nB"}, "holds what a line cannot, such as a line end"),
        (STOCK, {"sku": None}, "row 1, column sku: it has no value"),
        (STOCK, {"sku": "A", "qty": 1}, "row 1: there is no column 'qty'; columns are sku"),
        (STOCK, ["A"], "row 1 is a str"),
        ({**STOCK, "encoding": "cp1252"}, {"sku": "日"}, "cannot be written in cp1252"),
        (ORDERS, {"line": []}, "an object with one order"),
        (ORDERS, {"order": {"number": "1"}, "lines": []}, "there is no record 'lines'; records are order, line, note"),
        (ORDERS, {"order": {"number": "1"}, "line": [{"sku": "TOO-LONG"}]}, "line 1, column sku: 'TOO-LONG' is longer"),
    ],
)
def test_what_does_not_fit_is_refused(options: dict[str, Any], tree: Any, reason: str) -> None:
    with pytest.raises(RejectedMessage) as refused:
        made(options).encode(tree, "x")
    assert reason in refused.value.message


TEXT = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=8).map(str.strip)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "sku": TEXT.filter(bool).filter(str.isprintable),
                "on_hand": st.none() | st.integers(-99_999, 999_999),
                "price": st.none() | st.decimals(-9999, 99_999, places=2),
                "counted": st.none() | st.dates().filter(lambda day: day.year >= 1000).map(str),
            }
        )
    )
)
def test_what_is_written_reads_back(rows: list[dict[str, Any]]) -> None:
    format_ = made(STOCK)
    found = list(format_.decode([format_.encode({"rows": rows}, "x")]))
    assert [part.data if isinstance(part, Tree) else part for part in found] == rows


@given(st.binary(max_size=200))
def test_no_bytes_do_worse_than_be_refused(body: bytes) -> None:
    for options in (STOCK, ORDERS, {**ORDERS, "encoding": "utf-16"}):
        try:
            found = list(made(options).decode([b"HDR1\nLIN", body]))
        except DecodeError:
            continue
        for part in found:
            assert str(part).encode()


def record(**changes: Any) -> dict[str, Any]:
    return {"records": [{"columns": [{"name": "a", "start": 1, "width": 4}], **changes}]}


def column(**changes: Any) -> dict[str, Any]:
    return record(columns=[{"name": "a", "start": 1, "width": 4, **changes}])


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"records": []}, "at least 1"),
        (record(columns=[]), "has no columns"),
        (record(skip=True), "all records are passed over"),
        (record(marker="HDR"), "its marker and a overlap|a and its marker overlap"),
        (record(columns=[{"name": n, "start": s, "width": 4} for n, s in (("a", 1), ("b", 4))]), "a and b overlap"),
        (record(columns=[{"name": "a", "start": s, "width": 1} for s in (1, 2)]), "two columns of one name"),
        ({"records": record()["records"] * 2}, "one name, or one marker"),
        ({"records": [*record()["records"], *record(name="b", marker="X", at=9)["records"]]}, "each needs a marker"),
        (column(start=0), "greater than or equal to 1"),
        (column(decimals=2), "decimals belong to a number"),
        (column(pad="0"), "only numbers are padded"),
        (column(pad="x", type="number"), "pad by spaces, or by zeros"),
        (column(pad="0", type="number", align="left"), "pad by spaces, or by zeros"),
        ({**record(), "encoding": "klingon"}, "is no encoding of text"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        FixedOptions.model_validate(options)
