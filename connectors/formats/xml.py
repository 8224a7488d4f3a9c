"""XML 1.0, read as plain trees and written from them.

The tree is a dict of one key, the root element's name, to the element:

- an element with only text is that text (str, exactly as written); an empty one is None;
- any other element is a dict: its attributes as `@name`, its text as `#text` (pieces joined,
  white space between elements left out), its children by name;
- children of one name that are repeated are a list, in their order.

Names are local names: `cbc:ID` and `ID` are both read as `ID`, whatever prefix the sender
chose, and namespace declarations are left out. Attributes in a namespace keep the prefix that
was written (`@xml:lang`, `@xsi:type`). Comments and processing instructions are dropped.

To write, a tree says its namespaces itself: `@xmlns` and `@xmlns:cbc` on any element, and
names with a prefix (`cbc:ID`) below. Text is str, int, Decimal (fixed notation) or bool; None
is an empty element, an empty list none at all.

Nothing outside the document is ever read: a DOCTYPE that points to a DTD is ignored; one that
defines entities or elements, and text that needs a definition of the DTD, are refused; XInclude
is not followed. At most `MAX_DOCUMENT` bytes and 256 levels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from lxml import etree

from connectors.formats._stream import bounded
from hub.contract.errors import DecodeError, RejectedMessage
from hub.contract.format import UNNUMBERED, Format, Numbers, Tree
from hub.contract.values import fixed

MAX_DEPTH = 256
"""Levels of elements, libxml2's own bound for reading."""

_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"


