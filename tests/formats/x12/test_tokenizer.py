"""Bytes to segments: whatever the delimiters, the line breaks and the size, every segment that goes in comes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.formats.x12 import X12Format
from connectors.formats.x12.segments import Repeated, Segment
from connectors.formats.x12.tokenizer import SegmentReader, Tokenizer
from hub.contract.errors import DecodeError
from tests.formats.x12.made import a_group, a_set, an_interchange, an_isa, lines, parts, trees, written

SEGMENTS = lines(a_group(a_set(), a_set(number="0002")))


def tokens(body: bytes, size: int = 0, charset: str = "utf-8") -> list[Segment]:
    """All segments of a file after its ISAs, read in chunks of `size` bytes (0: as one)."""
    chunks = [body[start : start + size] for start in range(0, len(body), size)] if size else [body]
    tokenizer = Tokenizer(chunks)
    found = []
    while opening := tokenizer.open():
        reader = SegmentReader(opening.delimiters, charset)
        found += [reader.read(raw, 0) for raw in tokenizer.segments() if raw.data]
    return found


def texts(segments: list[Segment]) -> list[str]:
    return ["*".join((segment.id, *segment.elements)) for segment in segments]  # type: ignore[arg-type]


@pytest.mark.parametrize("terminator", ["~", "\n", "\r\n", "\r", "\x1c", "|", "$", "!"])
@pytest.mark.parametrize("after", ["", "\n", "\r\n", "\n\n"])
def test_any_terminator_with_or_without_line_breaks_after_it(terminator, after):
    assert texts(tokens(written(SEGMENTS, terminator, after))) == SEGMENTS[1:]


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\r\n", b"\n\n \t", b"\xef\xbb\xbf\r\n"])
@pytest.mark.parametrize("behind", [b"", b"\r\n", b"~", b"\n\x1a", b"~~\r\n"])
def test_what_stands_around_an_interchange_does_not_matter(before, behind):
    assert texts(tokens(before + written(SEGMENTS) + behind)) == SEGMENTS[1:]


def test_the_last_terminator_may_be_missing():
    assert texts(tokens(written(SEGMENTS)[:-1])) == SEGMENTS[1:]
    assert texts(tokens(written(SEGMENTS)[:-1] + b"\r\n")) == SEGMENTS[1:]


def test_files_joined_without_a_last_terminator_come_apart_again():
    joined = written(SEGMENTS)[:-1] + b"\n" + written(SEGMENTS)
    assert texts(tokens(joined)) == 2 * SEGMENTS[1:]
    assert len(trees(parts(joined))) == 4


def test_two_terminators_in_a_row_hide_nothing():
    assert texts(tokens(written(SEGMENTS, "~~"))) == SEGMENTS[1:]
    body = written(SEGMENTS).replace(b"CTT*1~", b"CTT*1~~\r\n~")
    assert len(trees(parts(body))) == 2


def test_interchanges_of_one_file_have_their_own_delimiters():
    other = written(SEGMENTS).replace(b"*", b"|").replace(b"~", b"'\n").replace(b">", b":")
    found = tokens(written(SEGMENTS) + other + written(SEGMENTS, "\n"))
    assert texts(found) == 3 * SEGMENTS[1:]


def test_delimiters_of_components_and_repetitions_are_those_of_the_isa():
    isa = an_isa(version="00501", standards="^")
    (segment, *_) = tokens(written([isa, "REF*A>B*C^D>E^*x", "IEA*0*1"]))
    assert segment.elements == (("A", "B"), Repeated(("C", ("D", "E"), "")), "x")


@pytest.mark.parametrize(
    ("version", "standards"), [("00401", "^"), ("00400", "^"), ("00501", "U"), ("00501", "A"), ("00601", " ")]
)
def test_no_repetitions_before_version_00402_or_where_isa11_is_a_letter(version, standards):
    isa = an_isa(version=version, standards=standards)
    (segment, *_) = tokens(written([isa, "REF*C^D*U A", "IEA*0*1"]))
    assert segment.elements == ("C^D", "U A")


def test_a_segment_may_have_any_length():
    long = "MSG*" + "x" * 3_000_000
    isa, *rest = SEGMENTS
    for size in (0, 65_536):
        assert texts(tokens(written([isa, long, *rest]), size)) == [long, *rest]


def test_an_isa_of_another_length_is_read_with_a_warning():
    short = an_isa().replace("          ", "")
    (tree, _) = parts(an_interchange(isa=short))
    assert tree.envelope.key == "ZZ:ACME/14:CROSSDOCK/000000905"
    assert tree.data["envelope"]["warnings"] == [
        "The ISA has 76 characters instead of 106; its elements were counted by separators."
    ]
    (tree, _) = parts(an_interchange())
    assert "warnings" not in tree.data["envelope"]


def test_an_isa_that_is_wrapped_is_read():
    wrapped = an_isa().replace("260709*1200", "260709*12\r\n00")
    (tree, _) = parts(an_interchange(isa=wrapped))
    assert tree.position == "interchange 000000905, group 7, set 0001"


def test_places_are_those_of_the_file():
    body = b"\r\n" + written(SEGMENTS, "~", "\r\n")
    for size in (0, 1, 50):
        for segment, text in zip(tokens(body, size), SEGMENTS[1:], strict=True):
            assert body[segment.offset :].startswith(text.encode())


def test_text_is_read_in_the_character_set():
    body = written(["N1*ST*M\u00fcller"]).decode().encode("latin-1")
    body = written([an_isa()]) + body + written(["IEA*0*1"])
    assert tokens(body, charset="iso-8859-1")[0].text(2) == "M\u00fcller"
    with pytest.raises(UnicodeDecodeError):
        tokens(body)


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        (b"UNB+UNOA:1+A+B'", "EDIFACT"),
        (b"<order/>", "XML"),
        (b'{"order": 1}', "JSON"),
        (b"GS*PO*A*B~", "header is missing"),
        (b"\xc9\xe2\xc1\x5c", "EBCDIC"),
        ("ISA*".encode("utf-16"), "UTF-16"),
        (b"ISABELLA*", "another format"),
        (b"Dear Acme,", "another format"),
    ],
)
def test_what_is_not_x12_is_refused_with_a_hint(body, hint):
    with pytest.raises(DecodeError, match=hint) as refused:
        parts(body)
    assert refused.value.position == "byte 0"


def test_an_empty_file_is_refused():
    for body in (b"", b"\r\n", b"\xef\xbb\xbf"):
        with pytest.raises(DecodeError, match="empty"):
            parts(body)


def test_what_came_before_junk_is_read():
    body = an_interchange()
    found = []
    with pytest.raises(DecodeError, match=r"'HELLO\*WORLD~' was found") as refused:
        found.extend(X12Format().decode([body + b"\nHELLO*WORLD~"]))
    assert refused.value.position == f"byte {len(body) + 1}"
    assert found == parts(body)


ELEMENT = st.text(st.characters(exclude_characters="*>~^\r\n", exclude_categories=("Cs", "Cc")), max_size=12)
NAME = st.sampled_from(["BEG", "N1", "REF", "PO1", "MSG", "ZZZ"])
LINES = st.lists(st.tuples(NAME, st.lists(ELEMENT, max_size=6)).map(lambda line: "*".join([line[0], *line[1]])))


@given(LINES, st.integers(1, 40), st.sampled_from(["", "\n", "\r\n"]), st.booleans())
def test_chunks_may_cut_anywhere(body, size, after, ends):
    segments = [an_isa(version="00501", standards="^"), *body, "IEA*0*000000905"]
    file = written(segments, "~", after)
    file = file if ends else file.rstrip()[:-1]
    assert texts(tokens(file, size)) == segments[1:]
    assert tokens(file, size) == tokens(file)


@given(st.lists(st.tuples(st.sampled_from("~\n|\x1d!"), st.sampled_from("*^+\x1c"), LINES), min_size=1, max_size=4))
def test_as_many_segments_come_out_as_go_in(interchanges):
    file = b""
    count = 0
    for terminator, separator, body in interchanges:
        segments = [an_isa(), *("".join(c for c in line if c not in "~|!+^\x1c\x1d") for line in body), "IEA*0*1"]
        count += len(segments) - 1
        file += "".join(segment.replace("*", separator) + terminator for segment in segments).encode()
    assert len(tokens(file, 17)) == count
