"""The envelope: its counts, numbers and nesting, and what each fault of it does to the sets inside."""

from __future__ import annotations

import hashlib

import pytest

from connectors.formats.x12 import Partner, Party
from connectors.formats.x12.inbound import MOST_HELD
from hub.contract.format import Envelope, Reject, Tree
from tests.formats.x12.made import (
    ADVICE,
    a_group,
    a_set,
    acknowledged,
    an_interchange,
    an_isa,
    lines,
    parts,
    rejects,
    trees,
    written,
)

FAULTY = ("BEG*00*NE*4500012**2026", "PO1*1*12*EA*9.25**VN*AC-1")


def test_an_accepted_set_is_a_tree_that_tells_its_envelope():
    body = an_interchange()
    tree, reply = parts(body)
    assert isinstance(tree, Tree)
    assert (tree.type, tree.position) == ("x12.850", "interchange 000000905, group 7, set 0001")
    assert tree.envelope == Envelope("ZZ:ACME/14:CROSSDOCK/000000905", hashlib.sha256(body).hexdigest())
    assert tree.data["envelope"] == {
        "interchange": "000000905",
        "group": "7",
        "set": "0001",
        "sender": "ACME",
        "sender_qualifier": "ZZ",
        "receiver": "CROSSDOCK",
        "receiver_qualifier": "14",
        "application_sender": "ACME",
        "application_receiver": "CROSSDOCK",
        "version": "004010",
        "usage": "T",
        "date": "20260709",
        "time": "1200",
    }
    assert tree.data["BEG"]["BEG03"] == "4500012"
    assert (reply.about, reply.position, reply.envelope) == (
        "000000905",
        "interchange 000000905, group 7",
        tree.envelope,
    )


def test_sets_come_in_their_order_over_groups_and_interchanges():
    first = an_interchange(a_group(a_set(), a_set(number="0002")), a_group(a_set(), number="8"))
    second = an_interchange(isa=an_isa("000000906"))
    assert [part.position for part in parts(first + second)] == [
        "interchange 000000905, group 7, set 0001",
        "interchange 000000905, group 7, set 0002",
        "interchange 000000905, group 8, set 0001",
        "interchange 000000905, group 7",
        "interchange 000000905, group 8",
        "interchange 000000906, group 7, set 0001",
        "interchange 000000906, group 7",
    ]


def test_the_digest_tells_other_content_and_not_other_line_breaks():
    segments = lines(a_group(a_set()))
    same = [parts(written(segments, "~", after))[0].envelope.digest for after in ("", "\n", "\r\n")]
    (other, _) = parts(written(segments).replace(b"4500012", b"4500013"))
    assert len(set(same)) == 1
    assert other.envelope.key == "ZZ:ACME/14:CROSSDOCK/000000905"
    assert other.envelope.digest not in same


def test_the_key_has_both_sides_and_the_number():
    others = [an_isa(), an_isa("000000906"), an_isa(sender="BETA"), an_isa(receiver="BETA")]
    keys = {parts(an_interchange(isa=isa))[0].envelope.key for isa in others}
    assert len(keys) == 4


def test_without_an_accepted_set_there_is_no_envelope_so_that_a_corrected_one_gets_through():
    refused = parts(an_interchange(a_group(a_set(body=FAULTY))))
    assert [type(part).__name__ for part in refused] == ["Reject", "Reply"]
    assert [part.envelope for part in refused] == [None, None]


def test_one_accepted_set_gives_all_parts_the_envelope():
    found = parts(an_interchange(a_group(a_set(body=FAULTY), a_set(number="0002"))))
    assert [type(part).__name__ for part in found] == ["Reject", "Tree", "Reply"]
    assert {part.envelope.key for part in found} == {"ZZ:ACME/14:CROSSDOCK/000000905"}


def test_one_accepted_set_counts_wherever_it_comes():
    many = [a_set(number=f"{number:04d}", body=FAULTY) for number in range(1, 3 * MOST_HELD)]
    none = parts(an_interchange(a_group(*many)))
    some = parts(an_interchange(a_group(*many, a_set(number="9999"))))
    assert len(rejects(none)) == len(rejects(some)) == len(many)
    assert {part.envelope for part in none} == {None}
    assert len(some) == len(many) + 2
    assert len({part.envelope for part in some} - {None}) == len({part.envelope for part in some}) == 1


