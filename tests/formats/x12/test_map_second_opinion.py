"""pyx12 itself, on the same maps, accepts and rejects the same sets as our reader."""

from __future__ import annotations

import io
from xml.etree import ElementTree

import pytest
from pyx12.params import ParamsBase
from pyx12.x12n_document import x12n_document

from connectors.formats.x12.reader import read_set
from connectors.formats.x12.sets import MAPS
from tests.formats.x12.set_examples import KNOWN, example, segments

CHECKED = [("850", "004010"), ("855", "004010"), ("856", "004010"), ("810", "004010")]
CHECKED += [("940", "004010"), ("945", "004010"), ("846", "004010"), ("850", "005010"), ("856", "005010")]


def pyx12_accepts(text, transaction, release):
    interchange = io.StringIO(_interchange(text.strip().splitlines(), transaction, release))
    return x12n_document(ParamsBase(), interchange, None, None, map_path=str(MAPS / release))


def we_accept(text, transaction, release):
    return read_set(segments(text), release, transaction).faults == []


def _interchange(lines, transaction, release):
    rows = ElementTree.parse(MAPS / release / "maps.xml").iter("map")
    group, version = next((row.get("fic"), row.get("vriic")) for row in rows if row.get("abbr") == transaction)
    standard, interchange_version = {"004010": ("U", "00401"), "005010": ("^", "00501")}[release]
    addresses = "ZZ*ACME           *ZZ*PARTNER        "
    isa = f"ISA*00*          *00*          *{addresses}*261127*1015*{standard}*{interchange_version}*000000001*0*T*:"
    gs = f"GS*{group}*ACME*PARTNER*20261127*1015*1*X*{version}"
    all_lines = [isa, gs, f"ST*{transaction}*0001", *lines, f"SE*{len(lines) + 2}*0001", "GE*1*1", "IEA*1*000000001"]
    return "".join(f"{line}~\n" for line in all_lines)


@pytest.mark.parametrize(("transaction", "release"), [known for known in KNOWN if known != ("832", "005010")])
def test_both_accept_every_example(transaction, release):
    text = example(transaction, release)
    assert we_accept(text, transaction, release)
    assert pyx12_accepts(text, transaction, release)


def _without_first(lines):
    return lines[1:]


def _first_twice(lines):
    return [lines[0], *lines]


def _unknown_segment(lines):
    return [lines[0], "XYZ*1", *lines[1:]]


def _of_another_set(lines):
    return [lines[0], "BHT*0019*00", *lines[1:]]


def _last_first(lines):
    return [lines[-1], *lines[:-1]]


def _without_a_mandatory_element(lines):
    return ["*".join([lines[0].split("*")[0], "", *lines[0].split("*")[2:]]), *lines[1:]]


def _element_too_long(lines):
    return [f"{lines[0].split('*')[0]}*{'X' * 99}*{'*'.join(lines[0].split('*')[2:])}", *lines[1:]]


def _elements_too_many(lines):
    return [lines[0] + "*X" * 20, *lines[1:]]


@pytest.mark.parametrize(("transaction", "release"), CHECKED)
@pytest.mark.parametrize(
    "spoil",
    [
        _without_first,
        _first_twice,
        _unknown_segment,
        _of_another_set,
        _last_first,
        _without_a_mandatory_element,
        _element_too_long,
        _elements_too_many,
    ],
)
def test_both_reject_what_is_spoilt(transaction, release, spoil):
    text = "\n".join(spoil(example(transaction, release).splitlines()))
    assert not we_accept(text, transaction, release)
    assert not pyx12_accepts(text, transaction, release)


@pytest.mark.parametrize(
    ("transaction", "old", "new"),
    [
        ("850", "DTM*002*20261204", "DTM*002*20261304"),
        ("850", "DTM*002*20261204", "DTM*002**2561"),
        ("850", "DTM*002*20261204", "DTM*002"),
        ("850", "PO1*1*12*EA", "PO1*1*12*E"),
        ("850", "PO1*1*12*EA", "PO1*1*TWELVE*EA"),
        ("850", "PO1*2*3*CA*40**VN*B-2", "PO1*2*3*CA*40**VN"),
        ("850", "LE*LDT\n", ""),
        ("850", "REF*CO*WEB-1001", "REF*CO*WEB-1001**SI"),
        ("850", "CUR*BY*USD", "CUR*BY*USD\nCUR*BY*EUR"),
        ("850", "CTT*2*15", "CTT*2*15\nCTT*2*15"),
        ("855", "ACK*IR*3*CA", "ACK*IR*3"),
        ("855", "BAK*00*AC*4500012", "BAK*00*AC*"),
        ("856", "SN1*1*12*EA", "SN1*1*12"),
        ("856", "HL*2*1*O*1", "HL**1*O*1"),
        ("810", "TDS*21990", "TDS*219.90"),
        ("810", "TDS*21990\n", ""),
        ("810", "IT1*2*3*CA*40**VN*B-2", "IT1*2*3*CA*40,5**VN*B-2"),
        ("940", "W01*12*EA**VN*A-1", "W01*12*EA**VN"),
        ("940", "LX*1\n", ""),
        ("945", "W12*CC*12*12*0*EA", "W12*CC*12*12*0*E"),
        ("945", "W03*12*40*LB", "W03*12*40*LB\nW03*12*40*LB"),
        ("846", "QTY*33*144*EA", "QTY*33*144*EA*MANY"),
        ("846", "BIA*00*MB*INV-20261127*20261127", "BIA*00*MB*INV-20261127*20261131"),
    ],
)
def test_both_reject_what_is_changed(transaction, old, new):
    text = example(transaction, "004010") + "\n"
    assert old in text
    changed = text.replace(old, new, 1)
    assert not we_accept(changed, transaction, "004010")
    assert not pyx12_accepts(changed, transaction, "004010")


# Where pyx12 is known to be wrong


def test_pyx12_takes_the_first_of_two_brackets_whatever_ls01_says():
    assert we_accept(example("832", "005010"), "832", "005010")
    assert not pyx12_accepts(example("832", "005010"), "832", "005010")


def test_pyx12_breaks_on_a_component_too_many():
    text = example("850", "004010").replace("REF*DP*17", "REF*DP*17**SI:A:ZZ:B:ZZ:C:ZZ")
    assert not we_accept(text, "850", "004010")
    with pytest.raises(IndexError):
        pyx12_accepts(text, "850", "004010")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("REF*DP*17", "REF*DP*17**SI:A1:ZZ"),  # it does not know the notes of a composite
        ("DTM*002*20261204", "DTM*002**1015597"),  # seven digits are a time with tenths, and it takes them
    ],
)
def test_pyx12_is_laxer(old, new):
    text = example("850", "004010").replace(old, new, 1)
    assert pyx12_accepts(text, "850", "004010")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("PID*F****BLUE WIDGET", "PID*F****BLUE WIDGET  "),  # partners pad, and lose nothing by it
        ("PO1*2*3*CA*40", "PO1*2*3*CA*40."),
    ],
)
def test_pyx12_is_stricter(old, new):
    text = example("850", "004010").replace(old, new, 1)
    assert we_accept(text, "850", "004010")
    assert not pyx12_accepts(text, "850", "004010")


@pytest.mark.parametrize("levels", ["HL*1**S\nHL*2*9*O", "HL*1**S\nHL*2*2*O"])
def test_pyx12_finds_orphaned_levels_as_we_do(levels):
    text = f"BSN*00*S-1*20261127*1015\n{levels}"
    assert not we_accept(text, "856", "004010")
    assert not pyx12_accepts(text, "856", "004010")
