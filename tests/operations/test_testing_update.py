"""Tests brought up to date: what they expect is written anew, everything else stays as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.mapping import compare
from hub.operations.errors import OperationRefused
from hub.operations.testing import run_workspace_tests
from hub.operations.testing.expected_yaml import Unwritable, with_expected
from hub.operations.yaml_text import block, flow
from hub.source import Location, Problems, parse, plain

HEAD = "# ours\nmapping: a/b\ntests:\n  - name: one  # the first\n    input: {n: 1}\n"
TAIL = "    given: {effect: created}\n\n  # the second\n  - {name: two, input: 1, expect: 'x'}\n"


def rewritten(written: str, output: Any, head: str = HEAD, tail: str = TAIL) -> str:
    """What stands for `expect: …` in a file once it expects an output; the rest of the file must be as it was."""
    text = f"{head}{written}{tail}"
    node = plain_node(text)
    location: Location = node.entries["tests"][1].items[0].entries["expect"][1].location
    after = with_expected(text, "a.test.yaml", {location: output})
    assert after.startswith(head)
    assert after.endswith(tail)
    return after[len(head) : len(after) - len(tail)]


def plain_node(text: str) -> Any:
    problems = Problems()
    node = parse(text, "a.test.yaml", problems)
    assert node is not None, list(map(str, problems))
    return node


@pytest.mark.parametrize(
    ("before", "output", "after"),
    [
        ("    expect: {a: 1, b: '2'}  # why\n", {"a": 3, "b": 2}, "    expect: {a: 3, b: '2'}  # why\n"),
        (
            "    expect:\n      a: 1  # a note\n      b:\n        - c: x\n          d: y\n",
            {"a": 1, "b": [{"c": "x", "d": "z w"}]},
            '    expect:\n      a: 1  # a note\n      b:\n        - c: x\n          d: "z w"\n',
        ),
        (
            "    expect:\n      a: 1  # goes\n      b: [1]  # stays\n",
            {"b": [1], "c": {"d": None}},
            "    expect:\n      b:\n        - 1\n      c:\n        d: null  # stays\n",
        ),
        ("    expect: {a: [1, 2]}\n", {"a": [1, 2, 3]}, "    expect: {a: [1, 2, 3]}\n"),
        ("    expect: {a: 1}\n", {"a": {}}, "    expect: {a: {}}\n"),
        ("    expect: 1\n", {"a": "true", "b": "MUG-1"}, '    expect: {a: "true", b: MUG-1}\n'),
        ("    expect: 1\n", {"a": "x" * 130}, f"    expect:\n      a: {'x' * 130}\n"),
        ("    expect:\n      - a: 1\n        b: 2\n", [{"a": 1}], "    expect:\n      - a: 1\n"),
        ("    expect:\n    - a: 1\n", [{"b": 1}, 2], "    expect:\n      - b: 1\n      - 2\n"),
        ("    expect:\n      a: |\n        some\n        text\n", {"a": "other"}, "    expect:\n      a: other\n"),
        ("    expect:\n      a:\n", {"a": 1}, "    expect:\n      a: 1\n"),
        ("    expect:\n      a: {b: 1}\n", {"a": 5}, "    expect:\n      a: 5\n"),
        ("    expect:\n      a:\n        b: 1\n", {"a": 5}, "    expect:\n      a: 5\n"),
        ("    expect: {a: http://shop/?b=1, c: 2}\t# why\n", {"a": "x", "c": 2}, "    expect: {a: x, c: 2}\t# why\n"),
        ("    expect: 'ü'\n", "ö\u0085\U0001f600", '    expect: "ö\\u0085\U0001f600"\n'),
    ],
)
def test_only_what_differs_is_written(before: str, output: Any, after: str) -> None:
    assert rewritten(before, output) == after


def test_lines_end_as_they_did() -> None:
    head, tail = HEAD.replace("\n", "\r\n"), TAIL.replace("\n", "\r\n")
    after = rewritten("    expect:\r\n      a: 1\r\n", {"b": {"c": 1}}, head, tail)
    assert after == "    expect:\r\n      b:\r\n        c: 1\r\n"


@pytest.mark.parametrize(
    ("before", "output"),
    [
        ("    expect: &all {a: 1}\n", {"a": 2}),
        ("    expect: {a: &one 1, b: *one}\n", {"a": 1, "b": 2}),
        ("    expect: {a: &one 1, b: *one}\n", {"a": 2, "b": 1}),
    ],
)
def test_what_is_shared_is_left_to_a_person(before: str, output: Any) -> None:
    with pytest.raises(Unwritable):
        rewritten(before, output)


_SCALARS = st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6).filter(lambda key: not key.startswith("$"))
_TREES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3), max_leaves=8
)


@settings(max_examples=60, deadline=None)
@given(_TREES, _TREES, st.booleans())
def test_any_output_takes_the_place_of_any_expectation(old: Any, new: Any, in_lines: bool) -> None:
    lines = block(old) if in_lines else [flow(old)]
    written = f"expect: {lines[0]}" if len(lines) == 1 and not _is_block(old, in_lines) else "expect:"
    rest = [] if written != "expect:" else [f"      {line}" for line in lines]
    after = rewritten("\n".join([f"    {written}", *rest, ""]), new)
    assert compare(plain(plain_node(f"tests:\n{after}").entries["tests"][1])["expect"], new, partial=False) == []


def _is_block(value: Any, in_lines: bool) -> bool:
    return in_lines and isinstance(value, dict | list) and bool(value)


MAPPING = """\
mapping: shop/order
from: shop.order
to: shop.answer
fields: {number: source.name, total: source.total | decimal}
tests:
  - {name: inline, input: {name: "#1", total: "1.50"}, expect: {number: "#1", total: 1}}  # ours
  - {name: file, input: {name: "#2", total: "2"}, expect: {$file: samples/two.json}}
  - {name: partial, input: {name: "#3", total: "2"}, expect: {$partial: {total: 3}}}
  - {name: condition, input: {name: "#4", total: "2"}, expect: {$expr: output.total == 3}}
  - {name: error, input: {name: "#5", total: "2"}, expect: {$error: {}}}
  - {name: fails, input: {name: "#6"}, expect: {number: "#6"}}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "mappings/shop").mkdir(parents=True)
    (tmp_path / "mappings/shop/order.yaml").write_text(MAPPING)
    return tmp_path


