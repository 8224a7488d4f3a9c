"""Interchanges written by hand, for tests: each part takes what a test wants to be wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from connectors.formats.x12 import Partner, X12Format
from hub.contract.format import Reject, Reply, Tree

PURCHASE_ORDER = ("BEG*00*NE*4500012**20260709", "PO1*1*12*EA*9.25**VN*AC-1", "CTT*1")
ADVICE = ("BSN*00*SHIP1*20260709*1200", "HL*1**S", "TD1*CTN25*1", "CTT*1")


def a_set(
    transaction: str = "850",
    number: str = "0001",
    body: Iterable[str] = PURCHASE_ORDER,
    se: str | None = "",
) -> list[str]:
    """The segments of a set; `se` is another SE than the right one, None for none."""
    lines = [f"ST*{transaction}*{number}", *body]
    if se is not None:
        lines.append(se or f"SE*{len(lines) + 1}*{number}")
    return lines


def a_group(
    *sets: list[str], code: str = "PO", number: str = "7", version: str = "004010", ge: str | None = ""
) -> list[str]:
    """The segments of a group; `ge` is another GE than the right one, None for none."""
    lines = [f"GS*{code}*ACME*CROSSDOCK*20260709*1200*{number}*X*{version}"]
    lines += [line for each in sets for line in each]
    return lines if ge is None else [*lines, ge or f"GE*{len(sets)}*{number}"]


def an_isa(
    number: str = "000000905",
    version: str = "00401",
    standards: str = "U",
    ack: str = "0",
    sender: str = "ACME",
    receiver: str = "CROSSDOCK",
) -> str:
    """An ISA of 105 characters, its terminator not counted."""
    ids = f"ZZ*{sender:<15}*14*{receiver:<15}"
    return f"ISA*00*          *00*          *{ids}*260709*1200*{standards}*{version}*{number}*{ack}*T*>"


def lines(*groups: list[str], isa: str | None = None, iea: str | None = "") -> list[str]:
    """The segments of an interchange; `iea` is another IEA than the right one, None for none."""
    header = isa or an_isa()
    inner = [line for group in groups for line in group]
    number = header.split("*")[13]
    return [header, *inner] if iea is None else [header, *inner, iea or f"IEA*{len(groups)}*{number}"]


def written(segments: Iterable[str], terminator: str = "~", after: str = "") -> bytes:
    """The bytes of segments."""
    return "".join(segment + terminator + after for segment in segments).encode()


def an_interchange(*groups: list[str], isa: str | None = None, iea: str | None = "") -> bytes:
    """The bytes of an interchange; without groups it has one with one purchase order."""
    return written(lines(*(groups or (a_group(a_set()),)), isa=isa, iea=iea))


def parts(body: bytes, partner: Partner | None = None, size: int = 0) -> list[Tree | Reject | Reply]:
    """What a file is read as, in chunks of `size` bytes (0: as one)."""
    chunks = [body[start : start + size] for start in range(0, len(body), size)] if size else [body]
    return list(X12Format(partner).decode(chunks))


def trees(found: Iterable[Tree | Reject | Reply]) -> list[Tree]:
    """The accepted sets."""
    return [part for part in found if isinstance(part, Tree)]


def rejects(found: Iterable[Tree | Reject | Reply]) -> list[Reject]:
    """What is refused."""
    return [part for part in found if isinstance(part, Reject)]


def replies(found: Iterable[Tree | Reject | Reply], type: str = "x12.997") -> list[Reply]:
    """What the sender is told."""
    return [part for part in found if isinstance(part, Reply) and part.type == type]


def acknowledged(found: Iterable[Tree | Reject | Reply]) -> list[str]:
    """The 997s in short: per group AK9's elements, and per set AK5's (`R*1*1*0: R*4`)."""
    return [_short(reply) for reply in replies(found)]


def edi_files(samples: Path) -> dict[str, bytes]:
    """The recorded X12 files by name."""
    return {path.name: path.read_bytes() for path in sorted((samples / "edi" / "x12").glob("*.edi"))}


def _short(reply: Reply) -> str:
    sets = ["*".join(response["AK5"].values()) for response in reply.data.get("AK2_loop", [])]
    group = "*".join(str(value) for value in reply.data["AK9"].values())
    return f"{group}: {', '.join(sets)}"
