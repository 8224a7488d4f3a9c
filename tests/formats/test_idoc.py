"""IDocs: one tree an IDoc, whatever the file's size; what SAP would drop or cut is refused."""

from __future__ import annotations

import copy
import resource
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.formats._orders05 import CONTROL, SEGMENTS
from connectors.formats.idoc import IdocFormat
from hub.contract.errors import DecodeError, RejectedMessage
from hub.contract.format import Reject, Tree

FORMAT = IdocFormat()
STATM = Path("/proc/self/statm")

ORDRSP = b"""<?xml version="1.0" encoding="UTF-8"?>
<ORDERS05>
  <IDOC BEGIN="1">
    <EDI_DC40 SEGMENT="1"><DOCNUM>0000000000000001</DOCNUM><MESTYP>ORDRSP</MESTYP></EDI_DC40>
    <E1EDK01 SEGMENT="1"><CURCY>EUR</CURCY><BELNR>0000000042</BELNR><ZTERM></ZTERM></E1EDK01>
    <E1EDP01 SEGMENT="1"><POSEX>000010</POSEX><E1EDP19 SEGMENT="1"><QUALF>002</QUALF></E1EDP19></E1EDP01>
    <E1EDP01 SEGMENT="1"><POSEX>000020</POSEX></E1EDP01>
  </IDOC>
  <IDOC BEGIN="1">
    <EDI_DC40 SEGMENT="1"><DOCNUM>0000000000000002</DOCNUM><MESTYP>DESADV</MESTYP></EDI_DC40>
    <E1EDL20 SEGMENT="1"/>
  </IDOC>
</ORDERS05>"""

ORDERS = {
    "EDI_DC40": {"IDOCTYP": "ORDERS05", "MESTYP": "ORDERS", "DOCNUM": "0000000000000001"},
    "E1EDK01": {"CURCY": "EUR"},
    "E1EDP01": [
        {"POSEX": "000010", "MENGE": Decimal("1.50"), "E1EDP19": [{"QUALF": "002", "IDTNR": "M-1"}]},
        {"POSEX": "000020", "MENEE": None},
    ],
}


def test_each_idoc_is_a_tree_of_its_own_type():
    first, second = FORMAT.decode([ORDRSP])
    assert first == Tree(
        {
            "EDI_DC40": {"DOCNUM": "0000000000000001", "MESTYP": "ORDRSP"},
            "E1EDK01": {"CURCY": "EUR", "BELNR": "0000000042", "ZTERM": None},
            "E1EDP01": [{"POSEX": "000010", "E1EDP19": {"QUALF": "002"}}, {"POSEX": "000020"}],
        },
        "IDOC 1",
        "idoc.ordrsp",
    )
    assert (second.position, second.type) == ("IDOC 2", "idoc.desadv")
    assert second.data["E1EDL20"] == {}


@pytest.mark.parametrize("size", [1, 7, 100, 4096])
def test_chunks_may_cut_anywhere(size):
    chunks = [ORDRSP[start : start + size] for start in range(0, len(ORDRSP), size)]
    assert list(FORMAT.decode(chunks)) == list(FORMAT.decode([ORDRSP]))


def test_an_idoc_without_a_type_leaves_the_others_readable():
    without = ORDRSP.replace(b"<MESTYP>ORDRSP</MESTYP>", b"")
    reject, tree = FORMAT.decode([without])
    assert isinstance(reject, Reject)
    assert reject.position == "IDOC 1"
    assert "MESTYP" in reject.message
    assert tree.type == "idoc.desadv"
    (bare,) = FORMAT.decode([b"<ORDERS05><IDOC/></ORDERS05>"])
    assert "EDI_DC40" in bare.message


def test_what_came_before_a_break_is_read():
    cut = ORDRSP[: ORDRSP.index(b"DESADV")]
    read = FORMAT.decode([cut])
    assert next(read).position == "IDOC 1"
    with pytest.raises(DecodeError) as refused:
        next(read)
    assert refused.value.position.startswith("10:")
    garbled = FORMAT.decode([ORDRSP.replace(b"<E1EDL20", b"<<")])
    assert next(garbled).position == "IDOC 1"
    with pytest.raises(DecodeError):
        next(garbled)


def test_a_broken_file_is_not_read_to_its_end():
    taken = []

    def file():
        yield b"<ORDERS05></x>"
        while True:
            taken.append(1)
            yield b" " * 1024

    with pytest.raises(DecodeError, match="line 1"):
        list(FORMAT.decode(file()))
    assert not taken


@pytest.mark.parametrize(
    "body", [b"", b"ISA*00*", b"<Order/>", b'<!DOCTYPE o [<!ENTITY x "y">]><O><IDOC><a>&x;</a></IDOC></O>']
)
def test_what_is_no_idoc_is_refused(body):
    with pytest.raises(DecodeError):
        list(FORMAT.decode([body]))


def resident() -> int:
    """Bytes of memory this process holds, libxml2's included."""
    return int(STATM.read_text().split()[1]) * resource.getpagesize()


@pytest.mark.skipif(not STATM.is_file(), reason="the memory of a process is read from /proc, which is not here")
def test_a_file_of_many_idocs_stays_small_in_memory():
    start, end = ORDRSP.index(b"  <IDOC"), ORDRSP.index(b"</ORDERS05>")
    pair = ORDRSP[start:end] * 100

    def file():
        yield b"<ORDERS05>"
        for _ in range(100):
            yield pair
        yield b"</ORDERS05>"

    trees = FORMAT.decode(file())
    for _ in range(2_000):  # until allocators and caches have what they need
        next(trees)
    before = resident()
    assert sum(1 for _ in trees) == 18_000
    assert resident() - before < 8 * 1024 * 1024


