"""YAML 1.2 read with positions (core schema, https://yaml.org/spec/1.2.2/#103-core-schema).

PyYAML parses; what a value means is decided here, because YAML 1.1 reads `NO` as false,
`12:30` as 750 and `1.10` as a float. Floats become Decimal. Stricter than the core schema in
three things: numbers with leading zeros stay text (`0049` is a code), infinite numbers and NaN
are refused, and so are numbers no table could hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from hub.source.location import Location
from hub.source.node import Mapping, Node, Scalar, ScalarValue, Sequence
from hub.source.problems import Problems

MAX_DEPTH: Final = 60
"""Levels of nesting."""
MAX_NODES: Final = 200_000
"""Values in one file, those repeated by aliases counted each time."""
MAX_DIGITS: Final = 400
"""Digits of a number, written out in full."""

_CONSTANTS: Final[dict[str, ScalarValue]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMERIC: Final = frozenset("0123456789+-.")
"""What every number begins with."""
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_BASED: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_DECIMAL: Final = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The two of PyYAML differ in what they take: whoever reads the same text reads it by this one."""
_TAG: Final = "tag:yaml.org,2002:"


class _Refused(Exception):
    """Something this reader does not take; carries what a problem needs."""

    def __init__(self, kind: str, message: str, location: Location, suggestion: str = "") -> None:
        super().__init__(message)
        self.problem = (kind, message, location, suggestion)


def parse(text: bytes | str, file: str, problems: Problems) -> Node | None:
    """The one document of a file; None if it was refused, with what is wrong added to `problems`.

    An empty file is an empty scalar. Problems are of kind `syntax`, `duplicate-key` or `limit`.
    """
    decoded = _decode(text, file, problems)
    if decoded is None:
        return None
    try:
        return _Builder(decoded, file).build()
    except _Refused as refused:
        problems.error(*refused.problem)
    except yaml.reader.ReaderError as error:
        place = _place(decoded, error.position, file)
        problems.error("syntax", f"the character U+{_code(error.character):04X} is not allowed in YAML", place)
    except yaml.MarkedYAMLError as error:
        _report(error, file, problems)
    return None


def _decode(text: bytes | str, file: str, problems: Problems) -> str | None:
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = _place(text[: error.start].decode("utf-8", "replace"), error.start, file)
        problems.error("syntax", f"byte 0x{text[error.start]:02X} is not UTF-8", place, "save the file as UTF-8")
        return None


def _place(text: str, position: int, file: str) -> Location:
    before = text[:position]
    return Location(file, before.count("\n") + 1, len(before) - before.rfind("\n"))


def _code(character: int | str) -> int:
    return character if isinstance(character, int) else ord(character)


def _report(error: yaml.MarkedYAMLError, file: str, problems: Problems) -> None:
    mark = error.problem_mark or error.context_mark
    location = Location(file, mark.line + 1, mark.column + 1) if mark else Location(file, 1, 1)
    context = f" {error.context}" if error.context else ""
    advice = "indent with spaces" if error.problem and "'\\t'" in error.problem else ""
    problems.error("syntax", f"{error.problem or 'not YAML'}{context}", location, advice)


