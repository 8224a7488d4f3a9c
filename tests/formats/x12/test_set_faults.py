"""Whatever is wrong with a set is a fault with the code of a 997, at its place, in plain words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.formats.x12.reader import read_set
from connectors.formats.x12.segments import Repeated, Segment
from connectors.formats.x12.sets import known_segments
from tests.formats.x12.set_examples import KNOWN, example, segments

BEG = "BEG*00*SA*4500012**20261127"


def faults(text, transaction="850", version="004010"):
    return read_set(segments(text), version, transaction).faults


def only(text, transaction="850", version="004010"):
    (fault,) = faults(text, transaction, version)
    return fault


def element_fault(segment):
    """The one fault of an 850 whose only line ends with this segment."""
    fault = only(f"{BEG}\nPO1**1\n{segment}")
    assert (fault.level, fault.segment, fault.number) == ("element", segment.split("*")[0], 4)
    return fault


# Segments: AK304


def test_1_a_segment_nobody_knows():
    fault = only(f"{BEG}\nXYZ*1\nPO1**1")
    assert (fault.level, fault.code, fault.segment, fault.number, fault.loop) == ("segment", "1", "XYZ", 3, "")
    assert fault.message == "Segment XYZ, number 3 of the set, is no segment known in version 004010."


def test_2_a_segment_of_a_loop_that_is_not_open():
    fault = only(f"{BEG}\nN3*1 MAIN STREET\nPO1**1")
    assert (fault.code, fault.segment, fault.number) == ("2", "N3", 3)
    assert "no loop that it belongs to is open" in fault.message


def test_3_a_mandatory_segment_is_missing_where_it_should_have_been():
    fault = only("REF*DP*17\nPO1**1")
    assert (fault.code, fault.segment, fault.number) == ("3", "BEG", 2)
    assert fault.message == "The mandatory segment BEG is missing before segment number 2 of the set."


def test_3_a_mandatory_loop_is_missing():
    fault = only(f"{BEG}\nCTT*0")
    assert (fault.code, fault.segment, fault.number) == ("3", "PO1", 3)
    assert "The mandatory loop PO1, begun by PO1, is missing" in fault.message


def test_3_a_mandatory_segment_within_a_loop_is_missing():
    fault = only(f"{BEG}\nPO1**1\nLS*LDT\nLDT*AF*5*DA\nPO1**2")
    assert (fault.code, fault.segment, fault.number, fault.loop) == ("3", "LE", 6, "LS")


def test_3_all_that_is_missing_at_the_end():
    assert [(fault.code, fault.segment, fault.number) for fault in faults("")] == [("3", "BEG", 2), ("3", "PO1", 2)]


def test_4_a_loop_too_often():
    fault = only(f"{BEG}\nPO1**1\nCTT*1\nCTT*1")
    assert (fault.level, fault.code, fault.segment, fault.number) == ("segment", "4", "CTT", 5)
    assert "the loop CTT may occur once here" in fault.message


def test_4_and_its_segments_are_still_read():
    reading = read_set(segments(f"{BEG}\nPO1**1\nCTT*1\nCTT*2\nAMT*TT*X"), "004010", "850")
    assert [(fault.code, fault.segment) for fault in reading.faults] == [("4", "CTT"), ("6", "AMT")]
    assert reading.tree["CTT_loop"] == {"CTT": {"CTT01": 1}}


def test_5_a_segment_too_often():
    fault = only(f"{BEG}\nCUR*BY*USD\nCUR*BY*EUR\nPO1**1")
    assert (fault.code, fault.segment, fault.number) == ("5", "CUR", 4)
    assert "the segment CUR may occur once here" in fault.message


def test_5_and_the_first_one_stays():
    tree = read_set(segments(f"{BEG}\nCUR*BY*USD\nCUR*BY*EUR\nPO1**1"), "004010", "850").tree
    assert tree["CUR"] == {"CUR01": "BY", "CUR02": "USD"}


def test_6_a_segment_of_other_sets():
    fault = only(f"{BEG}\nPO1**1\nW01*1*EA")
    assert (fault.code, fault.segment, fault.loop) == ("6", "W01", "PO1")
    assert "is no segment of the set 850" in fault.message


def test_7_a_segment_too_late():
    fault = only(f"{BEG}\nDTM*002*20261204\nREF*DP*17\nPO1**1")
    assert (fault.code, fault.segment, fault.number) == ("7", "REF", 4)
    assert "comes too late" in fault.message


def test_reading_goes_on_after_a_fault():
    reading = read_set(segments(f"{BEG}\nXYZ*1\nPO1**1\nPID*F****A\nN3*X\nPO1**2"), "004010", "850")
    assert [(fault.code, fault.number) for fault in reading.faults] == [("1", 3), ("2", 6)]
    assert [loop["PO1"]["PO102"] for loop in reading.tree["PO1_loop"]] == [1, 2]


# Elements: AK403


def test_1_a_mandatory_element_is_missing():
    fault = only("BEG*00*SA***20261127\nPO1**1")
    assert (fault.level, fault.code, fault.segment, fault.number, fault.element) == ("element", "1", "BEG", 2, 3)
    assert (fault.element_ref, fault.value) == ("324", None)
    assert fault.message == "BEG03 (element 324) is missing though it is mandatory, segment BEG number 2 of the set."


def test_1_a_segment_without_elements_lacks_all_that_are_mandatory():
    assert [(fault.code, fault.element) for fault in faults(f"{BEG}\nPO1**1\nAMT")] == [("1", 1), ("1", 2)]


@pytest.mark.parametrize(
    ("segment", "element", "says"),
    [
        ("REF*DP", 2, "at least one of REF02 and REF03 is needed"),
        ("SAC*A*C310*VI*", 4, "SAC03 and SAC04 go together"),
        ("TD5*O*2", 3, "though TD502 demands it"),
        ("TD5****M***ZZ", 8, "though TD507 demands it"),
        ("SCH*1*EA***010*20261127**067", 9, "SCH08 demands at least one of SCH09 and SCH10"),
    ],
)
def test_2_an_element_that_others_demand(segment, element, says):
    fault = element_fault(segment)
    assert (fault.code, fault.element, fault.value) == ("2", element, None)
    assert says in fault.message


def test_2_once_for_an_element_that_several_demand():
    (fault,) = faults(f"{BEG}\nPO1**1\nPO4*4*1*EA**G**LB")
    assert (fault.code, fault.element) == ("2", 6)


def test_3_an_element_too_many():
    fault = element_fault("AMT*TT*1*D*X")
    assert (fault.code, fault.element, fault.element_ref, fault.value) == ("3", 4, None, "X")
    assert fault.message.startswith("AMT04 is one too many: AMT has 3 elements, segment AMT")


def test_3_separators_at_the_end_are_no_elements():
    assert faults(f"{BEG}\nPO1**1\nAMT*TT*1*D***") == []


def test_3_a_component_too_many():
    fault = only(f"{BEG}\nREF*DP*17**SI:A1:ZZ:B2:ZZ:C3:D4\nPO1**1")
    assert (fault.code, fault.element, fault.component) == ("3", 4, 7)
    assert "REF04 has 6 components" in fault.message


def test_3_an_element_that_may_not_be_repeated():
    twice = Segment("REF", ("DP", Repeated(("17", "18"))), 3, 0)
    (fault,) = read_set([*segments(BEG), twice, *segments("PO1**1", 4)], "004010", "850").faults
    assert (fault.code, fault.element) == ("3", 2)
    assert "is given 2 times and may be once" in fault.message


@pytest.mark.parametrize(
    ("segment", "code", "element", "ref", "value"),
    [
        ("DTM*02*20261127", "4", 1, "374", "02"),
        ("DTM*002*061127", "4", 2, "373", "061127"),
        ("AMT*TT*1234567890123456789", "5", 2, "782", "1234567890123456789"),
        ("AMT*TT*-1234567890.1234567890", "5", 2, "782", "-1234567890.1234567890"),
        ("SCH*1*EAS***010*20261127", "5", 2, "355", "EAS"),
        ("REF*DP*1\x077", "6", 2, "127", "1\x077"),
        ("AMT*TT*12,50", "6", 2, "782", "12,50"),
        ("AMT*TT*1E3", "6", 2, "782", "1E3"),
        ("AMT*TT*+1", "6", 2, "782", "+1"),
        ("AMT*TT*.", "6", 2, "782", "."),
        ("TD1*CTN25*1.5", "6", 2, "80", "1.5"),
        ("TD1*CTN25*\u0663", "6", 2, "80", "\u0663"),
        ("DTM*002*20260230", "8", 2, "373", "20260230"),
        ("DTM*002*2026112X", "8", 2, "373", "2026112X"),
        ("DTM*002**2460", "9", 3, "337", "2460"),
        ("DTM*002**10150", "9", 3, "337", "10150"),
        ("DTM*002**10156099", "9", 3, "337", "10156099"),
    ],
)
def test_4_to_9_a_value_that_its_type_does_not_allow(segment, code, element, ref, value):
    fault = element_fault(segment)
    assert (fault.code, fault.element, fault.element_ref, fault.value) == (code, element, ref, value)


def test_6_the_component_separator_within_an_element():
    fault = only(f"{BEG}\nN9*L1*X\nMSG*SEE:BELOW\nPO1**1")
    assert (fault.code, fault.element, fault.value) == ("6", 1, "SEE BELOW")
    assert "component separator" in fault.message


def test_a_faulty_value_stays_in_the_tree_as_it_came():
    tree = read_set(segments(f"{BEG}\nPO1**TWELVE*EA"), "004010", "850").tree
    assert tree["PO1_loop"] == [{"PO1": {"PO102": "TWELVE", "PO103": "EA"}}]


def test_components_are_checked_like_elements():
    found = faults(f"{BEG}\nREF*DP*17**SI::ZZ:{'X' * 31}:A\nPO1**1")
    assert [(fault.code, fault.element, fault.component) for fault in found] == [
        ("1", 4, 2),
        ("5", 4, 4),
        ("4", 4, 5),
        ("2", 4, 6),
    ]


@pytest.mark.parametrize("number", ["-123456789012345.678", "0", "00.50", ".5", "12.", "-.5"])
def test_a_minus_and_a_point_do_not_count_in_a_number(number):
    assert faults(f"{BEG}\nPO1**1\nAMT*TT*{number}") == []


@pytest.mark.parametrize("time", ["1015", "101559", "1015597", "10155978"])
def test_times_have_four_to_eight_digits(time):
    assert faults(f"{BEG}\nDTM*002**{time}\nPO1**1") == []


def test_10_elements_that_exclude_each_other():
    fault = element_fault("QTY*38*12*EA*MANY")
    assert (fault.code, fault.element, fault.element_ref) == ("10", 4, "61")
    assert "is given with QTY02: at most one of QTY02 and QTY04 may be" in fault.message


# HL levels: AK403 7


@pytest.mark.parametrize(
    ("levels", "number", "element", "says"),
    [
        ("HL*1**S\nHL*2*9*O", 4, 2, "no HL before it has this number"),
        ("HL*1**S\nHL*2*2*O", 4, 2, "names the HL itself"),
        ("HL*1*2*S\nHL*2*1*O", 3, 2, "no HL before it has this number"),
        ("HL*1**S\nHL*1**O", 4, 1, "an earlier HL is numbered already"),
    ],
)
def test_7_levels_that_are_no_tree(levels, number, element, says):
    reading = read_set(segments(f"BSN*00*S-1*20261127*1015\n{levels}"), "004010", "856")
    (fault,) = reading.faults
    assert (fault.level, fault.code, fault.segment, fault.number, fault.element) == (
        "element",
        "7",
        "HL",
        number,
        element,
    )
    assert says in fault.message
    assert len(list(_levels(reading.tree))) == 2


def _levels(tree):
    for level in tree.get("HL_loop", []):
        yield level
        yield from _levels(level)


def test_7_levels_that_are_too_deep_go_on_top():
    levels = "\n".join(f"HL*{number}*{number - 1 or ''}*I" for number in range(1, 102))
    reading = read_set(segments(f"BSN*00*S-1*20261127*1015\n{levels}"), "004010", "856")
    (fault,) = reading.faults
    assert (fault.code, fault.number, fault.element, fault.value) == ("7", 103, 2, "100")
    assert [level["HL"]["HL01"] for level in reading.tree["HL_loop"]] == ["1", "101"]


# Every segment is read or reported


@given(st.data())
def test_a_segment_is_in_the_tree_or_in_the_faults(data):
    transaction, release = data.draw(st.sampled_from(KNOWN))
    own = segments(example(transaction, release))
    other = st.sampled_from(sorted(known_segments(release))).map(lambda name: Segment(name, ("X",), 0, 0))
    mixed = data.draw(st.lists(st.sampled_from(own) | other, max_size=30))
    reading = read_set(mixed, release, transaction)
    lost = {fault.number for fault in reading.faults if fault.level == "segment" and fault.code != "3"}
    body = mixed[1 if mixed and mixed[0].id == "ST" else 0 :]
    body = body[:-1] if body and body[-1].id == "SE" else body
    assert len(body) - len(lost) <= _count(reading.tree) <= len(body)


def _count(value):
    """The segments in a tree."""
    if isinstance(value, list):
        return sum(map(_count, value))
    return sum(
        _count(item) if key.endswith("_loop") else len(item) if isinstance(item, list) else 1
        for key, item in value.items()
    )
