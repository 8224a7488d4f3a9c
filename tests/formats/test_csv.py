"""CSV: rows as they were written, each fault at its line and column, and nothing half taken for whole."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.formats.csv import CsvFormat, CsvOptions
from hub.contract.errors import DecodeError, RejectedMessage, TransientError
from hub.contract.format import Reject, Tree
from hub.contract.registry import find_format


def csv(**options: Any) -> CsvFormat:
    return CsvFormat(CsvOptions.model_validate(options))


def parts(body: bytes, **options: Any) -> list[Tree | Reject]:
    return list(csv(**options).decode([body]))


def rows(body: bytes, **options: Any) -> list[Any]:
    """The trees of a file without faults."""
    found = parts(body, **options)
    assert all(isinstance(part, Tree) for part in found), found
    return [part.data for part in found if isinstance(part, Tree)]


def stopped(body: bytes, **options: Any) -> tuple[list[Tree | Reject], DecodeError]:
    """What was read before reading stopped, and why it did."""
    read: list[Tree | Reject] = []
    with pytest.raises(DecodeError) as caught:
        read.extend(csv(**options).decode([body]))
    return read, caught.value


def test_by_default_a_header_line_commas_and_text() -> None:
    found = list(find_format("csv").decode([b'sku,qty,note\r\nA-1,007,"a, ""b"""\r\nB,,\r\n']))
    assert found == [
        Tree({"sku": "A-1", "qty": "007", "note": 'a, "b"'}, "line 2"),
        Tree({"sku": "B", "qty": None, "note": None}, "line 3"),
    ]


def test_lines_end_in_any_way_and_quotes_hold_line_ends() -> None:
    for end in (b"\n", b"\r\n", b"\r"):
        body = end.join([b"sku,note", b'A,"two', b'lines"', b"B,x"])
        found = parts(body)
        assert [part.position for part in found] == ["line 2", "line 4"]
        assert isinstance(found[0], Tree)
        assert found[0].data["note"] == f"two{end.decode()}lines"


def test_a_body_may_come_in_chunks_of_any_size() -> None:
    body = 'sku,name\r\nA,größe\r\n"B\r\nC",x\r\n'.encode()
    for size in range(1, len(body) + 1):
        chunks = [body[start : start + size] for start in range(0, len(body), size)]
        assert [part.data for part in csv().decode(chunks) if isinstance(part, Tree)] == [
            {"sku": "A", "name": "größe"},
            {"sku": "B\r\nC", "name": "x"},
        ]


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("utf-8", b"\xef\xbb\xbfsku\nGr\xc3\xb6\xc3\x9fe\n"),
        ("UTF8", "sku\nGröße\n".encode()),
        ("utf-16", "sku\nGröße\n".encode("utf-16")),
        ("utf-16-be", "sku\nGröße\n".encode("utf-16-be")),
        ("cp1252", "sku\nGröße\n".encode("cp1252")),
        ("latin-1", "sku\nGröße\n".encode("latin-1")),
    ],
)
def test_encodings(encoding: str, body: bytes) -> None:
    assert rows(body, encoding=encoding) == [{"sku": "Größe"}]


def test_dialects() -> None:
    assert rows(b"sku;qty\nA;'1;5'\n", delimiter=";", quote="'") == [{"sku": "A", "qty": "1;5"}]
    assert rows(b'sku\tqty\nA "big"\t1\n', delimiter="\t", quote="") == [{"sku": 'A "big"', "qty": "1"}]
    assert rows(b"A|1\nB|2\n", delimiter="|", header=False, columns=["sku", "qty"])[1] == {"sku": "B", "qty": "2"}


def test_columns_have_types_and_names_of_their_own() -> None:
    columns = [
        {"name": "sku", "header": "Artikel Nr.", "required": True},
        {"name": "price", "header": "Preis", "type": "number"},
        {"name": "count", "header": "Anzahl", "type": "integer"},
        {"name": "day", "header": "Datum", "type": "date", "format": "%d.%m.%Y"},
        "absent",
    ]
    body = b"Datum; Artikel Nr. ;Preis;Anzahl;Farbe\n31.12.2026;007;12,50; 3 ;rot\n;8;;;\n"
    assert rows(body, columns=columns, delimiter=";", decimal_comma=True) == [
        {"day": "2026-12-31", "sku": "007", "price": Decimal("12.50"), "count": 3, "Farbe": "rot"},
        {"day": None, "sku": "8", "price": None, "count": None, "Farbe": None},
    ]


