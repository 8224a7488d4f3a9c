"""Trees are written as segments in the order of the map; what cannot be written is named with its place."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors.formats.x12.reader import read_set
from connectors.formats.x12.segments import Repeated
from connectors.formats.x12.sets import UnknownSet
from connectors.formats.x12.writer import write_set
from hub.contract.errors import RejectedMessage
from tests.formats.x12.set_examples import KNOWN, example, segments, text_of

BEG = {"BEG01": "00", "BEG02": "SA", "BEG03": "4500012", "BEG05": "20261127"}
LINE = {"PO1": {"PO102": 1}}
BSN = {"BSN01": "00", "BSN02": "SHIP-77", "BSN03": "20261127", "BSN04": "1015"}


def write(tree, transaction="850", version="004010"):
    return text_of(write_set(tree, version, transaction)).splitlines()


def refused(tree, transaction="850", version="004010"):
    with pytest.raises(RejectedMessage) as caught:
        write_set(tree, version, transaction)
    return caught.value


@pytest.mark.parametrize(("transaction", "release"), KNOWN)
def test_every_example_is_written_as_it_was_read(transaction, release):
    text = example(transaction, release)
    tree = read_set(segments(text), release, transaction).tree
    written = write_set(tree, release, transaction)
    assert text_of(written) == text
    assert [segment.number for segment in written] == list(range(2, len(written) + 2))


def test_the_order_is_that_of_the_map():
    tree = {
        "PO1_loop": [{"PID_loop": [{"PID": {"PID05": "WIDGET", "PID01": "F"}}], "PO1": {"PO103": "EA", "PO102": 2}}],
        "REF": [{"REF02": "17", "REF01": "DP"}],
        "BEG": BEG,
    }
    assert write(tree) == ["BEG*00*SA*4500012**20261127", "REF*DP*17", "PO1**2*EA", "PID*F****WIDGET"]


def test_what_is_absent_is_left_out():
    tree = {
        "BEG": BEG | {"BEG04": None, "BEG06": "", "BEG07": None},
        "CUR": {"CUR01": None},
        "REF": [{"REF01": "DP", "REF02": "17", "REF04": {"REF0401": None}}, {"REF01": ""}, None],
        "N1_loop": [{"N1": {"N101": None}, "N3": []}],
        "SAC_loop": None,
        "PO1_loop": [LINE],
    }
    assert write(tree) == ["BEG*00*SA*4500012**20261127", "REF*DP*17", "PO1**1"]


def test_a_single_segment_may_stand_for_a_list():
    assert write({"BEG": BEG, "REF": {"REF01": "DP", "REF02": "17"}, "PO1_loop": LINE})[1:] == ["REF*DP*17", "PO1**1"]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal("9.2500"), "9.25"),
        (Decimal("1E+3"), "1000"),
        (Decimal("100.00"), "100"),
        (Decimal("-0.50"), "-0.5"),
        (Decimal("-0.00"), "0"),
        (7, "7"),
        ("7.50", "7.5"),
        (Decimal("0.00000000000000001"), ".00000000000000001"),
    ],
)
def test_decimals_have_no_exponent_and_no_idle_zeros(value, written):
    assert write({"BEG": BEG, "PO1_loop": [{"PO1": {"PO104": value}}]})[-1] == f"PO1****{written}"


@pytest.mark.parametrize(
    ("value", "written"),
    [(Decimal("12.5"), "1250"), (12, "1200"), ("12.50", "1250"), (Decimal("-0.05"), "-5"), (Decimal("0.00"), "0")],
)
def test_implied_decimals_are_written_without_the_point(value, written):
    tree = {"BEG": BEG, "PO1_loop": [LINE | {"SAC_loop": [{"SAC": {"SAC01": "A", "SAC02": "C310", "SAC05": value}}]}]}
    assert write(tree)[-1] == f"SAC*A*C310***{written}"


def test_numbers_are_filled_up_to_their_least_length():
    shipped = {"CUR": {"CUR01": "BY", "CUR02": "USD", "CUR03": Decimal("1.5")}}
    assert write({"BEG": BEG, "PO1_loop": [LINE]} | shipped)[1] == "CUR*BY*USD*1.500"


def test_text_elements_take_numbers():
    assert write({"BEG": BEG, "PO1_loop": [{"PO1": {"PO101": 10, "PO107": Decimal("17.0"), "PO106": "VN"}}]})[-1] == (
        "PO1*10*****VN*17"
    )


def test_two_loops_with_one_trigger_are_filled_in_their_order():
    text = example("753", "005010")
    tree = read_set(segments(text), "005010", "753").tree
    assert [loop["N1"]["N101"] for loop in tree["N1_loop"]] == ["SF", "ST", "ST"]
    assert text_of(write_set(tree, "005010", "753")) == text


# HL levels


def test_levels_are_numbered_where_the_tree_leaves_it_out():
    item = {"HL": {"HL03": "I"}, "LIN": {"LIN02": "VN", "LIN03": "A-1"}}
    order = {"HL": {"HL03": "O"}, "PRF": {"PRF01": "4500012"}, "HL_loop": [item, item]}
    assert write({"BSN": BSN, "HL_loop": [{"HL": {"HL03": "S"}, "HL_loop": [order, order]}]}, "856")[1:] == [
        "HL*1**S*1",
        "HL*2*1*O*1",
        "PRF*4500012",
        "HL*3*2*I*0",
        "LIN**VN*A-1",
        "HL*4*2*I*0",
        "LIN**VN*A-1",
        "HL*5*1*O*1",
        "PRF*4500012",
        "HL*6*5*I*0",
        "LIN**VN*A-1",
        "HL*7*5*I*0",
        "LIN**VN*A-1",
    ]


def test_numbers_of_levels_that_are_given_stay():
    inner = {"HL": {"HL01": "B7", "HL03": "I"}}
    tree = {"BSN": BSN, "HL_loop": [{"HL": {"HL01": "A1", "HL03": "S", "HL04": "1"}, "HL_loop": [inner]}]}
    assert write(tree, "856")[1:] == ["HL*A1**S*1", "HL*B7*A1*I"]


@pytest.mark.parametrize(
    ("outer", "inner", "place", "says"),
    [
        ({"HL02": "9"}, {}, "HL_loop[1].HL.HL02", "names the parent '9', but this HL is nested in none"),
        ({}, {"HL02": "9"}, "HL_loop[1].HL_loop[1].HL.HL02", "must be '1', the HL01 of the loop it is nested in"),
        ({"HL01": "2"}, {}, "HL_loop[1].HL_loop[1].HL.HL01", "is '2', which another HL before it has"),
        ({"HL03": None}, {}, "HL_loop[1].HL.HL03", "is missing though it is mandatory"),
    ],
)
def test_levels_that_are_no_tree_are_refused(outer, inner, place, says):
    nested = [{"HL": {"HL03": "I"} | inner}]
    error = refused({"BSN": BSN, "HL_loop": [{"HL": {"HL03": "S"} | outer, "HL_loop": nested}]}, "856")
    assert error.where["places"] == [place]
    assert says in error.message


def test_a_level_needs_its_hl():
    error = refused({"BSN": BSN, "HL_loop": [{"LIN": {"LIN02": "VN", "LIN03": "A-1"}}]}, "856")
    assert error.where["places"] == ["HL_loop[1].HL"]


# What is refused


@pytest.mark.parametrize(
    ("tree", "place", "says"),
    [
        ({"BEGG": {"BEG01": "00"}}, "BEGG", "has no place in the set; did you mean 'BEG'?"),
        ({"PO1_loop": [LINE | {"SDQ2": []}]}, "PO1_loop[1].SDQ2", "has no place in the loop PO1_loop"),
        ({"REF": [{"REF01": "DP", "REF02": "1", "REF05": "X"}]}, "REF[1].REF05", "is no element of REF"),
        ({"REF": ["DP"]}, "REF[1]", "must be a dict of what it holds, not 'DP'"),
        ({"CUR": [{"CUR01": "BY", "CUR02": "USD"}] * 2}, "CUR", "may occur once, not 2 times"),
        ({"BEG": None}, "BEG", "is missing though it is mandatory"),
        ({"PO1_loop": []}, "PO1_loop", "is missing though it is mandatory"),
        ({"BEG": BEG | {"BEG03": None}}, "BEG.BEG03", "(element 324) is missing though it is mandatory"),
        ({"BEG": BEG | {"BEG03": "X" * 23}}, "BEG.BEG03", "(element 324) takes at most 22 characters, not 23"),
        ({"BEG": BEG | {"BEG05": "2026-11-27"}}, "BEG.BEG05", "takes at most 8 characters"),
        ({"BEG": BEG | {"BEG05": "20261327"}}, "BEG.BEG05", "takes a date as CCYYMMDD"),
        ({"BEG": BEG | {"BEG03": "A\nB"}}, "BEG.BEG03", "holds a control character"),
        ({"BEG": BEG | {"BEG03": True}}, "BEG.BEG03", "takes text or a number, not True"),
        ({"BEG": BEG | {"BEG03": 1.5}}, "BEG.BEG03", "takes text or a number, not 1.5"),
        ({"BEG": BEG | {"BEG03": {"BEG0301": "X"}}}, "BEG.BEG03", "takes text or a number"),
        ({"BEG": BEG | {"BEG03": ["A", "B"]}}, "BEG.BEG03", "may occur once, not 2 times"),
        ({"PO1_loop": [LINE, {"PO1": {"PO102": "MANY"}}]}, "PO1_loop[2].PO1.PO102", "takes a number, not 'MANY'"),
        ({"PO1_loop": [{"PO1": {"PO102": Decimal("NaN")}}]}, "PO1_loop[1].PO1.PO102", "takes a number of at most"),
        ({"PO1_loop": [{"PO1": {"PO102": Decimal("1E+999999")}}]}, "PO1_loop[1].PO1.PO102", "takes a number of at"),
        ({"PO1_loop": [{"PO1": {"PO102": 10**16}}]}, "PO1_loop[1].PO1.PO102", "takes at most 15 digits, not 17"),
        ({"PO1_loop": [{"PO1": {"PO106": "VN"}}]}, "PO1_loop[1].PO1.PO107", "PO106 and PO107 go together"),
        ({"CTT_loop": {"CTT": {"CTT01": Decimal("1.5")}}}, "CTT_loop.CTT.CTT01", "at most 0 decimals, not 1.5"),
        ({"REF": [{"REF01": "DP", "REF02": "1", "REF04": "X"}]}, "REF[1].REF04", "must be a dict of its components"),
        (
            {"REF": [{"REF01": "DP", "REF02": "1", "REF04": {"REF0401": "SI", "REF0402": "1", "REF0403": "ZZ"}}]},
            "REF[1].REF04.REF0404",
            "REF0403 and REF0404 go together",
        ),
        (
            {"REF": [{"REF01": "DP", "REF02": "1", "REF04": {"REF0401": "SI", "REF0402": "1", "REF0499": "ZZ"}}]},
            "REF[1].REF04.REF0499",
            "is no component of REF04",
        ),
    ],
)
def test_what_cannot_be_written_is_named_with_its_place(tree, place, says):
    error = refused({"BEG": BEG, "PO1_loop": [LINE]} | tree)
    assert error.where["places"] == [place]
    assert error.message.startswith("The 850 cannot be written: ")
    assert f"{place} " in error.message
    assert says in error.message


def test_all_faults_are_named_at_once_and_at_most_twenty():
    lines = [{"PO1": {"PO102": 1, "PO103": "EACH"}} for _ in range(25)]
    error = refused({"BEG": {}, "PO1_loop": lines})
    assert len(error.where["places"]) == 20
    assert error.where["places"][:2] == ["BEG", "PO1_loop[1].PO1.PO103"]
    assert error.message.endswith(". And 6 more.")


@pytest.mark.parametrize("tree", [None, [], "BEG"])
def test_what_is_no_tree_is_refused(tree):
    assert "must be a dict of segments and loops" in refused(tree).message


def test_repeated_elements_are_written_as_such():
    tree = {
        "AK1": {"AK101": "PO", "AK102": 1},
        "AK2_loop": [
            {
                "AK2": {"AK201": "850", "AK202": "0001"},
                "IK3_loop": [
                    {
                        "IK3": {"IK301": "PO1", "IK302": 7},
                        "CTX": [{"CTX01": [{"CTX0101": "A"}, {}, {"CTX0101": "B", "CTX0102": "1"}]}],
                    }
                ],
                "IK5": {"IK501": "R"},
            }
        ],
        "AK9": {"AK901": "R", "AK902": 1, "AK903": 1, "AK904": 0},
    }
    written = write_set(tree, "005010", "999")
    assert next(segment for segment in written if segment.id == "CTX").elements == (Repeated((("A",), ("B", "1"))),)


def test_an_unknown_set_is_refused():
    with pytest.raises(UnknownSet):
        write_set({}, "004010", "837")
