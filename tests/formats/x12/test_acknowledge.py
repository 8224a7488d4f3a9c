"""What a sender is told: a 997 for each group with true counts, a TA1 for an interchange, and when neither."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.formats.x12 import Partner, X12Format, acknowledge
from hub.contract.format import Tree
from tests.formats.x12.made import (
    a_group,
    a_set,
    acknowledged,
    an_interchange,
    an_isa,
    lines,
    parts,
    replies,
    trees,
    written,
)

ACK = ("AK1*PO*7", "AK2*850*0001", "AK5*A", "AK9*A*1*1*1")
BROKEN = ("BEG*00*NE*4500012**20261399", "ZZZ*1", "PO1*1*x*EA*9.25**VN", "CTT*1")


def answer(reply) -> str:
    """The segments of the interchange that an answer is written as, without its dates."""
    segments = X12Format().encode(reply.data, reply.type).decode().split("~")[:-1]
    return "~".join(segments[1:])


def test_a_997_answers_set_by_set_with_true_counts():
    sets = [a_set(), a_set(number="0002", body=BROKEN), a_set(number="0003", se="SE*9*0003")]
    found = parts(an_interchange(a_group(*sets)))
    (reply,) = replies(found)
    assert {**reply.data, "envelope": None} == {
        "envelope": None,
        "AK1": {"AK101": "PO", "AK102": 7},
        "AK2_loop": [
            {"AK2": {"AK201": "850", "AK202": "0001"}, "AK5": {"AK501": "A"}},
            {
                "AK2": {"AK201": "850", "AK202": "0002"},
                "AK3_loop": [
                    {
                        "AK3": {"AK301": "BEG", "AK302": 2, "AK304": "8"},
                        "AK4": [{"AK401": {"AK40101": 5}, "AK402": 373, "AK403": "8", "AK404": "20261399"}],
                    },
                    {"AK3": {"AK301": "ZZZ", "AK302": 3, "AK304": "1"}},
                    {
                        "AK3": {"AK301": "PO1", "AK302": 4, "AK303": "PO1", "AK304": "8"},
                        "AK4": [
                            {"AK401": {"AK40101": 2}, "AK402": 330, "AK403": "6", "AK404": "x"},
                            {"AK401": {"AK40101": 7}, "AK402": 234, "AK403": "2"},
                        ],
                    },
                ],
                "AK5": {"AK501": "R", "AK502": "5"},
            },
            {"AK2": {"AK201": "850", "AK202": "0003"}, "AK5": {"AK501": "R", "AK502": "4"}},
        ],
        "AK9": {"AK901": "P", "AK902": 3, "AK903": 3, "AK904": 1},
    }


def test_a_997_is_written_in_the_senders_version_and_to_the_senders_ids():
    group = a_group(a_set(), version="004010VICS")
    (reply,) = replies(parts(an_interchange(group, isa=an_isa(version="00400"))))
    isa, gs, st, *body = X12Format().encode(reply.data, reply.type).decode().split("~")[:-1]
    assert isa[:70] == "ISA*00*          *00*          *14*CROSSDOCK      *ZZ*ACME           *"
    assert isa[82:] == "U*00400*000000001*0*T*>"
    assert gs.split("*")[:4] + gs.split("*")[6:] == ["GS", "FA", "CROSSDOCK", "ACME", "1", "X", "004010VICS"]
    assert [st, *body] == [
        "ST*997*0001",
        "AK1*PO*7",
        "AK2*850*0001",
        "AK5*A",
        "AK9*A*1*1*1",
        "SE*6*0001",
        "GE*1*1",
        "IEA*1*000000001",
    ]


@pytest.mark.parametrize("version", ["003010", "004010", "004030", "004060", "005010", "005030", "006010"])
def test_any_version_can_be_answered_and_its_answers_be_read(version):
    isa = an_isa(version=version[:5], standards="^")
    (reply,) = replies(parts(an_interchange(a_group(a_set(), version=version), isa=isa)))
    (back,) = parts(X12Format().encode(reply.data, reply.type))
    assert isinstance(back, Tree)
    assert back.type == "x12.997"
    assert back.data["envelope"]["version"] == version
    assert {**back.data, "envelope": None} == {**reply.data, "envelope": None}


def test_every_group_gets_its_own_997():
    sets = [a_set(number=f"{number:04d}") for number in range(1, 4)]
    groups = [a_group(sets[0], number="1"), a_group(*sets[1:], number="2")]
    found = parts(an_interchange(*groups))
    assert [reply.data["AK1"]["AK102"] for reply in replies(found)] == [1, 2]
    assert acknowledged(found) == ["A*1*1*1: A", "A*2*2*2: A, A"]


def test_an_acknowledgement_is_never_acknowledged():
    group = a_group(a_set("997", body=ACK), code="FA")
    (tree,) = parts(an_interchange(group, isa=an_isa(ack="1")))
    assert tree.type == "x12.997"
    assert tree.data["AK2_loop"][0]["AK5"] == {"AK501": "A"}
    (reject,) = parts(an_interchange(group, iea="IEA*4*000000905"))
    assert "IEA01" in reject.message
    (reject,) = parts(an_interchange(a_group(a_set("997", body=ACK[:1]), code="FA")))
    assert "AK9" in reject.message


def test_beside_acknowledgements_other_groups_are_acknowledged():
    found = parts(an_interchange(a_group(a_set("997", body=ACK), code="FA"), a_group(a_set(), number="8")))
    assert [tree.type for tree in trees(found)] == ["x12.997", "x12.850"]
    assert [reply.data["AK1"] for reply in replies(found)] == [{"AK101": "PO", "AK102": 8}]


def test_a_partner_who_wants_no_acknowledgement_gets_none():
    partner = Partner(acknowledge=False)
    assert len(parts(an_interchange(isa=an_isa(ack="1")), partner)) == 1
    assert len(parts(an_interchange(iea="IEA*1*1"), partner)) == 1


def test_a_ta1_is_sent_where_one_is_asked_for():
    found = parts(an_interchange(isa=an_isa(ack="1")))
    assert [part.type for part in found] == ["x12.850", "x12.ta1", "x12.997"]
    assert answer(found[1]) == "TA1*000000905*260709*1200*A*000~IEA*0*000000001"
    assert found[1].about == "000000905"


def test_a_ta1_that_comes_is_a_tree_of_its_own():
    isa, *rest = lines(a_group(a_set()))
    found = parts(written([isa, "TA1*000000017*260709*1200*R*001", *rest]))
    assert [part.type for part in found] == ["x12.ta1", "x12.850", "x12.997"]
    assert found[0].data["TA1"] == {"TA101": 17, "TA102": "260709", "TA103": "1200", "TA104": "R", "TA105": "001"}
    assert found[0].data["envelope"]["sender"] == "ACME"


def test_a_ta1_alone_makes_no_receipt_of_refused_sets():
    isa, *rest = lines(a_group(a_set(body=BROKEN)))
    found = parts(written([isa, "TA1*000000017*260709*1200*A*000", *rest]))
    assert [type(part).__name__ for part in found] == ["Tree", "Reject", "Reply"]
    assert {part.envelope for part in found} == {None}
    (tree,) = parts(written([isa, "TA1*000000017*260709*1200*A*000", "IEA*0*000000905"]))
    assert tree.envelope is not None


def test_a_ta1_before_anything_else_is_not_answered():
    found = parts(written([an_isa(ack="1"), "TA1*000000017*260709*1200*A*000", "IEA*0*000000905"]))
    assert [(type(part).__name__, part.type) for part in found] == [("Tree", "x12.ta1")]
    (reject,) = parts(written([an_isa(), "TA1*000000017*260709*1200*A*000", "IEA*1*000000905"]))
    assert "IEA01" in reject.message


def test_a_997_says_no_more_than_it_can(monkeypatch):
    monkeypatch.setattr(acknowledge, "MOST_REPORTED", 50)
    wrong = [f"PO1*1*{'9' * 150}*EA*9.25**VN*{number}" for number in range(25)]
    sets = [a_set(number=f"000{n}", body=["BEG*00*NE*4500012**20260709", *wrong]) for n in (1, 2, 3)]
    found = parts(an_interchange(a_group(*sets)))
    (reply,) = replies(found)
    assert [len(response.get("AK3_loop", ())) for response in reply.data["AK2_loop"]] == [25, 25, 0]
    assert acknowledged(found) == ["R*3*3*0: R*5, R*5, R*5"]
    first = reply.data["AK2_loop"][0]["AK3_loop"][0]
    assert first["AK4"] == [{"AK401": {"AK40101": 2}, "AK402": 330, "AK403": "5", "AK404": "9" * 99}]
    X12Format().encode(reply.data, reply.type)


TEXT = st.text(st.characters(min_codepoint=1, max_codepoint=0x2FF, exclude_characters="~"), max_size=12)
LINE = st.tuples(st.sampled_from(["BEG", "PO1", "ZZZ", "N", "TOOLONG", "", "HL"]) | TEXT, st.lists(TEXT, max_size=9))


@given(TEXT, TEXT, TEXT, st.lists(LINE, max_size=6))
def test_whatever_came_its_answer_can_be_written_and_read(set_number, group_code, version, body):
    """For the 997 of a group nothing may be too odd to be told of."""
    taken = [line for line in ("*".join([name, *elements]) for name, elements in body) if _harmless(line)]
    clean_number, clean_code = set_number.replace("*", ""), group_code.replace("*", "")
    group = [
        f"GS*{clean_code}*ACME*CROSSDOCK*20260709*1200*7*X*{version.replace('*', '')}",
        *a_set(number=clean_number, body=taken),
        "GE*1*7",
    ]
    for reply in replies(parts(written([an_isa(), *group, "IEA*1*000000905"]))):
        (back,) = parts(X12Format().encode(reply.data, reply.type))
        assert isinstance(back, Tree), back
        assert back.data["AK9"] == reply.data["AK9"]


def _harmless(line: str) -> bool:
    """Whether a segment is none of the envelope's."""
    return line.strip("\r\n").split("*")[0] not in {"", "ISA", "GS", "ST", "SE", "GE", "IEA", "TA1"}
