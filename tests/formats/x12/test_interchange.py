"""A set written as an interchange: numbered, counted, addressed, and refused where its data would break it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.formats.x12 import Partner, Party, X12Format
from hub.contract.errors import RejectedMessage
from hub.contract.format import UNNUMBERED, Tree
from hub.contract.registry import find_format
from tests.formats.x12.made import a_group, a_set, an_interchange, an_isa, parts, trees
from tests.formats.x12.set_examples import KNOWN, example

US = Party(qualifier="14", id="CROSSDOCK", group_id="XDOCK")
THEM = Party(id="ACME")
PARTNER = Partner(us=US, them=THEM)
ORDER = {
    "BEG": {"BEG01": "00", "BEG02": "NE", "BEG03": "4500012", "BEG05": "20260709"},
    "PO1_loop": [
        {
            "PO1": {
                "PO101": "1",
                "PO102": Decimal("12"),
                "PO103": "EA",
                "PO104": Decimal("9.25"),
                "PO106": "VN",
                "PO107": "A",
            }
        }
    ],
}


class Counting:
    """Numbers that count by name from `start`."""

    def __init__(self, start: int = 0) -> None:
        self.given: dict[str, list[int]] = {}
        self._start = start

    def next(self, name: str, *, most: int) -> int:
        numbers = self.given.setdefault(name, [])
        numbers.append((self._start + len(numbers)) % most + 1)
        return numbers[-1]


def encoded(partner: Partner = PARTNER, tree=None, type="x12.850", numbers=UNNUMBERED) -> list[str]:
    """The segments that a tree is written as."""
    body = X12Format(partner).encode(ORDER if tree is None else tree, type, numbers).decode(partner.charset)
    end = partner.terminator + partner.line_break
    assert body.endswith(end)
    return body.removesuffix(end).split(end)


def order_with(text: str, **more) -> dict:
    return {**ORDER, "REF": [{"REF01": "DP", "REF02": "17"}, {"REF01": "ZZ", "REF02": text}], **more}


def test_the_registry_finds_the_format():
    assert isinstance(find_format("x12"), X12Format)


def test_a_set_is_written_with_its_envelope():
    before = datetime.now(UTC)
    isa, gs, *rest = encoded(numbers=Counting(41))
    assert len(isa) == 105
    assert isa.split("*")[:9] == [
        "ISA",
        "00",
        " " * 10,
        "00",
        " " * 10,
        "14",
        "CROSSDOCK      ",
        "ZZ",
        "ACME           ",
    ]
    assert isa.split("*")[11:] == ["U", "00401", "000000042", "0", "P", ">"]
    assert gs.split("*")[:4] + gs.split("*")[6:] == ["GS", "PO", "XDOCK", "ACME", "42", "X", "004010"]
    assert rest == [
        "ST*850*0042",
        "BEG*00*NE*4500012**20260709",
        "PO1*1*12*EA*9.25**VN*A",
        "SE*4*0042",
        "GE*1*42",
        "IEA*1*000000042",
    ]
    moment = datetime.strptime("".join(gs.split("*")[4:6]), "%Y%m%d%H%M").replace(tzinfo=UTC)
    assert before - timedelta(minutes=1) <= moment <= datetime.now(UTC)
    assert "".join(isa.split("*")[9:11]) == f"{moment:%y%m%d%H%M}"


def test_numbers_run_by_level_and_begin_again():
    numbers = Counting(9_998)
    written = [encoded(numbers=numbers) for _ in range(3)]
    assert [segments[2] for segments in written] == ["ST*850*9999", "ST*850*0001", "ST*850*0002"]
    assert [segments[0].split("*")[13] for segments in written] == ["000009999", "000010000", "000010001"]
    assert set(numbers.given) == {"isa", "gs", "st"}


def test_a_set_that_cannot_be_written_takes_no_number():
    numbers = Counting()
    with pytest.raises(RejectedMessage):
        encoded(tree={**ORDER, "BEG": {}}, numbers=numbers)
    assert numbers.given == {}


def test_what_is_written_reads_back():
    (tree, reply) = parts(X12Format(PARTNER).encode(ORDER, "x12.850"))
    assert {**tree.data, "envelope": None} == {**ORDER, "envelope": None}
    assert reply.data["AK9"]["AK901"] == "A"


@pytest.mark.parametrize(
    "options",
    [
        {"element_separator": "|", "component_separator": ":", "terminator": "\n"},
        {"terminator": "\x1c", "line_break": "\r\n", "element_separator": "\x1d"},
        {"version": "005010", "repetition_separator": "!", "line_break": "\n"},
        {"version": "004010VICS", "interchange_version": "00400", "usage": "T", "request_ack": True},
    ],
)
def test_settings_say_how_it_is_written(options):
    partner = Partner(us=US, them=THEM, **options)
    body = X12Format(partner).encode(ORDER, "x12.850")
    (tree, *_) = parts(body)
    about = tree.data["envelope"]
    assert {**tree.data, "envelope": None} == {**ORDER, "envelope": None}
    assert (about["version"], about["usage"]) == (partner.version, partner.usage)
    isa = body.decode().split(partner.element_separator)
    expected = partner.interchange_version or partner.version[:5]
    repetition = "!" if "repetition_separator" in options else "U"
    assert (isa[11], isa[12], isa[14]) == (repetition, expected, "1" if partner.request_ack else "0")


GROUPS = """
    180 AN, 204 SM, 210 IM, 214 QM, 753 RF, 754 RG, 810 IN, 820 RA, 832 SC, 846 IB, 850 PO, 852 PD, 855 PR, 856 SH,
    860 PC, 865 CA, 940 OW, 943 AR, 944 RE, 945 SW, 990 GF, 997 FA, 999 FA