class _Builder:
    """Makes nodes from PyYAML's events. Aliases share the node, and count as often as they stand."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.open_anchors: set[str] = set()
        self.count = 0
        self.events: Iterator[Event] = yaml.parse(text, Loader=LOADER)

    def build(self) -> Node:
        """The root; what stands for "nothing" in an empty file is an empty scalar."""
        root: Node | None = None
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                if root is not None:
                    raise _Refused("syntax", "a second document begins here; a file holds one", self._at(event))
                root = self._node(next(self.events), 0)
        return root or Scalar(Location(self.file, 1, 1), None, "", plain=True)

    def _at(self, event: Event) -> Location:
        mark = event.start_mark
        return Location(self.file, mark.line + 1, mark.column + 1) if mark else Location(self.file, 1, 1)

    def _node(self, event: Event, depth: int) -> Node:
        if isinstance(event, AliasEvent):
            return self._alias(event)
        if depth > MAX_DEPTH:
            raise _Refused("limit", f"nested deeper than {MAX_DEPTH} levels", self._at(event))
        anchor: str | None = getattr(event, "anchor", None)
        before = self.count
        self._add(1, event)
        if anchor is None:
            return self._value(event, depth)
        self.open_anchors.add(anchor)
        node = self._value(event, depth)
        self.open_anchors.discard(anchor)
        self.anchors[anchor] = (node, self.count - before)
        return node

    def _add(self, nodes: int, event: Event) -> None:
        self.count += nodes
        if self.count > MAX_NODES:
            raise _Refused("limit", f"more than {MAX_NODES} values, repeated ones counted", self._at(event))

    def _alias(self, event: AliasEvent) -> Node:
        if event.anchor in self.open_anchors:
            raise _Refused("syntax", f"*{event.anchor} stands inside what it names", self._at(event))
        if event.anchor not in self.anchors:
            raise _Refused("syntax", f"*{event.anchor} names no anchor above it", self._at(event))
        node, size = self.anchors[event.anchor]
        self._add(size, event)
        return node

    def _value(self, event: Event, depth: int) -> Node:
        if isinstance(event, ScalarEvent):
            return self._scalar(event)
        if isinstance(event, SequenceStartEvent):
            self._check_tag(event, "seq")
            return Sequence(self._at(event), [self._node(item, depth + 1) for item in self._until_end()])
        if isinstance(event, MappingStartEvent):
            self._check_tag(event, "map")
            return self._mapping(event, depth)
        raise _Refused("syntax", f"unexpected {type(event).__name__}", self._at(event))

    def _until_end(self) -> Iterator[Event]:
        """The events that begin the items of the collection just begun."""
        while not isinstance(event := next(self.events), CollectionEndEvent):
            yield event

    def _mapping(self, event: Event, depth: int) -> Mapping:
        entries: dict[str, tuple[Location, Node]] = {}
        for key_event in self._until_end():
            key = self._node(key_event, depth + 1)
            place = self._at(key_event) if isinstance(key_event, AliasEvent) else key.location
            if not isinstance(key, Scalar):
                raise _Refused("syntax", "a key must be a single text", place)
            if key.text in entries:
                first = entries[key.text][0]
                raise _Refused("duplicate-key", f"the key {key.text!r} stands here and in line {first.line}", place)
            entries[key.text] = (place, self._node(next(self.events), depth + 1))
        return Mapping(self._at(event), entries)

    def _check_tag(self, event: SequenceStartEvent | MappingStartEvent, expected: str) -> None:
        if event.tag not in (None, "!", _TAG + expected):
            raise self._unknown_tag(str(event.tag), event)

    def _unknown_tag(self, tag: str, event: Event) -> _Refused:
        short = "!!" + tag.removeprefix(_TAG) if tag.startswith(_TAG) else tag
        return _Refused("syntax", f"the tag {short} is not taken here", self._at(event), "leave it out")

    def _scalar(self, event: ScalarEvent) -> Scalar:
        plain = not event.style
        text, tag, location = event.value, event.tag, self._at(event)
        if tag in ("!", _TAG + "str") or (tag is None and not plain):
            return Scalar(location, text, text, plain=False)
        value = _core(text, location)
        if tag is None:
            return Scalar(location, value, text, plain)
        if tag not in _TAGGED:
            raise self._unknown_tag(tag, event)
        if not isinstance(value, _TAGGED[tag]) or (isinstance(value, bool) and tag != _TAG + "bool"):
            raise _Refused("syntax", f"{text!r} is not what its tag !!{tag.removeprefix(_TAG)} says", location)
        return Scalar(location, value, text, plain)


_TAGGED: Final[dict[str, tuple[type, ...]]] = {
    _TAG + "null": (type(None),),
    _TAG + "bool": (bool,),
    _TAG + "int": (int,),
    _TAG + "float": (int, Decimal),
}


def _core(text: str, location: Location) -> ScalarValue:
    """What an unquoted text is in the core schema."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _NUMERIC:
        return text
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _DECIMAL.fullmatch(text):
        return _number(text, location)
    if _NOT_FINITE.fullmatch(text):
        raise _Refused("syntax", f"{text} is not a finite number", location, "quote it if it is text")
    return text


def _number(text: str, location: Location) -> int | Decimal:
    if len(text) <= MAX_DIGITS:
        if _INTEGER.fullmatch(text):
            return int(text)
        number = Decimal(text)
        if abs(number.adjusted()) + len(number.as_tuple().digits) <= MAX_DIGITS:
            return number
    message = f"a number of more than {MAX_DIGITS} digits"
    raise _Refused("limit", message, location, "quote it if it is text")
