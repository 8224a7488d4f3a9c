"""The elements of one segment: texts to values by their keys, with everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from connectors.formats.x12.nodes import ElementNode, Note, SegmentNode, times
from connectors.formats.x12.notes import breach
from connectors.formats.x12.segments import Element, Repeated
from connectors.formats.x12.values import Defect, parse


class ElementFault(NamedTuple):
    """What is wrong with one element: where (places from 1), the AK403 code, and what to say of it."""

    place: int
    component: int | None
    ref: str
    number: str | None
    code: str
    text: str
    value: str | None = None

    @property
    def name(self) -> str:
        """The element as a person looks it up: PO103 (element 355)."""
        return f"{self.ref} (element {self.number})" if self.number else self.ref


class _Part(NamedTuple):
    """What is read of a component or an element: its value (None for nothing) and its faults."""

    value: Any
    faults: list[ElementFault]


def read_elements(node: SegmentNode, elements: Sequence[Element]) -> tuple[dict[str, Any], list[ElementFault]]:
    """The values of a segment, absent ones left out, and its faults in their order.

    A value that its type does not allow is in the tree as the text that it is.
    """
    values: dict[str, Any] = {}
    faults: list[ElementFault] = []
    for place, child in enumerate(node.elements, start=1):
        element = elements[place - 1] if place <= len(elements) else ""
        if is_absent(element):
            if child.mandatory:
                faults.append(_missing(place, None, child))
            continue
        value, found = _read(child, element, place)
        faults += found
        if value is not None:
            values[child.ref] = value
    faults += _surplus(node, elements)
    faults += _breaches(node.notes, node.elements, elements, {fault.place for fault in faults})
    return values, faults


def is_absent(element: Element) -> bool:
    """Whether nothing is there: an empty text, or a composite or repetition of nothing."""
    if isinstance(element, str):
        return not element
    return all(is_absent(part) for part in (element.items if isinstance(element, Repeated) else element))


def _read(node: ElementNode, element: Element, place: int) -> _Part:
    if isinstance(element, Repeated):
        return _read_repeated(node, element, place)
    part = _read_composite(node, element, place) if node.components else _read_simple(node, element, place)
    return _Part([part.value], part.faults) if node.repeat > 1 and part.value is not None else part


def _read_repeated(node: ElementNode, element: Repeated, place: int) -> _Part:
    once = _read_composite if node.components else _read_simple
    parts = [once(node, item, place) for item in element.items if not is_absent(item)]
    values = [part.value for part in parts if part.value is not None]
    faults = [fault for part in parts for fault in part.faults]
    if len(parts) > node.repeat:
        text = f"is given {times(len(parts))} and may be {times(node.repeat)}"
        faults.append(ElementFault(place, None, node.ref, node.number, "3", text))
    return _Part(values if node.repeat > 1 else values[0] if values else None, faults)


def _read_simple(node: ElementNode, element: str | tuple[str, ...], place: int) -> _Part:
    if isinstance(element, str):
        value, defect = parse(node, element)
        return _Part(value, [_fault(place, None, node, defect, element)] if defect else [])
    defect = Defect("6", "is no composite but holds the component separator")
    return _Part(None, [_fault(place, None, node, defect, " ".join(element))])


def _read_composite(node: ElementNode, element: str | tuple[str, ...], place: int) -> _Part:
    components = (element,) if isinstance(element, str) else element
    values: dict[str, Any] = {}
    faults: list[ElementFault] = []
    for number, child in enumerate(node.components, start=1):
        text = components[number - 1] if number <= len(components) else ""
        if text:
            values[child.ref], defect = parse(child, text)
            if defect:
                faults.append(_fault(place, number, child, defect, text))
        elif child.mandatory:
            faults.append(_missing(place, number, child))
    faults += _surplus_components(node, components, place)
    broken = {fault.component for fault in faults if fault.component}
    for fault in _breaches(node.notes, node.components, components, broken):
        faults.append(fault._replace(place=place, component=fault.place))
    return _Part(values, faults)


def _surplus(node: SegmentNode, elements: Sequence[Element]) -> Iterator[ElementFault]:
    """The first element beyond the last one that the segment has."""
    for place, element in enumerate(elements[len(node.elements) :], start=len(node.elements) + 1):
        if not is_absent(element):
            text = f"is one too many: {node.id} has {len(node.elements)} elements"
            yield ElementFault(place, None, f"{node.id}{place:02}", None, "3", text, _text(element))
            return


def _surplus_components(node: ElementNode, components: Sequence[str], place: int) -> Iterator[ElementFault]:
    most = len(node.components)
    for number, text in enumerate(components[most:], start=most + 1):
        if text:
            why = f"is one too many: {node.ref} has {most} components"
            yield ElementFault(place, number, f"{node.ref}{number:02}", None, "3", why, text)
            return


def _breaches(
    notes: Sequence[Note], nodes: Sequence[ElementNode], elements: Sequence[Element], faulty: set[int]
) -> Iterator[ElementFault]:
    """Faults of syntax notes, one at a place, and none at `faulty` places, which have one already."""
    if not notes:
        return
    present = [not is_absent(element) for element in elements]
    for note in notes:
        broken = breach(note, nodes, present)
        if broken is not None and broken.place not in faulty:
            faulty.add(broken.place)
            yield _fault(broken.place, None, nodes[broken.place - 1], Defect(broken.code, broken.text), None)


def _missing(place: int, component: int | None, node: ElementNode) -> ElementFault:
    return _fault(place, component, node, Defect("1", "is missing though it is mandatory"), None)


def _fault(place: int, component: int | None, node: ElementNode, defect: Defect, value: str | None) -> ElementFault:
    return ElementFault(place, component, node.ref, node.number, defect.code, defect.text, value)


def _text(element: Element) -> str | None:
    return element if isinstance(element, str) else None
