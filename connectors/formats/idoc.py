"""SAP IDocs as SAP's XML ports write them.

The root is the basic type; it holds one or more IDocs, each a control record and segments:

    <ORDERS05>
      <IDOC BEGIN="1">
        <EDI_DC40 SEGMENT="1"><DOCNUM>…</DOCNUM> <MESTYP>ORDRSP</MESTYP> …</EDI_DC40>
        <E1EDK01 SEGMENT="1"><CURCY>EUR</CURCY> …</E1EDK01>
        <E1EDP01 SEGMENT="1"><POSEX>000010</POSEX> … <E1EDP19 SEGMENT="1">…</E1EDP19></E1EDP01>

Each IDoc is one tree, of type `idoc.` and its message type in lower case (`idoc.ordrsp`), at
position "IDOC 1", "IDOC 2" …: a dict of its segments, control record included. A segment is a
dict of its fields (str, None where empty) and the segments below it; a repeated segment is a
list. A file is read IDoc by IDoc, each of at most `MAX_DOCUMENT` bytes, so that its size does not
matter.

Written are message types of ORDERS05 (ORDERS, ORDCHG, ORDRSP), one IDoc a file: the control
record first, everything else in the order of the tree; fields that are None are left out. Names,
nesting and lengths are held against the declared segments, since SAP would drop or cut what does
not fit; extension segments (Z…) are written as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from lxml import etree

from connectors.formats._orders05 import CONTROL, SEGMENTS
from connectors.formats._stream import MAX_DOCUMENT, too_large
from connectors.formats.xml import XmlFormat, add, local_name, refuse_definitions, to_text, unreadable
from hub.contract.errors import DecodeError, RejectedMessage
from hub.contract.format import UNNUMBERED, Format, Numbers, Reject, Tree
from hub.contract.registry import nearest

BASIC_TYPE = "ORDERS05"
"""The basic type that can be written."""

_IDOC = "IDOC"
_XML = XmlFormat()


class IdocFormat(Format):
    """SAP IDoc XML: many IDocs to trees, one tree to an IDoc."""

    name: ClassVar[str] = "idoc"
    content_type: ClassVar[str] = "application/xml"
    suffix: ClassVar[str] = ".xml"

    def decode(self, stream: Iterable[bytes]) -> Iterator[Tree | Reject]:
        """Yield a Tree for each IDoc, or a Reject for one without a message type."""
        number = 0
        for number, element in enumerate(_idocs(stream), start=1):
            yield _read(element, f"IDOC {number}")
        if number == 0:
            raise DecodeError("This XML file holds no IDOC element; it is not a file of IDocs.", position="1:1")

    def encode(self, tree: Any, type: str, numbers: Numbers = UNNUMBERED) -> bytes:
        """The file of one IDoc; RejectedMessage naming segment, field and value that do not fit."""
        control = _control(tree, type)
        idoc: dict[str, Any] = {"@BEGIN": "1", CONTROL: _segment(CONTROL, control, "", CONTROL)}
        for name, content in tree.items():
            if name != CONTROL and content is not None:
                idoc[name] = _segments(name, content, "", name)
        return _XML.encode({BASIC_TYPE: {_IDOC: idoc}}, type, numbers)


def _idocs(stream: Iterable[bytes]) -> Iterator[etree._Element]:
    """The IDOC elements, each forgotten once the next is asked for."""
    parser = etree.XMLPullParser(
        ("end",),
        tag=f"{{*}}{_IDOC}",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    size = 0
    for chunk in stream:
        size += len(chunk)
        failure = _feed(parser, chunk)
        for _, element in parser.read_events():
            yield element  # type: ignore[misc]  # "end" events carry elements; lxml-stubs give all events one type
            _forget(element)  # type: ignore[arg-type]
            size = 0
        if failure is not None:
            raise unreadable(failure)
        if size > MAX_DOCUMENT:
            raise too_large("IDoc")
    try:
        parser.close()
    except etree.XMLSyntaxError as error:
        raise unreadable(error) from None


def _feed(parser: etree.XMLPullParser, chunk: bytes) -> etree.XMLSyntaxError | None:
    """Feed one chunk; the error is returned, since what came before it is still to be read."""
    try:
        parser.feed(chunk)
    except etree.XMLSyntaxError as error:
        return error
    return None


def _forget(element: etree._Element) -> None:
    """Free what was read, so that a file of any number of IDocs stays small in memory."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _read(element: etree._Element, position: str) -> Tree | Reject:
    refuse_definitions(element)
    data = _read_segment(element)
    control = data.get(CONTROL)
    message_type = control.get("MESTYP") if isinstance(control, dict) else None
    if not isinstance(message_type, str):
        missing = "MESTYP in its control record" if control else f"control record ({CONTROL})"
        return Reject(f"{position} has no {missing}, so nobody can tell what it is.", position, {"segment": CONTROL})
    return Tree(data, position, f"idoc.{message_type.strip().lower()}")


