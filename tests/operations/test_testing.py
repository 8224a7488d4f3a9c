"""The tests of a workspace: shared between processes, told to build servers, and what they do not reach."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from hub.operations.testing import MappingCoverage, TestView, junit_xml, run_workspace_tests
from hub.operations.testing.suite import read_suite, run_suite
from hub.workspace import read_directory

MAPPING = """\
mapping: shop/order
from: shop.order
to: shop.answer
fields:
  $require: {when: source.number > 0, message: no number}
  number: source.number
  email: {$value: source.email, $optional: true}
  name: {$value: source.name, $default: {$const: nobody}}
  gift:
    $when: source.gift
    note: source.note
    until: {$const: {year: 2030}, $when: source.until}
  lines:
    $each: source.lines as line
    $where: line.quantity > 0
    $sort: line.sku
    sku: line.sku
    unit:
      $switch: {on: line.unit, cases: {PC: {$const: EA}, CT: {$const: CAR}}, default: line.unit}
  flags: [{$const: a}, {$value: source.b, $when: source.b}]
"""
TESTS = """\
tests:
  - {name: small, input: {number: 1, lines: [{sku: A, quantity: 1, unit: PC}]}, expect: {$partial: {number: 1}}}
"""
MORE = """\
mapping: shop/order
tests:
  - name: the rest
    input: {number: 1, email: a@b.example, name: Ada, gift: true, note: x, until: 1, b: b, lines: [{sku: A, quantity: 0}, {sku: B, quantity: 1, unit: CT}, {sku: C, quantity: 1, unit: KG}]}
    expect: {$partial: {name: Ada}}
  - {name: no number, input: {number: 0}, expect: {$error: {contains: no number}}}
  - {name: no until, input: {number: 1, gift: true, note: x, lines: []}, expect: {$expr: "output.gift.note == 'x'"}}
"""  # noqa: E501 - one input


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "mappings/shop").mkdir(parents=True)
    (tmp_path / "mappings/shop/order.yaml").write_text(MAPPING + TESTS)
    return tmp_path


def covered(root: Path, keyword: str | None = None) -> list[MappingCoverage]:
    run = run_workspace_tests(root, keyword, coverage=True)
    assert run.failed == []
    return run.coverage


def test_what_no_test_reaches_is_told_with_its_line(root: Path) -> None:
    [found] = covered(root)
    assert [(gap.line, gap.field, gap.lack) for gap in found.gaps] == [
        (5, "the output", "no test breaks the condition"),
        (7, "email", "no test has a value for it"),
        (8, "name", "no test has a value for it"),
        (10, "gift", "$when holds in no test"),
        (15, "lines", "$where leaves out nothing"),
        (19, "lines[].unit", "no test takes the case 'CT'"),
        (19, "lines[].unit", "no test takes the default"),
        (20, "flags[1]", "$when holds in no test"),
    ]
    assert (found.mapping, found.file, found.tests) == ("shop/order", "mappings/shop/order.yaml", 1)
    assert found.total - found.reached > len(found.gaps), "what stands within a gap counts, but is not told"


def test_files_of_tests_reach_the_rest(root: Path) -> None:
    (root / "mappings/shop/more.test.yaml").write_text(MORE)
    [found] = covered(root)
    assert found.gaps == []
    assert (found.tests, found.reached) == (4, found.total)


def test_a_mapping_without_tests_is_one_gap(root: Path) -> None:
    (root / "mappings/shop/other.yaml").write_text(MAPPING.replace("shop/order", "shop/other"))
    other = next(one for one in covered(root) if one.mapping == "shop/other")
    assert [(gap.line, gap.lack) for gap in other.gaps] == [(1, "there is no test")]
    assert [one.mapping for one in covered(root, "small")] == ["shop/order"]


def test_what_is_inherited_is_covered_where_it_stands(root: Path) -> None:
    text = "mapping: shop/ours\nextends: shop/order\nfields: {ours: source.ours}\ntests:\n"
    test = "  - {name: ours, input: {number: 1, ours: 1, lines: []}, expect: {$partial: {ours: 1}}}\n"
    (root / "mappings/shop/ours.yaml").write_text(text + test)
    [found] = covered(root, "shop/ours")
    assert (found.total, found.reached, found.gaps) == (1, 1, [])


def test_several_processes_find_what_one_finds(root: Path) -> None:
    wrong = "".join(f"  - {{name: wrong {number}, input: {{number: 1}}, expect: {number}}}\n" for number in range(5))
    (root / "mappings/shop/order.yaml").write_text(MAPPING + TESTS + wrong)
    suite = read_suite(read_directory(root))
    alone, shared = run_suite(suite), run_suite(suite, alone=0)
    assert [(one.name, one.location, one.differences) for one in shared] == [
        (one.name, one.location, one.differences) for one in alone
    ]
    assert [one.passed for one in shared] == [True] + [False] * 5


def view(name: str, *differences: str, file: str = "mappings/a.yaml") -> TestView:
    return TestView("mapping a", name, file, 3, not differences, 0.25, list(differences))


def test_build_servers_are_told_in_their_own_words() -> None:
    tests = [view("one"), view("two & <three>", "a: expected 1", "b: \x00\x1b"), view("four", file="mappings/b.yaml")]
    root = ET.fromstring(junit_xml(tests))
    assert root.tag == "testsuites"
    assert {key: root.get(key) for key in ("tests", "failures", "errors", "time")} == {
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "time": "0.750",
    }
    assert [(suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in root] == [
        ("mappings/a.yaml", "2", "1"),
        ("mappings/b.yaml", "1", "0"),
    ]
    case = root[0][1]
    assert (case.get("name"), case.get("classname"), case.get("file"), case.get("line")) == (
        "two & <three>",
        "mapping a",
        "mappings/a.yaml",
        "3",
    )
    [failure] = case
    assert (failure.tag, failure.get("message")) == ("failure", "a: expected 1")
    assert failure.text == "mappings/a.yaml:3\na: expected 1\nb: \ufffd\ufffd"


def test_no_tests_are_a_report_as_well() -> None:
    assert ET.fromstring(junit_xml([])).get("tests") == "0"
