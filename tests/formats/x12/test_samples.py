"""Recorded files: what is taken of each, what is refused and why, and what its sender is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.formats.x12.tokenizer import SegmentReader, Tokenizer
from hub.contract.errors import DecodeError
from tests.formats.x12.made import acknowledged, edi_files, parts, rejects, replies, trees

pytestmark = pytest.mark.samples


@dataclass(frozen=True)
class Outcome:
    """Accepted sets by type; the start of what each refusal's position and codes are; 997s and TA1s in short."""

    accepted: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    interchange_answers: tuple[str, ...] = ()


def one(transaction: str) -> Outcome:
    return Outcome((f"x12.{transaction}",), (), ("A*1*1*1: A",))


_214_FAULTY = (3, 4, 9, 10, 11, 12, 13, 14, 18)

OUTCOMES = {
    "204-a.edi": one("204"),
    "210-carrier.edi": Outcome(
        (),
        ("000158669 4*1", "000158670 1", "000158671 1", "000158672 1", "000158673 1"),
        ("R*5*5*0*2: R*4*1, R*1, R*1, R*1, R*1",),
    ),
    "214-carrier.edi": Outcome(
        ("x12.214",) * 10,
        tuple(f"{number:09d} 5" for number in _214_FAULTY),
        ("P*19*19*10: " + ", ".join("R*5" if number in _214_FAULTY else "A" for number in range(1, 20)),),
    ),
    "810-a.edi": Outcome((), ("5639689 5",), ("R*1*1*0: R*5",)),
    "850-a.edi": one("850"),
    "850-b.edi": one("850"),
    "850-c.edi": one("850"),
    "850-composite.edi": one("850"),
    "850-fat.edi": Outcome(("x12.850",) * 2, (), ("A*1*1*1: A",) * 2),
    "850-syntax-note-violation.edi": Outcome((), ("000000010 5",), ("R*1*1*0: R*5",)),
    "855-a.edi": one("855"),
    "855-b.edi": one("855"),
    "855-invalid.edi": Outcome((), ("0001 5",), ("R*1*1*0: R*5",)),
    "856-a.edi": one("856"),
    "856-b.edi": Outcome((), ("0008 1",), ("R*1*1*0*2: R*1",)),
    "856-invalid.edi": Outcome((), ("0000001 4*5",), ("R*1*1*0: R*4*5",)),
    "860-003010-invalid.edi": Outcome((), ("0001 1",), ("R*1*1*0*2: R*1",), ("A*000",)),
    "940-a.edi": one("940"),
    "940-b.edi": one("940"),
    "940-wrong-SE01.edi": Outcome((), ("20066 4*5",), ("R*1*1*0: R*4*5",)),
    "943-a.edi": one("943"),
    "944-a.edi": one("944"),
    "997-a.edi": Outcome(("x12.997",)),
    "control-numbers-mismatch.edi": Outcome((), (" 001",), (), ("R*001",)),
    "multiple-interchanges-and-groups.edi": Outcome(
        ("x12.940",) * 6, (), ("A*2*2*2: A, A", "A*1*1*1: A", "A*2*2*2: A, A", "A*1*1*1: A")
    ),
    "wrong-group-and-set-counts.edi": Outcome((), (" 021",), (), ("R*021",)),
}


def test_every_recorded_file_has_an_expected_outcome(samples: Path):
    assert set(OUTCOMES) == set(edi_files(samples)) - {"not-edi.edi"}


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_recorded_file_has_its_outcome(samples: Path, name: str):
    found = parts(edi_files(samples)[name])
    told = [reply.data["TA1"] for reply in replies(found, "x12.ta1")]
    assert (
        Outcome(
            tuple(tree.type or "" for tree in trees(found)),
            tuple(f"{part.where.get('set', '')} {'*'.join(part.where.get('codes', ()))}" for part in rejects(found)),
            tuple(acknowledged(found)),
            tuple(f"{ta1['TA104']}*{ta1['TA105']}" for ta1 in told),
        )
        == OUTCOMES[name]
    )


@pytest.mark.parametrize("name", OUTCOMES)
def test_chunks_may_cut_a_recorded_file_anywhere(samples: Path, name: str):
    body = edi_files(samples)[name]
    assert parts(body, size=7) == parts(body)


@pytest.mark.parametrize("name", OUTCOMES)
def test_every_segment_of_a_recorded_file_is_read(samples: Path, name: str):
    body = edi_files(samples)[name]
    tokenizer = Tokenizer([body])
    came, read = body, 0
    while opening := tokenizer.open():
        reader = SegmentReader(opening.delimiters, "utf-8")
        found = [reader.read(raw, 0) for raw in tokenizer.segments() if raw.data]
        assert found[-1].id == "IEA"
        read += len(found) + 1
        terminator = opening.delimiters.terminator
        came = came.replace(opening.raw.verbatim, b"ISA" + terminator)  # one of them has a line break in it
    assert read == sum(bool(piece.strip()) for piece in came.split(terminator))


def test_a_recorded_file_that_is_not_x12_is_refused(samples: Path):
    with pytest.raises(DecodeError, match="This is not X12: at byte 0"):
        parts(edi_files(samples)["not-edi.edi"])