"""
GROUP_OF = dict(pair.split() for pair in GROUPS.split(","))


@pytest.mark.parametrize(("transaction", "release"), KNOWN)
def test_each_set_that_is_known_goes_in_its_group_and_reads_back(transaction, release):
    body = example(transaction, release).replace(":", ">").splitlines()
    group = a_group(a_set(transaction, body=body), code=GROUP_OF[transaction], version=release)
    isa = an_isa(version=release[:5], standards="^")
    (tree,) = trees(parts(an_interchange(group, isa=isa)))
    partner = Partner(us=US, them=THEM, version=release)
    data = {name: value for name, value in tree.data.items() if name != "envelope"}
    file = X12Format(partner).encode(data, f"x12.{transaction}")
    (back,) = trees(parts(file))
    assert b"~GS*" + GROUP_OF[transaction].encode() + b"*" in file
    assert {**back.data, "envelope": None} == {**tree.data, "envelope": None}


@pytest.mark.parametrize("text", ["A*B", "A~B", "A>B", "A\nB", "A\x00B"])
def test_data_that_would_break_the_interchange_is_refused_with_its_place(text):
    with pytest.raises(
        RejectedMessage, match=r"REF\[2\]\.REF02: .* holds .* a delimiter or control character"
    ) as refused:
        encoded(tree=order_with(text))
    assert refused.value.where["places"] == ["REF[2].REF02"]
    replaced = encoded(Partner(us=US, them=THEM, delimiter_in_data="replace"), order_with(text))
    assert "REF*ZZ*A B" in replaced


def test_a_repetition_separator_is_one_only_where_there_are_repetitions():
    assert "REF*ZZ*A^B" in encoded(tree=order_with("A^B"))
    with pytest.raises(RejectedMessage, match=r"REF\[2\]\.REF02"):
        encoded(Partner(us=US, them=THEM, version="005010"), order_with("A^B"))


def test_text_outside_the_character_set_is_refused_with_its_place():
    ascii_only = Partner(us=US, them=THEM, charset="ascii")
    with pytest.raises(RejectedMessage, match=r"REF\[2\]\.REF02: .*character set ascii"):
        encoded(ascii_only, order_with("M\u00fcller"))
    with pytest.raises(RejectedMessage, match="character set utf-8"):
        encoded(tree=order_with("half \ud800"))
    latin = Partner(us=US, them=THEM, charset="iso-8859-1")
    assert "REF*ZZ*M\u00fcller" in encoded(latin, order_with("M\u00fcller"))


def test_what_is_missing_in_the_address_is_named():
    with pytest.raises(RejectedMessage, match="no sender qualifier: set `us` in"):
        encoded(Partner(them=THEM))
    with pytest.raises(RejectedMessage, match="no receiver qualifier: set `them` in"):
        encoded(Partner(us=US))


def test_what_the_trees_envelope_names_goes_before_the_settings():
    isa, gs, *_ = encoded(tree={**ORDER, "envelope": {"receiver": "BETA", "application_receiver": "B1", "usage": "T"}})
    assert isa.split("*")[7:9] == ["ZZ", "BETA           "]
    assert isa.split("*")[15] == "T"
    assert gs.split("*")[2:4] == ["XDOCK", "B1"]


@pytest.mark.parametrize(
    "envelope",
    [{"receiver": "A*B"}, {"receiver": "x" * 16}, {"receiver": "\u00fc"}, {"version": "4.1"}, {"usage": "PP"}],
)
def test_an_address_that_cannot_be_written_is_refused(envelope):
    with pytest.raises(RejectedMessage, match="cannot stand in an interchange's envelope"):
        encoded(tree={**ORDER, "envelope": envelope})


@pytest.mark.parametrize("type", ["x12.851", "x12.", "850", "json", "x12.TA1"])
def test_a_type_that_is_no_set_is_refused(type):
    with pytest.raises(RejectedMessage, match="is no X12 set that can be written"):
        encoded(type=type)


@pytest.mark.parametrize("tree", [None, [], "ISA", {"TA1": {"TA101": 1}}])
def test_a_tree_that_is_no_set_is_refused(tree):
    for name in ("x12.850", "x12.ta1"):
        with pytest.raises(RejectedMessage):
            X12Format(PARTNER).encode(tree, name)


def test_a_version_without_a_map_is_refused():
    with pytest.raises(RejectedMessage, match="004030"):
        encoded(Partner(us=US, them=THEM, version="004030"))


@pytest.mark.parametrize(
    "options",
    [
        {"terminator": "*"},
        {"terminator": "A"},
        {"terminator": " "},
        {"element_separator": "-"},
        {"component_separator": "."},
        {"terminator": "~~"},
        {"terminator": "\u00a6"},
        {"terminator": "\n", "line_break": "\n"},
        {"version": "4010"},
        {"charset": "utf-16"},
        {"us": {"id": "x" * 16}},
        {"partner": "ACME"},
    ],
)
def test_settings_that_cannot_work_are_refused(options):
    with pytest.raises(ValidationError):
        Partner.model_validate(options)


CHARACTERS = st.characters(
    min_codepoint=0x20, max_codepoint=0x2FF, exclude_characters="*>~^", exclude_categories=("Cc",)
)
WORD = st.text(CHARACTERS, min_size=1, max_size=30).filter(lambda text: text.strip() == text)


@given(st.lists(st.tuples(st.sampled_from(["DP", "ZZ", "IA"]), WORD), min_size=1, max_size=8), st.booleans())
def test_any_text_that_is_written_reads_back(references, later):
    tree = {**ORDER, "REF": [{"REF01": kind, "REF02": text} for kind, text in references]}
    partner = Partner(us=US, them=THEM, version="005010" if later else "004010")
    (back,) = trees(parts(X12Format(partner).encode(tree, "x12.850")))
    assert isinstance(back, Tree)
    assert {**back.data, "envelope": None} == {**tree, "envelope": None}