@pytest.mark.parametrize(
    ("wrong", "codes", "words"),
    [
        (a_set(number="0002", se="SE*5*0003"), "R*3", "SE02 is '0003' and ST02 is '0002'"),
        (a_set(number="0002", se="SE*6*0002"), "R*4", "SE01 counts '6' segments, 5 came"),
        (a_set(number="0002", se="SE**0002"), "R*4", "SE01 counts '' segments, 5 came"),
        (a_set(number="0002", se="SE*x*9"), "R*3*4", "SE02 is '9' and ST02 is '0002'; SE01 counts 'x'"),
        (a_set(number="0002", se=None), "R*2", "its trailer (SE) is missing"),
        (a_set("855", "0002"), "R*6", "ST01 is '855', which does not belong in a group 'PO'"),
        (a_set("85", "0002"), "R*6", "ST01 is '85', which is no set"),
        (a_set("830", "0002"), "R*1", "X12 set '830' is not known"),
        (a_set(number=""), "R*7", "ST02 is '', which is no control number"),
        (a_set(number="0123456789"), "R*7", "ST02 is '0123456789'"),
        (
            a_set(number="0002", se="SE*7*0002", body=[*FAULTY, "CTT*1"]),
            "R*4*5",
            "SE01 counts '7' segments, 5 came; BEG05",
        ),
    ],
)
def test_a_fault_of_a_set_refuses_that_set(wrong, codes, words):
    found = parts(an_interchange(a_group(a_set(), wrong, a_set(number="0003"))))
    assert [tree.data["envelope"]["set"] for tree in trees(found)] == ["0001", "0003"]
    (reject,) = rejects(found)
    assert words in reject.message
    assert reject.where["codes"] == codes.split("*")[1:]
    assert acknowledged(found) == [f"P*3*3*2: A, {codes}, A"]


def test_a_refusal_says_where_and_names_all_faults_up_to_twenty():
    many = ["BEG*00*NE*4500012**20260709", *(f"PO1*{number}*x*EA*9.25**VN" for number in range(15)), "CTT*15"]
    (reject, _) = parts(an_interchange(a_group(a_set(body=many))))
    assert reject.position == "interchange 000000905, group 7, set 0001"
    assert reject.message.startswith("Set 0001 (850, 4500012) is refused: PO102 ")
    assert reject.message.count("PO102") == 10
    assert reject.message.endswith("; and 10 more.")
    assert reject.where == {
        "interchange": "000000905",
        "sender": "ACME",
        "receiver": "CROSSDOCK",
        "group": "7",
        "set": "0001",
        "transaction": "850",
        "number": "4500012",
        "codes": ["5"],
    }


@pytest.mark.parametrize(
    ("wrong", "answer", "words"),
    [
        (a_group(a_set(), number="8", ge="GE*1*9"), "R*1*1*0*4", "GE02 is '9' and GS06 is '8'"),
        (a_group(a_set(), number="8", ge="GE*2*8"), "R*2*1*0*5", "GE01 counts '2' sets, 1 came"),
        (a_group(a_set(), number="8", ge="GE**8"), "R*1*1*0*5", "GE01 counts '' sets, 1 came"),
        (a_group(a_set(), number="8", ge="GE*2*9"), "R*2*1*0*4*5", "GE02 is '9' and GS06 is '8'; GE01 counts"),
        (a_group(a_set(), number="8", ge=None), "R*1*1*0*3", "its trailer (GE) is missing"),
        (a_group(a_set(), number="x", ge="GE*1*x"), "R*1*1*0*6", "GS06 is 'x'"),
    ],
)
def test_a_fault_of_a_group_refuses_that_group_whole(wrong, answer, words):
    found = parts(an_interchange(a_group(a_set()), wrong, a_group(a_set(), number="9")))
    assert [tree.data["envelope"]["group"] for tree in trees(found)] == ["7", "9"]
    (reject,) = rejects(found)
    assert words in reject.message
    assert "its 1 sets with it" in reject.message
    assert acknowledged(found) == ["A*1*1*1: A", f"{answer}: ", "A*1*1*1: A"]


@pytest.mark.parametrize(
    ("wrong", "answer"),
    [
        (a_group(a_set("830"), code="PS"), "R*1*1*0*1: R*1"),
        (a_group(a_set(), version="004060"), "R*1*1*0*2: R*1"),
        (a_group(a_set(), version=""), "R*1*1*0*2: R*1"),
        (a_group(a_set(), code="XX"), "R*1*1*0*1: R*6"),
    ],
)
def test_kinds_and_versions_that_nobody_knows_are_refused_set_by_set(wrong, answer):
    found = parts(an_interchange(wrong))
    assert trees(found) == []
    assert len(rejects(found)) == 1
    assert acknowledged(found) == [answer]


@pytest.mark.parametrize("version", ["004010", "004010VICS", "4010", "005010"])
def test_versions_are_those_of_the_group(version):
    found = parts(an_interchange(a_group(a_set(), version=version)))
    assert [tree.data["envelope"]["version"] for tree in trees(found)] == [version]


WHOLE = lines(a_group(a_set()))