def test_one_endless_idoc_is_refused():
    def file():
        yield b"<ORDERS05><IDOC>"
        while True:
            yield b"<E1EDP01><POSEX>1</POSEX></E1EDP01>" * 30_000

    with pytest.raises(DecodeError, match="32 MiB"):
        list(FORMAT.decode(file()))


def test_an_idoc_is_written_as_sap_writes_it():
    written = FORMAT.encode(ORDERS, "idoc.orders").decode()
    assert written == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ORDERS05><IDOC BEGIN="1">'
        '<EDI_DC40 SEGMENT="1"><IDOCTYP>ORDERS05</IDOCTYP><MESTYP>ORDERS</MESTYP>'
        "<DOCNUM>0000000000000001</DOCNUM></EDI_DC40>"
        '<E1EDK01 SEGMENT="1"><CURCY>EUR</CURCY></E1EDK01>'
        '<E1EDP01 SEGMENT="1"><POSEX>000010</POSEX><MENGE>1.50</MENGE>'
        '<E1EDP19 SEGMENT="1"><QUALF>002</QUALF><IDTNR>M-1</IDTNR></E1EDP19></E1EDP01>'
        '<E1EDP01 SEGMENT="1"><POSEX>000020</POSEX></E1EDP01></IDOC></ORDERS05>'
    )


def test_the_control_record_comes_first_wherever_the_mapping_has_it():
    tree = {"E1EDK01": {"CURCY": "EUR"}, "EDI_DC40": ORDERS["EDI_DC40"]}
    (read,) = FORMAT.decode([FORMAT.encode(tree, "idoc.orders")])
    assert list(read.data) == ["EDI_DC40", "E1EDK01"]


def test_extension_segments_are_written_as_they_are():
    tree = copy.deepcopy(ORDERS)
    tree["E1EDP01"][0]["Z1ITEM"] = {"ENGRAVING": "x" * 200}
    (read,) = FORMAT.decode([FORMAT.encode(tree, "idoc.orders")])
    assert read.data["E1EDP01"][0]["Z1ITEM"] == {"ENGRAVING": "x" * 200}


def _set(path: str, value: object):
    def change(tree: dict) -> None:
        *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
        for step in steps:
            tree = tree[step]
        tree[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_set("E1EDP01/0/E1EDP19/0/IDTNR", "y" * 36), ["E1EDP01[1]/E1EDP19[1]-IDTNR", "35", "36", "yyy"]),
        (_set("E1EDP01/1/POSEX", "0000010"), ["E1EDP01[2]-POSEX", "takes 6", "'0000010'"]),
        (_set("E1EDK01/CURRCY", "EUR"), ["E1EDK01-CURRCY", "did you mean 'CURCY'"]),
        (_set("E1EDK01/BELNR", 1.5), ["E1EDK01-BELNR", "1.5"]),
        (_set("E1EDK01/BELNR", "\x00"), ["E1EDK01/BELNR"]),
        (_set("E1EDK01", "EUR"), ["E1EDK01", "needs fields"]),
        (_set("E1EDK01/CURCY", ["EUR"]), ["E1EDK01/CURCY", "no segment"]),
        (_set("E1EDKO2", {"QUALF": "001"}), ["E1EDKO2", "did you mean 'E1EDK"]),
        (_set("E1EDP19", {"QUALF": "002"}), ["E1EDP19", "belongs below E1EDP01"]),
        (_set("E1EDK01/E1EDP01", {"POSEX": "1"}), ["E1EDP01", "belongs below the IDoc itself"]),
        (_set("EDI_DC40", None), ["EDI_DC40"]),
        (_set("EDI_DC40/MESTYP", "ORDCHG"), ["EDI_DC40-MESTYP", "'ORDCHG'", "'ORDERS'"]),
        (_set("EDI_DC40/IDOCTYP", "ORDERS02"), ["EDI_DC40-IDOCTYP", "'ORDERS02'", "'ORDERS05'"]),
    ],
)
def test_what_does_not_fit_is_refused_naming_segment_field_and_value(change, said):
    tree = copy.deepcopy(ORDERS)
    change(tree)
    with pytest.raises(RejectedMessage) as refused:
        FORMAT.encode(tree, "idoc.orders")
    for part in said:
        assert part in refused.value.message


CHARACTERS = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")


@st.composite
def _segment(draw, name):
    fields = SEGMENTS[name].fields
    chosen = draw(st.lists(st.sampled_from(sorted(fields)), max_size=4, unique=True))
    content = {field: draw(st.text(CHARACTERS, min_size=1, max_size=fields[field])) for field in chosen}
    for child in sorted(child for child, declared in SEGMENTS.items() if declared.parent == name):
        if draw(st.integers(0, 3)) == 0:
            content[child] = draw(st.lists(_segment(child), min_size=2, max_size=3))
    return content


@st.composite
def _idoc(draw):
    tree = {CONTROL: {"IDOCTYP": "ORDERS05", "MESTYP": "ORDCHG"}}
    tops = sorted(name for name, declared in SEGMENTS.items() if not declared.parent and name != CONTROL)
    for name in draw(st.lists(st.sampled_from(tops), max_size=3, unique=True)):
        tree[name] = draw(_segment(name))
    return tree


@given(_idoc())
def test_what_is_written_is_read_back_the_same(tree):
    (read,) = FORMAT.decode([FORMAT.encode(tree, "idoc.ordchg")])
    assert read == Tree(tree, "IDOC 1", "idoc.ordchg")