def test_numbers_keep_every_digit() -> None:
    (row,) = rows(b"n\n0012345678901234567890.1234567890000\n", columns=[{"name": "n", "type": "number"}])
    assert str(row["n"]) == "12345678901234567890.1234567890000"


@pytest.mark.parametrize(
    ("type_", "text", "comma", "reason"),
    [
        ("number", "1,234.50", False, "is no number, which is written with '.'"),
        ("number", "1.234,50", True, "is no number, which is written with ','"),
        ("number", "1.5", True, "is no number"),
        ("number", "1e5", False, "is no number"),
        ("number", "NaN", False, "is no number"),
        ("number", "٣", False, "is no number"),
        ("number", "9" * 500, False, "is no number"),
        ("integer", "1.0", False, "is no whole number"),
        ("integer", "9" * 5000, False, "is no whole number"),
        ("date", "2026-02-30", False, "is no date of the form %Y-%m-%d"),
    ],
)
def test_a_value_of_another_type_is_rejected_at_its_place(type_: str, text: str, comma: bool, reason: str) -> None:
    body = f"sku;n\nA;{text}\nB;\n".encode()
    first, second = parts(body, columns=["sku", {"name": "n", "type": type_}], delimiter=";", decimal_comma=comma)
    assert isinstance(first, Reject)
    assert reason in first.message
    assert (first.position, first.where["line"], first.where["field"]) == ("line 2", 2, "n")
    assert first.where["value"] == text[:200]
    assert isinstance(second, Tree)


def test_a_missing_value_is_rejected_where_it_is_required() -> None:
    columns = [{"name": "sku", "required": True}, "qty"]
    (found,) = parts(b"sku,qty\n ,2\n".replace(b" ", b""), columns=columns)
    assert isinstance(found, Reject)
    assert found.message == "Line 2, column sku: has no value, and needs one."


def test_a_row_of_another_length_is_rejected_and_the_others_are_read() -> None:
    few, many, fine = parts(b"sku,qty\nA\nB,1,2\nC,3\n")
    assert isinstance(few, Reject)
    assert few.message == "Line 2 has 1 value for 2 columns."
    assert isinstance(many, Reject)
    assert (many.message, many.where["value"]) == ("Line 3 has 3 values for 2 columns.", "B,1,2")
    assert isinstance(fine, Tree)


def test_a_delimiter_at_the_end_of_each_line_makes_no_column() -> None:
    assert rows(b"sku;qty;\nA;1;\n", delimiter=";") == [{"sku": "A", "qty": "1"}]
    (found,) = parts(b"sku;qty;\nA;1;x\n", delimiter=";")
    assert isinstance(found, Reject)
    assert "stands in a column without a name" in found.message


def test_one_broken_quote_spoils_its_row_only() -> None:
    bad, fine = parts(b'sku,note\nA,"6" pipe"\nB,x\n')
    assert isinstance(bad, Reject)
    assert bad.message.startswith("Line 2 is no record of a CSV file: ")
    assert isinstance(fine, Tree)


def test_a_quote_that_is_not_closed_names_all_its_lines() -> None:
    fine, bad = parts(b'sku,note\nA,x\nB,"open\nC,y\nD,z\n')
    assert isinstance(fine, Tree)
    assert isinstance(bad, Reject)
    assert bad.message.startswith("Lines 3 to 5 are no record of a CSV file: ")


def test_bytes_of_another_encoding_spoil_their_row_only() -> None:
    bad, fine = parts(b"sku,name\nA,Gr\xf6\xdfe\nB,x\n")
    assert isinstance(bad, Reject)
    assert bad.message == r"Line 2, column name: 'Gr\xf6\xdfe' is not utf-8; set the encoding that the file has."
    assert isinstance(fine, Tree)
    (nul,) = parts(b"sku\nA\0B\n")
    assert isinstance(nul, Reject)


def test_blank_lines_and_comments_are_passed_over_and_counted() -> None:
    body = b'# stock\n\nsku,qty\n\n,\n#B,2\nA,"1\n#not a comment"\n  \n'
    (found,) = parts(body, comment="#")
    assert found == Tree({"sku": "A", "qty": "1\n#not a comment"}, "line 7")