def _read_segment(element: etree._Element) -> dict[str, Any]:
    """Fields as text, segments below as dicts; a segment is what has a SEGMENT attribute or children."""
    found: dict[str, Any] = {}
    for child in element:
        is_segment = len(child) > 0 or "SEGMENT" in child.attrib
        add(found, local_name(child), _read_segment(child) if is_segment else child.text)
    return found


def _control(tree: Any, type: str) -> Mapping[str, Any]:
    """The control record; RejectedMessage unless it fits the payload type and the basic type."""
    control = tree.get(CONTROL) if isinstance(tree, dict) else None
    if not isinstance(control, dict):
        raise RejectedMessage(f"The IDoc has no control record: map {CONTROL}.", segment=CONTROL)
    expected = {"IDOCTYP": BASIC_TYPE, "MESTYP": type.removeprefix("idoc.").upper()}
    for field, value in expected.items():
        if control.get(field) != value:
            raise _refused(CONTROL, field, control.get(field), f"must be {value!r} for the type {type!r}")
    return control


def _segments(name: str, content: Any, parent: str, path: str) -> list[dict[str, Any]]:
    """One segment of a name, or many, below `parent` ("" for the IDoc itself)."""
    if not isinstance(content, list):
        return [_segment(name, content, parent, path)]
    return [_segment(name, item, parent, f"{path}[{number}]") for number, item in enumerate(content, start=1)]


def _segment(name: str, content: Any, parent: str, path: str) -> dict[str, Any]:
    """A segment as XML: its fields checked, the segments below it, in the order of the tree."""
    fields = _declared_fields(name, parent, path)
    if not isinstance(content, dict):
        raise RejectedMessage(f"{path} is a segment and needs fields, but is {content!r}.", segment=path)
    written: dict[str, Any] = {"@SEGMENT": "1"}
    for key, value in content.items():
        if isinstance(value, (dict, list)):
            written[key] = _segments(key, value, name, f"{path}/{key}")
        elif value is not None:
            written[key] = _field(fields, path, key, value)
    return written


def _declared_fields(name: str, parent: str, path: str) -> Mapping[str, int] | None:
    """The fields of a segment and their lengths; None for an extension segment."""
    if name.startswith("Z"):
        return None
    declared = SEGMENTS.get(name)
    if declared is None:
        raise RejectedMessage(
            f"{path}: {name!r} is no segment that can be written{nearest(name, SEGMENTS)}.", segment=path
        )
    if declared.parent != parent:
        where = declared.parent or "the IDoc itself"
        raise RejectedMessage(f"{path}: the segment {name} belongs below {where}.", segment=path)
    return declared.fields


def _field(fields: Mapping[str, int] | None, path: str, name: str, value: Any) -> str:
    text = to_text(value, f"{path}-{name}")
    if fields is None:
        return text
    if name not in fields:
        raise _refused(path, name, text, f"is no field of this segment that can be written{nearest(name, fields)}")
    if len(text) > fields[name]:
        raise _refused(path, name, text, f"takes {fields[name]} characters, not {len(text)}")
    return text


def _refused(segment: str, field: str, value: Any, why: str) -> RejectedMessage:
    return RejectedMessage(f"{segment}-{field} (here {value!r}) {why}.", segment=segment, field=field, value=value)