def test_what_is_made_now_is_expected_from_then_on(root: Path) -> None:
    run = run_workspace_tests(root, update=True)
    assert [(one.name, one.line, one.written) for one in run.written] == [
        ("inline", 6, "mappings/shop/order.yaml"),
        ("file", 7, "mappings/shop/samples/two.json"),
    ]
    assert [test.name for test in run.failed] == ["partial", "condition", "error", "fails"]
    assert (root / "mappings/shop/order.yaml").read_text() == MAPPING.replace("total: 1}", "total: 1.50}")
    assert (root / "mappings/shop/samples/two.json").read_text() == '{\n  "number": "#2",\n  "total": "2"\n}\n'
    again = run_workspace_tests(root, update=True)
    assert (again.written, len(again.failed)) == ([], 4)


def test_without_being_told_nothing_is_written(root: Path) -> None:
    assert len(run_workspace_tests(root).failed) == 6
    assert (root / "mappings/shop/order.yaml").read_text() == MAPPING
    assert not (root / "mappings/shop/samples").exists()


def test_only_what_was_chosen_is_written(root: Path) -> None:
    assert [one.name for one in run_workspace_tests(root, "inline", update=True).written] == ["inline"]


@pytest.mark.parametrize("path", ["../../two.json", "/etc/two.json", "two.json", "../../../samples/two.json"])
def test_nothing_is_written_outside_the_samples_of_a_workspace(root: Path, path: str) -> None:
    (root / "mappings/shop/order.yaml").write_text(MAPPING.replace("samples/two.json", path))
    with pytest.raises(OperationRefused, match=r"mappings/shop/order.yaml:7: file: nothing is written"):
        run_workspace_tests(root, update=True)
    assert "total: 1}" in (root / "mappings/shop/order.yaml").read_text()


def test_two_tests_of_one_file_that_make_two_things_are_refused(root: Path) -> None:
    path = root / "mappings/shop/order.yaml"
    path.write_text(
        path.read_text() + '  - {name: same file, input: {name: "#9", total: 1}, expect: {$file: samples/two.json}}\n'
    )
    with pytest.raises(OperationRefused, match="it would fail all the same"):
        run_workspace_tests(root, update=True)
    assert not (root / "mappings/shop/samples").exists()


OWN = """\
mapping: sap/orders05
tests:
  - name: the whole IDoc
    input: {$file: ../sap/samples/order.json}
    given: {crosswalk: {sap/materials: {MUG-BLUE: 100-204, TEE-BLACK-L: 100-310}}}
    expect: {$file: samples/orders05.xml}
"""


