"""Files that are broken, huge or meant to do harm: read in flat memory, or refused with a place."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.formats.x12 import X12Format, spool
from hub.contract.errors import DecodeError
from hub.contract.format import Reject, Tree
from tests.formats.x12.made import (
    a_group,
    a_set,
    acknowledged,
    an_interchange,
    an_isa,
    lines,
    parts,
    rejects,
    replies,
    written,
)

MIB = 1024 * 1024


def test_a_million_terminators_are_nothing():
    body = an_interchange()
    assert parts(body.replace(b"GS*", b"~" * 1_000_000 + b"GS*")) == parts(body)
    assert parts(body + b"~" * 1_000_000, size=65_536) == parts(body)
    with pytest.raises(DecodeError, match="not X12"):
        parts(b"~" * 1_000_000)


def test_a_segment_without_an_end_is_refused_once_it_is_too_large():
    def endless() -> Iterator[bytes]:
        yield an_isa().encode() + b"~MSG*"
        while True:
            yield b"x" * MIB

    with pytest.raises(DecodeError, match="byte 106 does not end within 32 MiB: no terminator '~' follows"):
        list(X12Format().decode(endless()))


def test_a_set_that_is_too_large_is_refused_alone():
    huge = a_set(number="0002", body=["BEG*00*NE*1**20260709", *["MSG*" + "x" * MIB] * 33])
    found = parts(an_interchange(a_group(a_set(), huge, a_set(number="0003"))))
    (reject,) = rejects(found)
    assert reject.message == "Set 0002 (850, 1) is refused: it is over 32 MiB."
    assert acknowledged(found) == ["P*3*3*2: A, R*5, A"]


@pytest.mark.parametrize("length", [1, 2, 3, 4, 8, 20, 70, 100, 104, 105])
def test_an_isa_that_is_cut_short_is_refused(length):
    with pytest.raises(DecodeError, match="ISA") as refused:
        parts(written([an_isa()])[:length])
    assert refused.value.position == "byte 0"


@pytest.mark.parametrize(
    "isa",
    [
        an_isa()[:-1] + "*",
        an_isa()[:-1] + "A",
        an_isa()[:-1] + "~",
        an_isa().replace("*T*>", "*T"),
        an_isa().replace("*", " "),
        an_isa()[:-1] + "\u00a6",
        an_isa(version="00501", standards="~"),
        an_isa(version="00501", standards=">"),
    ],
)
def test_delimiters_that_cannot_be_told_apart_are_refused(isa):
    with pytest.raises(DecodeError, match=r"The interchange header \(ISA\) at byte 0 cannot be read"):
        parts(written([isa, *lines(a_group(a_set()))[1:]]))


def test_an_isa_in_an_interchange_ends_it():
    segments = lines(a_group(a_set()))
    for cut in range(1, len(segments)):
        first, second, *rest = parts(written([*segments[:cut], *segments]))
        assert isinstance(first, Reject)
        assert "its trailer (IEA) is missing" in first.message
        assert second.type == "x12.ta1"
        assert rest == parts(written(segments))


def test_many_interchanges_that_do_not_end():
    found = parts(written([an_isa()] * 3_000))
    assert len(rejects(found)) == len(replies(found, "x12.ta1")) == 3_000


def test_faults_without_number_are_named_up_to_twenty():
    (reject, reply) = parts(written([an_isa(), *["ZZZ*1"] * 50_000, "IEA*0*000000905"]))
    assert reject.message.count("stands outside any set") == 20
    assert reply.data["TA1"]["TA105"] == "022"


def test_groups_without_number_are_not_kept():
    group = ["GS*PO*A*B*20260709*1200*7*X*004010", "GE*0*7"]
    (reject, _) = parts(written([an_isa(), *group * 100_010, "IEA*99999*000000905"]))
    assert "it has more than 99999 groups" in reject.message


def test_an_identifier_may_be_anything_but_the_envelopes():
    odd = ["", "A", "TOOLONG", "\u00fc", "\x01", " ", "ISABEL*1", "ISA1*1"]
    found = parts(an_interchange(a_group(a_set(body=["BEG*00*NE*1**20260709", *odd, "PO1*1*1*EA"], se="SE*11*0001"))))
    (reject,) = rejects(found)
    assert "ISABEL" in reject.message


@pytest.mark.parametrize("depth", [3, 5_000])
def test_a_hierarchy_may_be_deep(depth):
    levels = ["HL*1**S", *(f"HL*{number}*{number - 1}*I" for number in range(2, depth))]
    found = parts(an_interchange(a_group(a_set("856", body=["BSN*00*S*20260709*1200", *levels]), code="SH")))
    assert len(found) == 2


@given(st.binary(max_size=400), st.integers(1, 50))
def test_binary_junk_is_refused_and_never_breaks(junk, size):
    for body in (junk, an_isa().encode() + junk, written(lines(a_group(a_set()))[:4]) + junk):
        assert rejects(_parts_or_reject(body, size))


@given(st.data())
def test_any_damage_is_noticed(data):
    """A file from which segments are missing never passes as whole."""
    body = an_interchange(a_group(a_set(), a_set(number="0002")))
    start = data.draw(st.integers(0, len(body) - 2))
    end = data.draw(st.integers(start + 1, len(body) - 1))
    assert rejects(_parts_or_reject(body[:start] + body[end:])) or b"~" not in body[start:end]


def _parts_or_reject(body: bytes, size: int = 0) -> list:
    """The parts of a file; where it cannot be read at all, a Reject that says so."""
    try:
        return parts(body, size=size)
    except DecodeError as refused:
        return [Reject(refused.message, refused.position)]


def a_large_file(sets: int) -> Iterator[bytes]:
    """One interchange of many sets, in chunks that are made as they are asked for."""
    isa, gs, *_ = lines(a_group(a_set()))
    yield written([isa, gs])
    for number in range(1, sets + 1):
        yield written(
            a_set(number=f"{number:09d}", body=["BEG*00*NE*1**20260709", "PO1*1*1*EA", *["MSG*" + "x" * 200] * 30])
        )
    yield written([f"GE*{sets}*7", "IEA*1*000000905"])


def test_a_large_interchange_is_read_in_flat_memory(monkeypatch):
    monkeypatch.setattr(spool, "IN_MEMORY", MIB // 2)
    tracemalloc.start()
    try:
        size = sum(len(chunk) for chunk in a_large_file(600))
        counted = sum(isinstance(part, Tree) for part in X12Format().decode(a_large_file(600)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert counted == 600
    assert peak < 2 * MIB < 3 * MIB < size