class XmlFormat(Format):
    """XML text to one tree and back."""

    name: ClassVar[str] = "xml"
    content_type: ClassVar[str] = "application/xml"
    suffix: ClassVar[str] = ".xml"

    def decode(self, stream: Iterable[bytes]) -> Iterator[Tree]:
        """Yield the one tree; DecodeError with position "line:column" if it is not well-formed."""
        parser = etree.XMLParser(
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        try:
            for chunk in bounded(stream, "XML"):
                parser.feed(chunk)
            root = parser.close()
        except etree.XMLSyntaxError as error:
            raise unreadable(error) from None
        refuse_definitions(root)
        yield Tree({local_name(root): to_tree(root)})

    def encode(self, tree: Any, type: str, numbers: Numbers = UNNUMBERED) -> bytes:
        """UTF-8 with its declaration; RejectedMessage naming the path of what XML cannot hold."""
        if not isinstance(tree, dict) or len(tree) != 1:
            raise RejectedMessage(
                "An XML document needs exactly one root element: a mapping with one key, its name.", field="/"
            )
        ((name, value),) = tree.items()
        if isinstance(value, list):
            raise RejectedMessage(f"/{name} is the root element and cannot be a list.", field=f"/{name}")
        root = _element(None, name, value, _Place("", {"xml": _XML_NAMESPACE}, 0))
        return _DECLARATION + etree.tostring(root, encoding="UTF-8", xml_declaration=False)


def unreadable(error: etree.XMLSyntaxError) -> DecodeError:
    """What lxml said, with its position as "line:column"."""
    line, column = error.position
    reason = str(error.msg).partition(", line ")[0]
    log: Any = error.error_log  # lxml-stubs do not know that it is a sequence
    if line == 0 and len(log):  # lxml gave up without saying why; the reason is the latest in its log
        line, column, reason = log[-1].line, log[-1].column, log[-1].message
    return DecodeError(
        f"This is not well-formed XML: {reason} at line {line}, column {column}.",
        position=f"{line}:{column}",
        reason=reason,
    )


def refuse_definitions(element: etree._Element) -> None:
    """DecodeError if the document's DOCTYPE defines something, or text in `element` needs what a DTD defines."""
    dtd: Any = element.getroottree().docinfo.internalDTD  # lxml-stubs know nothing of its contents
    reference = next(element.iter(etree.Entity), None)
    if reference is not None or (dtd is not None and (list(dtd.iterentities()) or list(dtd.iterelements()))):
        what = f"uses the entity {reference.text}" if reference is not None else "defines entities or elements"
        raise DecodeError(
            f"This XML document {what}, and definitions are not taken. "
            "Have the sender write the characters themselves and leave the definitions out.",
            position=f"{reference.sourceline if reference is not None else 1}:0",
        )


def local_name(element: etree._Element) -> str:
    """The element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def to_tree(element: etree._Element) -> Any:
    """The element as the module's docstring says: None, text or a dict."""
    if len(element) == 0 and not element.attrib:
        return element.text
    found: dict[str, Any] = {f"@{_attribute_name(element, str(name))}": text for name, text in element.attrib.items()}
    if text := _own_text(element):
        found["#text"] = text
    for child in element:
        add(found, local_name(child), to_tree(child))
    return found


def add(parent: dict[str, Any], name: str, value: Any) -> None:
    """Put a child into its parent's dict; the second of a name makes a list of it."""
    if name not in parent:
        parent[name] = value
    elif isinstance(parent[name], list):
        parent[name].append(value)
    else:
        parent[name] = [parent[name], value]


def _attribute_name(element: etree._Element, name: str) -> str:
    if not name.startswith("{"):
        return name
    space, _, local = name[1:].partition("}")
    if space == _XML_NAMESPACE:
        return f"xml:{local}"
    prefix = next(prefix for prefix, uri in element.nsmap.items() if uri == space and prefix)
    return f"{prefix}:{local}"


def _own_text(element: etree._Element) -> str:
    pieces = [element.text, *(child.tail for child in element)]
    if len(element) == 0:
        return element.text or ""
    return "".join(piece for piece in pieces if piece and not piece.isspace())


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an element is written: its path, the namespaces in scope by prefix ("" the default), its level."""

    path: str
    scope: Mapping[str, str]
    depth: int

    def below(self, name: Any, content: Mapping[str, Any]) -> _Place:
        """The place of a child, with what it declares itself."""
        path = f"{self.path}/{name}"
        if not isinstance(name, str):
            raise RejectedMessage(f"{path}: the name {name!r} is not text.", field=path)
        if self.depth == MAX_DEPTH:
            raise RejectedMessage(f"{path} is nested deeper than {MAX_DEPTH} levels.", field=path)
        return _Place(path, {**self.scope, **_declarations(content, path)}, self.depth + 1)

    def qualified(self, name: str, default: str) -> str:
        """lxml's `{namespace}local` of a name; RejectedMessage for a prefix that nobody declared."""
        prefix, _, local = name.rpartition(":")
        if prefix and prefix not in self.scope:
            raise RejectedMessage(
                f"{self.path}: {name!r} has a prefix that is not declared. "
                f"Declare it with '@xmlns:{prefix}' on the element or above it.",
                field=self.path,
                value=name,
            )
        space = self.scope[prefix] if prefix else default
        return f"{{{space}}}{local}" if space else local


def _element(parent: etree._Element | None, name: str, value: Any, above: _Place) -> etree._Element:
    """Make the element `name` below `parent`, or the root where that is None."""
    content = value if isinstance(value, dict) else {"#text": value}
    place = above.below(name, content)
    element = _new(parent, place.qualified(name, place.scope.get("", "")), _declarations(content, place.path), place)
    for key, item in content.items():
        if key == "#text":
            _set_text(element, item, place)
        elif isinstance(key, str) and key.startswith("@"):
            _set_attribute(element, key, item, place)
        else:
            for one in item if isinstance(item, list) else (item,):
                _element(element, key, one, place)
    return element


def _declarations(content: Mapping[str, Any], path: str) -> dict[str, str]:
    """Prefix to namespace of the `@xmlns` attributes in an element's content."""
    return {
        key[len("@xmlns:") :]: to_text(value, f"{path}/{key}") for key, value in content.items() if _is_declaration(key)
    }


def _is_declaration(key: Any) -> bool:
    return isinstance(key, str) and (key == "@xmlns" or key.startswith("@xmlns:"))


def _new(parent: etree._Element | None, tag: str, declared: Mapping[str, str], place: _Place) -> etree._Element:
    nsmap: Any = {prefix or None: uri for prefix, uri in declared.items() if uri}  # the stubs know no None
    try:
        return etree.Element(tag, nsmap=nsmap) if parent is None else etree.SubElement(parent, tag, nsmap=nsmap)
    except ValueError as error:
        raise RejectedMessage(f"{place.path} is not a name in XML: {error}.", field=place.path) from None


def _set_attribute(element: etree._Element, key: str, value: Any, place: _Place) -> None:
    if _is_declaration(key):
        return
    path = f"{place.path}/{key}"
    text = to_text(value, path)
    try:
        element.set(place.qualified(key[1:], ""), text)
    except ValueError as error:
        raise _unwritable(path, value, error) from None


def _set_text(element: etree._Element, value: Any, place: _Place) -> None:
    text = to_text(value, place.path)
    try:
        element.text = text or None
    except ValueError as error:
        raise _unwritable(place.path, value, error) from None


def _unwritable(path: str, value: Any, error: ValueError) -> RejectedMessage:
    return RejectedMessage(
        f"{path} cannot be written as XML: {error}.", detail=str(error), field=path, value=ascii(value)[:200]
    )


def to_text(value: Any, path: str) -> str:
    """A leaf as text; RejectedMessage naming `path` for what is none."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal) and value.is_finite():
        return fixed(value)
    raise RejectedMessage(
        f"{path} is {value!r}, which cannot be written as text in XML.", field=path, value=ascii(value)[:200]
    )