def test_an_expected_file_can_be_what_the_target_is_sent(tmp_path: Path) -> None:
    order = Path(__file__).parents[2] / "mappings/sap/samples/order.json"
    for path, content in {"own/sap.test.yaml": OWN.encode(), "sap/samples/order.json": order.read_bytes()}.items():
        (tmp_path / "mappings" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mappings" / path).write_bytes(content)
    [failed] = run_workspace_tests(tmp_path).failed
    assert failed.differences == ["what is expected: There is no sample mappings/own/samples/orders05.xml."]
    assert run_workspace_tests(tmp_path, update=True).failed == []
    made = tmp_path / "mappings/own/samples/orders05.xml"
    assert made.read_text().startswith("<?xml")
    made.write_text(made.read_text().replace("100-204", "100-205"))
    [changed] = run_workspace_tests(tmp_path).failed
    [difference] = changed.differences
    assert difference.endswith("expected the text '100-205', found the text '100-204'")


PAIR = """\
mapping: shop/order
tests:
  - {name: passes, input: {name: "#1", total: "1"}, expect: {$file: samples/shared.json}}
  - {name: fails, input: {name: "#2", total: "1"}, expect: {$file: samples/shared.json}}
"""
SHARED = '{"number": "#1", "total": "1"}'


@pytest.mark.parametrize("keyword", [None, "order: fails"])
def test_what_another_test_expects_is_not_overwritten(root: Path, keyword: str | None) -> None:
    (root / "mappings/shop/pair.test.yaml").write_text(PAIR)
    (root / "mappings/shop/order.yaml").write_text(MAPPING.split("tests:", maxsplit=1)[0])
    shared = root / "mappings/shop/samples/shared.json"
    shared.parent.mkdir()
    shared.write_text(SHARED)
    with pytest.raises(OperationRefused, match=r"pair\.test\.yaml:3: passes: nothing is written: it passes, and reads"):
        run_workspace_tests(root, keyword, update=True)
    assert shared.read_text() == SHARED


def test_what_stands_as_an_alias_elsewhere_holds_up_nothing(root: Path) -> None:
    path = root / "mappings/shop/alias.test.yaml"
    tests = (
        "mapping: shop/order\ntests:\n"
        '  - {name: a, input: &one {name: &name "#1", total: 1}, expect: &all {number: *name, total: 1}}\n'
        "  - {name: b, input: *one, expect: *all}\n"
        "  - {name: c, input: *one, expect: {number: *name, total: 3}}\n"
    )
    path.write_text(tests)
    assert [one.name for one in run_workspace_tests(root, "c", update=True).written if "alias" in one.file] == ["c"]
    assert path.read_text() == tests.replace("total: 3", "total: 1")


def test_the_place_that_cannot_be_written_is_told(root: Path) -> None:
    (root / "mappings/shop/order.yaml").write_text(
        MAPPING.split("  - {name: file", maxsplit=1)[0]
        + '  - {name: shared, input: {name: "#1", total: 1}, expect: &e {number: "#2", total: 1}}\n'
        + '  - {name: again, input: {name: "#1", total: 1}, expect: *e}\n'
    )
    with pytest.raises(OperationRefused, match=r"order\.yaml:7: .* it has an anchor"):
        run_workspace_tests(root, update=True)


def test_two_anchors_of_one_name_are_refused() -> None:
    with pytest.raises(Unwritable, match="two anchors"):
        rewritten("    expect: {a: &x 1, b: &x 2}\n", {"a": 1, "b": 3})


def test_a_file_that_cannot_be_written_is_told(root: Path) -> None:
    (root / "mappings/shop/samples").write_text("no folder")
    with pytest.raises(OperationRefused, match=r"mappings/shop/samples/two\.json cannot be written"):
        run_workspace_tests(root, "file", update=True)


def test_a_file_stays_what_it_is_in_its_folder(root: Path) -> None:
    path, kept = root / "mappings/shop/order.yaml", root / "kept.yaml"
    path.rename(kept)
    kept.chmod(0o640)
    path.symlink_to(kept)
    run_workspace_tests(root, "inline", update=True)
    assert "total: 1.50" in kept.read_text()
    assert (path.is_symlink(), kept.stat().st_mode & 0o777) == (True, 0o640)
    assert sorted(one.name for one in root.iterdir()) == ["kept.yaml", "mappings"]
