"""Whatever tree fits a map is written so that it reads back as it was."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.formats.x12.nodes import LoopNode, SegmentNode
from connectors.formats.x12.notes import breach
from connectors.formats.x12.reader import read_set
from connectors.formats.x12.sets import load_set
from connectors.formats.x12.values import parse, spell
from connectors.formats.x12.writer import write_set
from tests.formats.x12.set_examples import KNOWN

LETTERS = "ABCxyz0189 -.,/&'()ÄéŁ"
SEEDS = st.integers(0, 2**64)


class Grower:
    """Grows random trees that fit a map."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def loop(self, loop: LoopNode, depth: int = 0):
        """What is in a loop: what must be, and a little of what may be. HL has a test of its own."""
        tree = {}
        for index, child in enumerate(loop.children):
            due = child.mandatory or (index == 0 and loop.trigger)
            if child.key not in loop.shared and (due or self.random.random() < 0.3 / (depth + 1)):
                items = [self._child(child, depth) for _ in range(1 if child.most == 1 else self.random.choice((1, 2)))]
                tree[child.key] = items if child.key in loop.lists else items[0]
        return tree

    def _child(self, child, depth):
        if isinstance(child, SegmentNode):
            return self.elements(child.elements, child.notes)
        return self.loop(child, depth + 1)

    def elements(self, nodes, notes):
        """The elements of a segment, or the components of a composite: at least one, and any that fit the notes."""
        wanted = []
        while not any(wanted) or any(breach(note, nodes, wanted) for note in notes):
            wanted = [node.mandatory or self.random.random() < 0.5 for node in nodes]
            for note in notes * 3:
                broken = breach(note, nodes, wanted)
                if broken is not None:
                    wanted[broken.place - 1] = broken.code == "2" or nodes[broken.place - 1].mandatory
        return {node.ref: self._element(node) for node, want in zip(nodes, wanted, strict=True) if want}

    def _element(self, node):
        if not node.components:
            return self.value(node)
        items = [self.elements(node.components, node.notes) for _ in range(1 if node.repeat == 1 else 2)]
        return items if node.repeat > 1 else items[0]

    def value(self, node):
        """A value of a simple element."""
        length = self.random.randint(node.least, min(node.most, node.least + 20))
        if node.kind == "DT":
            return f"{date(2026, 11, 27) + timedelta(self.random.randint(-9999, 9999)):%Y%m%d}"
        if node.kind == "TM":
            return f"{self.random.randrange(24):02}{self.random.randrange(60):02}"
        if node.kind[0] not in "NR":
            return "".join(self.random.choice(LETTERS) for _ in range(length))
        number = self.random.randrange(10**length) * self.random.choice((1, 1, -1))
        if node.kind == "N0":
            return number
        return Decimal(number).scaleb(-int(node.kind[1:]) if node.kind != "R" else -self.random.randint(0, length))


@given(st.sampled_from([known for known in KNOWN if known[0] not in ("753", "856")]), SEEDS)
@settings(deadline=None)
def test_what_is_written_reads_back_as_it_was(known, seed):
    transaction, release = known
    tree = Grower(seed).loop(load_set(transaction, release).body)
    reading = read_set(write_set(tree, release, transaction), release, transaction)
    assert reading.faults == []
    assert reading.tree == tree


HL_TREES = st.recursive(
    st.just([]),
    lambda inner: st.lists(st.tuples(st.sampled_from(["S", "O", "T", "P", "I", "ZZ"]), inner), min_size=1, max_size=3),
    max_leaves=12,
)


@given(HL_TREES.filter(bool))
def test_any_tree_of_levels_reads_back_as_it_was(levels):
    bsn = {"BSN01": "00", "BSN02": "S-1", "BSN03": "20261127", "BSN04": "1015"}
    written = write_set({"BSN": bsn, "HL_loop": _levels(levels)}, "004010", "856")
    reading = read_set(written, "004010", "856")
    assert reading.faults == []
    assert _codes(reading.tree) == levels
    assert write_set(reading.tree, "004010", "856") == written


def _levels(levels):
    return [{"HL": {"HL03": code}, "HL_loop": _levels(inner)} for code, inner in levels]


def _codes(tree):
    return [(loop["HL"]["HL03"], _codes(loop)) for loop in tree.get("HL_loop", [])]


def _simple_elements():
    """One node of each type and length that occurs in any set."""
    nodes = {}
    pending = [load_set(*known).body for known in KNOWN]
    while pending:
        node = pending.pop()
        pending += node.children if isinstance(node, LoopNode) else ()
        for element in node.elements if isinstance(node, SegmentNode) else ():
            for simple in element.components or [element]:
                nodes[simple.kind, simple.least, simple.most] = simple
    return [nodes[key] for key in sorted(nodes)]


SIMPLE = _simple_elements()


@given(st.sampled_from(SIMPLE), SEEDS)
def test_values_are_spelt_as_they_are_read(node, seed):
    value = Grower(seed).value(node)
    assert parse(node, spell(node, value)) == (value, None)


@given(
    st.sampled_from(SIMPLE),
    st.text(min_size=1, max_size=40) | st.from_regex(r"-?[0-9]{0,9}\.?[0-9]{0,9}", fullmatch=True),
)
def test_any_text_is_a_value_or_a_defect(node, text):
    value, defect = parse(node, text or "0")
    if defect is not None:
        assert value == (text or "0")
        assert defect.code in {"4", "5", "6", "8", "9"}
    else:
        assert parse(node, spell(node, value)) == (value, None)