@pytest.mark.parametrize(
    ("body", "options", "reason"),
    [
        (b"sku,sku\nA,B\n", {}, "line 1: its header line names 'sku' twice"),
        (b"qty\n1\n", {"columns": [{"name": "sku", "header": "Art", "required": True}]}, "lacks 'Art'"),
        (b"qty\n1\n", {"group_by": ["order"]}, "lacks 'order'"),
        (b"\xff\xfes\0k\0u\0\n\0", {}, "its header line is not utf-8"),
        (b"PK\x03\x04\0\0\0\n", {}, "its header line is not utf-8"),
        (b'"sku\n', {}, "its header line is no record of a CSV file"),
        ("sku\nA".encode("utf-16-le"), {"encoding": "utf-16"}, "it is not utf-16"),
        ("sku\nA".encode("utf-16")[:-1], {"encoding": "utf-16"}, "it is not utf-16"),
        (b"a" * 2_000_000, {}, "a line is longer than"),
        (b"sku\n" + (b'"' + b"x" * 1000 + b'\n",') * 10_000, {}, "line 2: a record is longer than"),
    ],
)
def test_an_unreadable_file_says_why(body: bytes, options: dict[str, Any], reason: str) -> None:
    _, error = stopped(body, **options)
    assert reason in error.message
    assert error.position.startswith("line ")


def test_an_empty_file_holds_nothing() -> None:
    assert parts(b"") == []
    assert parts(b"sku,qty\n") == []
    assert parts(b"\n\n", header=False, columns=["sku"]) == []


LINES = b"order,sku,qty\n1,A,1\n1,B,2\n2,A,3\n1,C,4\n"


def test_neighbouring_rows_with_equal_values_are_one_tree() -> None:
    found = parts(LINES, group_by=["order"])
    assert found == [
        Tree(
            {"order": "1", "rows": [{"order": "1", "sku": "A", "qty": "1"}, {"order": "1", "sku": "B", "qty": "2"}]},
            "lines 2-3",
        ),
        Tree({"order": "2", "rows": [{"order": "2", "sku": "A", "qty": "3"}]}, "line 4"),
        Tree({"order": "1", "rows": [{"order": "1", "sku": "C", "qty": "4"}]}, "line 5"),
    ]


QUANTITY = ["order", "sku", {"name": "qty", "type": "integer"}]


def test_a_bad_row_takes_its_group_with_it_and_no_other() -> None:
    body = b"order,sku,qty\n1,A,1\n2,A,x\n2,B,1\n3,A,1\n"
    first, second, third = parts(body, columns=QUANTITY, group_by=["order"])
    assert isinstance(first, Tree)
    assert isinstance(second, Reject)
    assert second.message.startswith("Line 3, column qty: 'x' is no whole number. The 1 other row")
    assert isinstance(third, Tree)


@pytest.mark.parametrize("bad", [b"2,B", b'2,"B"x,1', b"\xff,B,1"])
def test_a_row_that_may_belong_to_either_neighbour_takes_both(bad: bytes) -> None:
    body = b"order,sku,qty\n1,A,1\n2,A,1\n" + bad + b"\n3,A,1\n4,A,1\n"
    found = parts(body, columns=QUANTITY, group_by=["order"])
    assert [isinstance(part, Tree) for part in found] == [True, False, False, False, True]
    assert isinstance(found[1], Reject)
    assert found[1].message == "Line 4, which cannot be read, may belong to the rows from line 3 on."


def test_the_trailing_record_is_no_row_and_its_count_is_checked() -> None:
    options = {"trailer": {"marker": "TRL", "count": 2}}
    assert rows(b"sku,qty\nA,1\nB,2\nTRL,2\n", **options) == [{"sku": "A", "qty": "1"}, {"sku": "B", "qty": "2"}]
    assert rows(b"sku,qty\nA,1\nTRL\n", trailer={"marker": "TRL"}) == [{"sku": "A", "qty": "1"}]


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (b"TRL,3\n", "its trailing record counts '3' rows, and 2 came"),
        (b"TRL\n", "counts '' rows"),
        (b"TRL,2\nB,1\n", "line 5: something follows the trailing record"),
        (b"", "it ends without its trailing record 'TRL': it was cut off"),
    ],
)
def test_a_file_that_is_not_whole_is_refused_with_its_last_group(end: bytes, reason: str) -> None:
    options = {"trailer": {"marker": "TRL", "count": 2}, "group_by": ["sku"]}
    read, error = stopped(b"sku,qty\nA,1\nB,2\n" + end, **options)
    assert reason in error.message
    assert [part.data["sku"] for part in read if isinstance(part, Tree)] == ["A"]


