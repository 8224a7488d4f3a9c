"""pyx12 as a second opinion: the same segments and the same faults of envelopes, where it can read a file.

It refuses interchange versions other than 00401 and 00501, which decide nothing here, and leaves out a
last segment without a terminator; so it is shown recorded files as 00401 and with their last terminator.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from pyx12.params import ParamsBase
from pyx12.x12file import X12Reader
from pyx12.x12n_document import x12n_document

from connectors.formats.x12 import Partner, Party, X12Format
from connectors.formats.x12.sets import MAPS
from connectors.formats.x12.tokenizer import SegmentReader, Tokenizer
from tests.formats.x12.made import (
    PURCHASE_ORDER,
    a_group,
    a_set,
    an_interchange,
    an_isa,
    edi_files,
    parts,
    replies,
    trees,
)

ENVELOPE_FAULTS = {"isa", "gs", "st"}
PARTNER = Partner(us=Party(id="CROSSDOCK"), them=Party(id="ACME"))
READABLE = {
    "204-a.edi",
    "214-carrier.edi",
    "810-a.edi",
    "850-b.edi",
    "850-c.edi",
    "850-composite.edi",
    "850-syntax-note-violation.edi",
    "855-b.edi",
    "856-a.edi",
    "940-a.edi",
    "940-b.edi",
    "940-wrong-SE01.edi",
    "943-a.edi",
    "944-a.edi",
}


def their_reading(body: bytes) -> tuple[list[str], list[tuple[str, str]]]:
    """The segments as pyx12 reads them, and the codes of the envelope's faults."""
    reader = X12Reader(io.StringIO(body.decode()))
    segments = [segment.format("", "*", ">") for segment in reader]
    return segments, [(fault[0], fault[1]) for fault in reader.pop_errors() if fault[0] in ENVELOPE_FAULTS]


def our_segments(body: bytes) -> list[str]:
    """Our segments in the same form, which has no empty elements at a segment's end."""
    tokenizer = Tokenizer([body])
    found = []
    while opening := tokenizer.open():
        reader = SegmentReader(opening.delimiters, "utf-8")
        isa = "*".join(["ISA", *(element.decode() for element in opening.elements)])
        found += [isa, *(_text(reader.read(raw, 0)) for raw in tokenizer.segments() if raw.data)]
    return found


def _text(segment: Any) -> str:
    elements = [element if isinstance(element, str) else ">".join(element) for element in segment.elements]
    return "*".join([segment.id, *elements]).rstrip("*")


@pytest.mark.samples
@pytest.mark.parametrize("name", sorted(READABLE))
def test_the_segments_of_recorded_files_are_the_same(samples: Path, name: str):
    body = edi_files(samples)[name].replace(b"*00400*", b"*00401*")
    segments, _ = their_reading(body.rstrip(b"\n") + b"\n")
    assert our_segments(body) == segments


@pytest.mark.parametrize(
    ("group", "faults"),
    [
        (a_group(a_set()), []),
        (a_group(a_set(se="SE*9*0001")), [("st", "4")]),
        (a_group(a_set(se="SE*5*0002")), [("st", "3")]),
        (a_group(a_set(), ge="GE*2*7"), [("gs", "5")]),
        (a_group(a_set(), ge="GE*1*8"), [("gs", "4")]),
    ],
)
def test_faults_of_the_envelope_have_the_same_codes(group, faults):
    body = an_interchange(group)
    _, theirs = their_reading(body)
    (reply,) = replies(parts(body))
    sets = [("st", code) for answer in reply.data.get("AK2_loop", ()) for code in _codes(answer["AK5"], 2)]
    assert [*sets, *(("gs", code) for code in _codes(reply.data["AK9"], 5))] == theirs == faults


def _codes(segment: dict[str, Any], first: int) -> list[str]:
    return [value for name, value in segment.items() if int(name[3:]) >= first]


@pytest.mark.parametrize("line_break", ["", "\n"])
def test_what_is_written_is_faultless(line_break):
    partner = PARTNER.model_copy(update={"line_break": line_break})
    (order,) = trees(parts(an_interchange()))
    del order.data["envelope"]
    assert _verdict(X12Format(partner).encode(order.data, "x12.850"))


def test_a_997_that_is_written_is_faultless():
    body = [*PURCHASE_ORDER[:1], "ZZZ*1", "PO1*1*x*EA*9.25**VN", "CTT*1"]
    sets = [a_set(), a_set(number="0002", body=body), a_set(number="0003", se="SE*1*3")]
    isa = an_isa().replace("*14*", "*ZZ*")  # it knows few kinds of ids
    (reply,) = replies(parts(an_interchange(a_group(*sets), isa=isa)))
    assert _verdict(X12Format(PARTNER).encode(reply.data, reply.type))


def _verdict(body: bytes) -> bool:
    """Whether pyx12 finds nothing wrong with it by the maps of 004010."""
    source = io.StringIO(body.decode())
    return bool(x12n_document(ParamsBase(), source, None, None, map_path=str(MAPS / "004010")))
