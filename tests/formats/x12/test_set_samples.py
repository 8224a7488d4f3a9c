"""Sets recorded from real systems: every segment of them is read or reported, and what is read is written again."""

from __future__ import annotations

import re

import pytest

from connectors.formats.x12.reader import read_set
from connectors.formats.x12.segments import Segment
from connectors.formats.x12.sets import UnknownSet
from connectors.formats.x12.writer import write_set

pytestmark = pytest.mark.samples

UNKNOWN = {"210-carrier.edi": 5, "856-b.edi": 1, "860-003010-invalid.edi": 1}
"""Files of versions that there are no maps of, with the number of their sets."""

FAULTY = {
    "214-carrier.edi": [("2", "N102"), ("2", "L1101")] + [("2", "N102")] * 7,
    "810-a.edi": [("2", "IT103")] * 2,
    "850-syntax-note-violation.edi": [("2", "PO107"), ("2", "PO406")],
    "855-invalid.edi": [("5", "PO103"), ("5", "SCH02")],
    "940-wrong-SE01.edi": [("5", "W6608"), ("6", "W6609"), ("1", "W0101"), ("4", "W0102"), ("4", "W0103")],
}
"""Files with faults in their sets: code and element of each."""


def sets_of(path):
    """(version, segments from ST to SE) of each set, read as simply as can be."""
    for interchange in re.split(r"(?=ISA[^A-Za-z0-9]\d\d)", path.read_text("latin-1"))[1:]:
        separator = interchange[3]
        component, terminator = interchange.split(separator, 16)[16][:2]
        version, current = "", []
        for text in interchange.split(terminator):
            name, *elements = text.strip("\r\n").split(separator)
            version = elements[7] if name == "GS" else version
            current = [] if name == "ST" else current
            parts = (tuple(element.split(component)) if component in element else element for element in elements)
            current.append(Segment(name, tuple(parts), len(current) + 1, 0))
            if name == "SE":
                yield version, current


def test_every_set_is_read_or_reported(samples):
    unknown, faulty, read = {}, {}, 0
    for path in sorted((samples / "edi" / "x12").glob("*.edi")):
        for version, segments in sets_of(path):
            transaction = segments[0].elements[0]
            try:
                reading = read_set(segments, version, transaction)
            except UnknownSet:
                unknown[path.name] = unknown.get(path.name, 0) + 1
                continue
            read += 1
            found = [(fault.code, f"{fault.segment}{fault.element:02}") for fault in reading.faults if fault.element]
            if reading.faults:
                faulty[path.name] = faulty.get(path.name, []) + found
            else:
                assert read_set(write_set(reading.tree, version, transaction), version, transaction) == reading
    assert read > 30
    assert unknown == UNKNOWN
    assert faulty.pop("856-invalid.edi")
    assert faulty == FAULTY