def test_what_the_stream_raises_comes_through() -> None:
    def stream() -> Iterator[bytes]:
        yield b"sku\n" + b"A\n" * 10_000
        raise TransientError("The connection was lost.")

    with pytest.raises(TransientError):
        list(csv().decode(stream()))


def test_a_large_file_flows_in_flat_memory() -> None:
    chunk = b"SKU-4711,12,blue mug with a handle\n" * 1000

    def stream() -> Iterator[bytes]:
        yield b"sku,qty,name\n"
        for _ in range(60):
            yield chunk

    tracemalloc.start()
    try:
        count = sum(1 for _ in csv().decode(stream()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 60_000
    assert peak < 2_000_000


@given(st.binary(max_size=300), st.sampled_from(["utf-8", "utf-16", "cp1252", "shift_jis"]))
def test_no_bytes_do_worse_than_be_refused(body: bytes, encoding: str) -> None:
    try:
        found = parts(b"a,b\n" + body, encoding=encoding, group_by=["a"])
    except DecodeError:
        return
    for part in found:
        assert part.position.startswith("line")
        assert str(part).encode()


def test_rows_are_written_under_a_header_line() -> None:
    tree = {"rows": [{"sku": "A, B", "qty": 2}, {"sku": 'say "x"', "price": Decimal("1.50"), "ok": True}]}
    assert csv().encode(tree, "x") == b'sku,qty,price,ok\r\n"A, B",2,,\r\n"say ""x""",,1.50,true\r\n'
    assert csv().encode([{"a": "1"}], "x") == csv().encode({"a": "1"}, "x") == b"a\r\n1\r\n"
    assert csv(columns=["sku"]).encode([], "x") == b"sku\r\n"


def test_columns_are_written_as_they_are_declared() -> None:
    columns = [
        {"name": "day", "header": "Datum", "type": "date", "format": "%d.%m.%Y"},
        {"name": "price", "header": "Preis", "type": "number"},
        "note",
    ]
    options = {"columns": columns, "delimiter": ";", "decimal_comma": True, "line_end": "lf", "encoding": "cp1252"}
    tree = [{"price": "1234.50", "day": "2026-12-31"}, {"price": Decimal(2), "note": "größer; 3€"}]
    expected = 'Datum;Preis;note\n31.12.2026;1234,50;\n;2;"größer; 3€"\n'
    assert csv(**options).encode(tree, "x") == expected.encode("cp1252")


def test_a_trailer_is_written_with_its_count() -> None:
    options = {"trailer": {"marker": "TRL", "count": 3}, "header": False, "columns": ["a", "b", "c"]}
    assert csv(**options).encode([{"a": 1}, {"b": 2}], "x") == b"1,,\r\n,2,\r\nTRL,,2\r\n"


def test_what_looks_like_a_formula_is_data() -> None:
    (row,) = rows(csv().encode({"a": "=1+1", "b": "-5"}, "x"))
    assert row == {"a": "=1+1", "b": "-5"}


@pytest.mark.parametrize(
    ("tree", "options", "reason"),
    [
        ([{"a": 1}, {"b": {}}], {}, "row 2, column b: {} is a dict, which no field can hold"),
        ([{"a": 1}, {"b": 1.5}], {}, "row 2, column b: 1.5 is a float"),
        ([{"a": "x\0"}], {}, "row 1, column a: 'x\\x00' holds a NUL"),
        ([{"a": "日"}], {"encoding": "cp1252"}, "row 1, column a: '日' cannot be written in cp1252"),
        ([{"a": "\ud800"}], {}, "cannot be written in utf-8"),
        ([{"a": 1, "x": 2}], {"columns": ["a"]}, "row 1: there is no column 'x'; columns are a"),
        ([{"b": 2}], {"columns": [{"name": "a", "required": True}, "b"]}, "row 1, column a: it has no value"),
        ([{"a": "x"}], {"columns": [{"name": "a", "type": "number"}]}, "row 1, column a: 'x' is no number"),
        ([{"a": "x"}], {"columns": [{"name": "a", "type": "integer"}]}, "'x' is no whole number"),
        ([{"a": "1.2.26"}], {"columns": [{"name": "a", "type": "date"}]}, "is no date in ISO 8601"),
        ([{"a": "x;y"}], {"delimiter": ";", "quote": ""}, "row 1, column a: 'x;y' would have to be quoted"),
        ([{"a": "x\ny"}], {"quote": ""}, "would have to be quoted"),
        ([{"a": "#1"}], {"quote": "", "comment": "#"}, "would have to be quoted"),
        ([{"a": "TRL"}], {"trailer": {"marker": "TRL"}}, "marks the trailing record"),
        ([{"a": None}], {}, "row 1 has no value in any column"),
        ({"order": 1, "rows": []}, {}, "'order' stands beside `rows`"),
        ([1], {}, "row 1 is a int"),
        ([{"": 1}], {}, "'' cannot name a column"),
    ],
)
def test_what_cannot_be_written_is_named(tree: Any, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(RejectedMessage) as refused:
        csv(**options).encode(tree, "x")
    assert reason in refused.value.message
    assert refused.value.message.isprintable()


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
NAMES = TEXTS.filter(lambda name: name and name == name.strip())


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, str | None]]:
    """Rows that share their columns, each with a value somewhere."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    row = st.fixed_dictionaries({name: TEXTS.map(lambda text: text or None) for name in names})
    return draw(st.lists(row.filter(lambda row: any(text and text.strip() for text in row.values())), max_size=5))


DIALECTS = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from([",", ";", "\t", "|", " ", "é"]),
        "quote": st.sampled_from(['"', "'"]),
        "line_end": st.sampled_from(["crlf", "lf"]),
        "encoding": st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]),
        "comment": st.sampled_from(["", "#", "//"]),
    }
)


@given(tables(), DIALECTS)
def test_what_is_written_reads_back(table: list[dict[str, str | None]], dialect: dict[str, str]) -> None:
    if table:
        assert rows(csv(**dialect).encode({"rows": table}, "x"), **dialect) == table


@given(st.lists(st.tuples(st.sampled_from("123"), TEXTS.filter(str.strip)), min_size=1), st.booleans())
def test_groups_read_back(lines: list[tuple[str, str]], trailer: bool) -> None:
    options: dict[str, Any] = {"group_by": ["order"]}
    if trailer:
        options["trailer"] = {"marker": "TRL", "count": 2}
    table = [{"order": order, "note": note} for order, note in lines]
    body = csv(**options).encode({"rows": table}, "x")
    found = rows(body, **options)
    assert [row for group in found for row in group["rows"]] == table
    assert all(a["order"] != b["order"] for a, b in pairwise(found))
    assert rows(csv(**options).encode(found[0], "x"), **options) == found[:1]


@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=4),
    st.integers(-(10**90), 10**90),
    st.dates(date(1000, 1, 1)),
)
def test_typed_values_read_back(number: Decimal, integer: int, day: date) -> None:
    columns = [
        {"name": "number", "type": "number"},
        {"name": "integer", "type": "integer"},
        {"name": "day", "type": "date"},
    ]
    typed = {"number": number, "integer": integer, "day": day.isoformat()}
    for comma in (False, True):
        options = {"columns": columns, "decimal_comma": comma}
        assert rows(csv(**options).encode(typed, "x"), **options) == [typed]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"header": False}, "without a header line, name the columns"),
        ({"columns": ["a", "a"]}, "a stands twice"),
        ({"columns": ["a", {"name": "b", "header": "a"}]}, "a stands twice"),
        ({"columns": ["a"], "group_by": ["b"]}, "group_by names b, which is no column"),
        ({"delimiter": ";", "quote": ";"}, "are the same"),
        ({"delimiter": "\n"}, "cannot be a sign"),
        ({"delimiter": ";;"}, "at most 1 character"),
        ({"encoding": "klingon"}, "is no encoding of text"),
        ({"encoding": "base64"}, "is no encoding of text"),
        ({"columns": [{"name": "a", "type": "date", "format": "%Y-%m"}]}, "name year, month and day"),
        ({"columns": [{"name": "a", "typ": "date"}]}, "typ"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        CsvOptions.model_validate(options)
