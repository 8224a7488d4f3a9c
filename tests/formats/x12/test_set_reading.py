"""Sets are read into trees: loops, lists, HL levels, LS brackets, values by their types."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors.formats.x12.reader import read_set
from connectors.formats.x12.segments import Repeated, Segment
from connectors.formats.x12.sets import UnknownSet, load_set
from tests.formats.x12.set_examples import KNOWN, example, segments


def read(text, transaction="850", version="004010"):
    """The tree of a text that has no faults."""
    reading = read_set(segments(text), version, transaction)
    assert reading.faults == []
    return reading.tree


def test_loops_lists_and_values_have_their_keys():
    assert read("""
        BEG*00*SA*4500012**20261127
        REF*DP*17
        PO1*1*12*EA*9.25**UP*012345678905
        PID*F****BLUE WIDGET
        SAC*A*C310***1250
        PO1*2*3*CA
        CTT*2
    """) == {
        "BEG": {"BEG01": "00", "BEG02": "SA", "BEG03": "4500012", "BEG05": "20261127"},
        "REF": [{"REF01": "DP", "REF02": "17"}],
        "PO1_loop": [
            {
                "PO1": {
                    "PO101": "1",
                    "PO102": Decimal(12),
                    "PO103": "EA",
                    "PO104": Decimal("9.25"),
                    "PO106": "UP",
                    "PO107": "012345678905",
                },
                "PID_loop": [{"PID": {"PID01": "F", "PID05": "BLUE WIDGET"}}],
                "SAC_loop": [{"SAC": {"SAC01": "A", "SAC02": "C310", "SAC05": Decimal("12.50")}}],
            },
            {"PO1": {"PO101": "2", "PO102": Decimal(3), "PO103": "CA"}},
        ],
        "CTT_loop": {"CTT": {"CTT01": 2}},
    }


def test_composites_are_dicts_of_their_components():
    tree = read("BEG*00*SA*1**20261127\nREF*DP*17**SI:A1:ZZ:B2\nPO1**1")
    assert tree["REF"] == [
        {"REF01": "DP", "REF02": "17", "REF04": {"REF0401": "SI", "REF0402": "A1", "REF0403": "ZZ", "REF0404": "B2"}}
    ]
    alone = read("BEG*00*SA*1**20261127\nREF*DP*17**\nMEA***1*EA\nPO1**1")
    assert alone["MEA"] == [{"MEA03": Decimal(1), "MEA04": {"MEA0401": "EA"}}]


def test_repeated_elements_are_lists():
    contexts = Repeated((("SITUATIONAL TRIGGER",), ("CLM05", "3")))
    acknowledged = segments("AK1*PO*1\nAK2*850*0001\nIK3*PO1*7")
    acknowledged += [Segment("CTX", (contexts,), 5, 0), *segments("IK5*R\nAK9*R*1*1*0", 6)]
    reading = read_set(acknowledged, "005010", "999")
    assert reading.faults == []
    (error,) = reading.tree["AK2_loop"][0]["IK3_loop"]
    assert error["CTX"] == [
        {"CTX01": [{"CTX0101": "SITUATIONAL TRIGGER"}, {"CTX0101": "CLM05", "CTX0102": "3"}]},
    ]


def test_levels_are_nested_by_their_parents_whatever_they_are_called():
    tree = read(example("856", "004010"), "856")
    (shipment,) = tree["HL_loop"]
    (order,) = shipment["HL_loop"]
    tare, loose = order["HL_loop"]
    (carton,) = tare["HL_loop"]
    (item,) = carton["HL_loop"]
    assert [level["HL"]["HL03"] for level in (shipment, order, tare, carton, item, loose)] == list("SOTPII")
    assert order["PRF"] == {"PRF01": "4500012"}
    assert item["LIN"]["LIN05"] == "A-1"
    assert loose["LIN"]["LIN03"] == "B-2"
    assert "HL_loop" not in loose


@pytest.mark.parametrize("code", ["S", "22", "ZZ"])
def test_a_level_may_have_any_code_and_skip_others(code):
    tree = read(f"BSN*00*S-1*20261127*1015\nDTM*011*20261127\nHL*A**{code}\nHL*B*A*I\nLIN**VN*A-1", "856")
    assert tree["DTM"] == [{"DTM01": "011", "DTM02": "20261127"}]
    (top,) = tree["HL_loop"]
    assert top["HL_loop"] == [
        {"HL": {"HL01": "B", "HL02": "A", "HL03": "I"}, "LIN": {"LIN02": "VN", "LIN03": "A-1"}},
    ]


def test_several_levels_may_be_on_top():
    tree = read("BSN*00*S-1*20261127*1015\nHL*1**S\nHL*2**S\nHL*3*1*I", "856")
    first, second = tree["HL_loop"]
    assert first["HL_loop"] == [{"HL": {"HL01": "3", "HL02": "1", "HL03": "I"}}]
    assert "HL_loop" not in second


def test_brackets_of_ls_and_le_hold_their_loops():
    tree = read("BEG*00*SA*1**20261127\nPO1**1\nLS*LDT\nLDT*AF*5*DA\nLDT*AE*2*DA\nLE*LDT\nPO1**2")
    first, second = tree["PO1_loop"]
    assert first["LS_loop"]["LS"] == {"LS01": "LDT"}
    assert [loop["LDT"]["LDT01"] for loop in first["LS_loop"]["LDT_loop"]] == ["AF", "AE"]
    assert first["LS_loop"]["LE"] == {"LE01": "LDT"}
    assert second == {"PO1": {"PO102": Decimal(2)}}


def test_of_two_brackets_in_a_row_ls01_says_which():
    tree = read(example("832", "005010"), "832", "005010")
    (price,) = tree["LIN_loop"][0]["CTP_loop"]
    (bracket,) = price["LS_loop"]
    assert bracket["N1_loop"] == [{"N1": {"N101": "ST", "N102": "ACME STORE 17"}}]


def test_two_loops_with_one_trigger_are_one_list():
    tree = read(example("753", "005010"), "753", "005010")
    assert [loop["N1"]["N101"] for loop in tree["N1_loop"]] == ["SF", "ST", "ST"]
    assert "OID_loop" not in tree["N1_loop"][0]


def test_a_loop_that_occurs_once_is_no_list():
    tree = read("BEG*00*SA*1**20261127\nPO1**1\nCTT*1\nAMT*TT*12.5")
    assert tree["CTT_loop"] == {"CTT": {"CTT01": 1}, "AMT": {"AMT01": "TT", "AMT02": Decimal("12.5")}}


def test_the_envelope_of_the_set_may_be_there_and_is_not_in_the_tree():
    body = "BEG*00*SA*1**20261127\nPO1**1"
    assert read(f"ST*850*0001\n{body}\nSE*4*0001") == read(body)


@pytest.mark.parametrize("version", ["004010", "4010", "004010VICS", "004010UCS", " 004010 "])
def test_the_suffix_of_a_version_does_not_matter(version):
    assert load_set("850", version) is load_set("850", "004010")


@pytest.mark.parametrize("version", ["003010", "004030VICS", "40100", "", "../004010", "VICS"])
def test_an_unknown_version_is_named_with_those_that_are_known(version):
    with pytest.raises(UnknownSet, match="004010 and 005010 are") as caught:
        load_set("850", version)
    assert caught.value.release is None


@pytest.mark.parametrize("transaction", ["837", "", "maps", "../004010/850", "dataele"])
def test_an_unknown_set_is_named_with_those_that_are_known(transaction):
    with pytest.raises(UnknownSet, match="these are: 180, 204") as caught:
        load_set(transaction, "004010")
    assert caught.value.release == "004010"


@pytest.mark.parametrize(("transaction", "release"), KNOWN)
def test_every_example_is_read_without_a_fault(transaction, release):
    text = example(transaction, release)
    assert segments(text)[0].id in read(text, transaction, release)