@pytest.mark.parametrize(
    ("wrong", "code", "words"),
    [
        ([*WHOLE[:-1], "IEA*1*000000906"], "001", "IEA02 is '000000906' and ISA13 is '000000905'"),
        ([*WHOLE[:-1], "IEA*2*000000905"], "021", "IEA01 counts '2' groups, 1 came"),
        (WHOLE[:-1], "023", "its trailer (IEA) is missing"),
        (WHOLE[:5], "023", "its trailer (IEA) is missing"),
        (WHOLE[:1], "023", "its trailer (IEA) is missing"),
        ([*WHOLE[:1], "BEG*00", *WHOLE[1:]], "022", "segment 2, 'BEG' at byte 106, stands outside any set"),
        ([*WHOLE[:2], "BEG*00", *WHOLE[2:]], "022", "'BEG'"),
        ([*WHOLE[:7], "SE*5*0001", *WHOLE[7:]], "022", "'SE'"),
        ([*WHOLE[:-1], "GE*1*7", WHOLE[-1]], "022", "'GE'"),
        ([WHOLE[0], *WHOLE[2:-2], "IEA*0*000000905"], "022", "'ST'"),
        ([an_isa(version="00999"), *WHOLE[1:]], "017", "ISA12 is '00999'"),
        ([an_isa(version="     "), *WHOLE[1:]], "017", "ISA12 is ''"),
        ([an_isa(number="00000090X"), *WHOLE[1:-1], "IEA*1*00000090X"], "018", "ISA13 is '00000090X'"),
    ],
)
def test_a_fault_of_an_interchange_refuses_it_whole_and_is_told_by_a_ta1(wrong, code, words):
    good = an_interchange(isa=an_isa("000000907"))
    (reject, told, *rest) = parts(written(wrong) + good)
    assert isinstance(reject, Reject)
    assert words in reject.message
    assert reject.envelope is None
    assert told.type == "x12.ta1"
    assert (told.data["TA1"]["TA104"], told.data["TA1"]["TA105"]) == ("R", code)
    assert rest == parts(good)


def test_a_refused_interchange_names_the_faults_of_its_groups_too():
    (reject, _) = parts(an_interchange(a_group(a_set(), ge="GE*2*7"), iea="IEA*3*000000905"))
    assert reject.message == (
        "Interchange 000000905 is refused: IEA01 counts '3' groups, 1 came; in group 7, GE01 counts '2' sets, 1 came."
    )


@pytest.mark.parametrize("version", ["00200", "00300", "00400", "00401", "00501", "00801"])
def test_interchange_versions_00200_to_00801_are_read(version):
    assert len(trees(parts(an_interchange(isa=an_isa(version=version))))) == 1


def test_zeros_before_a_control_number_do_not_matter():
    group = a_group(a_set(number="0001", se="SE*5*1"), number="007", ge="GE*1*7")
    assert len(trees(parts(an_interchange(group, iea="IEA*1*905")))) == 1


def test_only_what_goes_between_us_and_the_partner_is_taken():
    us, them = Party(qualifier="14", id="CROSSDOCK"), Party(id="ACME")
    body = an_interchange()
    assert parts(body, Partner(us=us, them=them)) == parts(body)
    for partner, words in (
        (
            Partner(us=Party(id="CROSSDOCK")),
            "it is for 14:CROSSDOCK, while what this connection takes is for ZZ:CROSSDOCK",
        ),
        (
            Partner(us=us, them=Party(id="BETA")),
            "it is from ZZ:ACME, while what this connection takes comes from ZZ:BETA",
        ),
    ):
        (reject,) = parts(body, partner)
        assert isinstance(reject, Reject)
        assert words in reject.message
        assert (reject.position, reject.envelope) == ("interchange 000000905", None)


def test_faults_are_taken_where_the_partner_is_trusted():
    body = an_interchange(a_group(a_set(body=[*FAULTY, "CTT*1"]), a_set(number="0002")))
    found = parts(body, Partner(on_fault="accept"))
    tolerated, fine = trees(found)
    assert tolerated.data["BEG"]["BEG03"] == "4500012"
    assert tolerated.data["envelope"]["faults"][0].startswith("BEG05 ")
    assert "faults" not in fine.data["envelope"]
    assert acknowledged(found) == ["E*2*2*2: E*5, A"]


def test_no_trust_takes_a_set_that_is_not_whole():
    wrong = a_set(number="0002", se="SE*9*0002")
    found = parts(an_interchange(a_group(a_set(), wrong)), Partner(on_fault="accept"))
    assert acknowledged(found) == ["P*2*2*1: A, R*4"]


def test_bytes_that_are_not_in_the_character_set_refuse_their_set():
    named = ("BEG*00*NE*4500012**20260709", "N1*ST*M\u00fcller", "PO1*1*12*EA*9.25**VN*AC-1")
    body = an_interchange(a_group(a_set(body=named), a_set(number="0002"))).decode().encode("latin-1")
    found = parts(body)
    (reject,) = rejects(found)
    offset = body.index(b"N1*")
    assert f"N102 in segment 3, at byte {offset}, is not in the character set utf-8" in reject.message
    assert acknowledged(found) == ["P*2*2*1: R*5, A"]
    assert acknowledged(parts(body, Partner(on_fault="accept"))) == ["P*2*2*1: R*5, A"]
    (first, _) = trees(parts(body, Partner(charset="iso-8859-1")))
    assert first.data["N1_loop"][0]["N1"]["N102"] == "M\u00fcller"


def test_a_tree_may_hold_a_hierarchy():
    (tree, _) = parts(an_interchange(a_group(a_set("856", body=ADVICE), code="SH")))
    assert tree.data["HL_loop"][0]["HL"]["HL03"] == "S"
